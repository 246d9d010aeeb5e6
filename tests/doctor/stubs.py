"""Reasoners made by hand: one that ignores its latents, one that counts them, one that reads the answer in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

import torch
from torch import Tensor

from lightning_latent.data import BalancedProsQA, Example, ProsQA
from lightning_latent.data.prosqa.counterfactual import paths
from lightning_latent.data.prosqa.reading import read_question
from lightning_latent.doctor.asking import Subject
from lightning_latent.reasoner import Context, LatentReasoner, Rollout
from tests.models import LATENTS, NAMES, NOUNS, make_reasoner

Kind = Literal["unused", "buffer", "computation", "guessing", "unsound"]


@dataclass(frozen=True)
class Heard(Context):
    """The questions, and the latents that were fed after them."""

    questions: Sequence[str] = ()
    fed: Tensor | None = None


class Stub(LatentReasoner):
    """Thinks the right answer's place among the candidates, as a sign, but of some questions the wrong one's.

    Every latent holds it, beside numbers of the question's own. What it answers depends on `kind`:
    `unused`: what it thought, whatever is fed. `buffer`: likewise, if T latents are fed that are not nothing, and
    otherwise no answer. `computation`: what the fed latents say. `guessing`: a coin of it. `unsound`: nonsense.
    """

    kind: Kind
    wrong_in: int  # one in so many questions is thought wrongly

    def encode(self, questions: Sequence[str], *, room: int = 0) -> Context:
        ones = torch.ones(len(questions), 1, dtype=torch.long)
        return Heard(cache=None, mask=ones, hidden=torch.zeros(len(questions), 16), questions=questions)

    def rollout(self, context: Heard, **options) -> Rollout:
        latents = torch.stack([self.thought(question) for question in context.questions])
        return Rollout(latents, context)

    def thought(self, question: str) -> Tensor:
        generator = torch.Generator().manual_seed(crc32(question.encode()))
        latents = torch.randn(LATENTS, 16, generator=generator)
        latents[:, 0] = 4.0 if self.thinks_first(question) else -4.0
        return latents

    def thinks_first(self, question: str) -> bool:
        told = read_question(question)
        right = told.first in paths(told.edges, told.who)
        return right != (crc32(question.encode()) % self.wrong_in == 0)

    def conclude(self, context: Heard, latents: Tensor) -> Context:
        return replace(context, fed=latents)

    def answer_context(self, rollout: Rollout) -> Context:
        return self.conclude(rollout.context, rollout.latents)

    def decode_texts(self, context: Heard, *, max_new_tokens: int) -> tuple[list[str], list[int]]:
        said = [self.say(q, fed) for q, fed in zip(context.questions, context.fed, strict=True)]
        return said, [4] * len(said)

    def say(self, question: str, fed: Tensor) -> str:
        told = read_question(question)
        nothing = len(fed) < LATENTS or bool((fed.norm(dim=-1) == 0).any())
        if self.kind == "unsound" or (self.kind == "buffer" and nothing):
            return "Every Every"
        first = {
            "unused": self.thinks_first(question),
            "buffer": self.thinks_first(question),
            "computation": float(fed[:, 0].sum()) > 0,
            "guessing": float(fed[:, 1:].sum()) > 0,
        }[self.kind]
        return f"### {told.who} is a {told.first if first else told.second}."

    def score(self, context: Heard, answers: Sequence[str], *, steps=None) -> tuple[Tensor, Tensor]:
        return torch.full((len(answers),), -0.4), torch.full((len(answers),), 4)


def make_subject(kind: Kind, *, wrong_in: int = 8, latents: int = LATENTS) -> Subject:
    tiny = make_reasoner("gpt2", dtype=torch.float32, num_latents=latents)
    stub = Stub(tiny.model, tiny.tokenizer, tiny.metadata)
    stub.kind, stub.wrong_in = kind, wrong_in
    return Subject(reasoner=stub, benchmark=ProsQA(), max_new_tokens=8, batch_size=50)


def questions(size: int = 400) -> list[Example]:
    return list(BalancedProsQA(size=size, dead_ends=0, min_hops=2, max_hops=2, names=NAMES, nouns=NOUNS))
