"""For tests outside this folder that still import from here."""

from tests.models import ANSWERS, FAMILIES, LATENTS, QUESTIONS, make_reasoner
from tests.reasoner.naive import last_hidden, naive_decode, naive_embeds, naive_score

__all__ = [
    "ANSWERS",
    "FAMILIES",
    "LATENTS",
    "QUESTIONS",
    "last_hidden",
    "make_reasoner",
    "naive_decode",
    "naive_embeds",
    "naive_score",
]
