"""Whether a latent reasoner thinks: examinations of its latents, a verdict, and a page to look at."""

from lightning_latent.doctor.asking import Subject
from lightning_latent.doctor.examine import examine
from lightning_latent.doctor.page import html_page
from lightning_latent.doctor.verdict import planned_questions

__all__ = ["Subject", "examine", "html_page", "planned_questions"]
