"""Thoughts made visible, for the doctor, for runs and for notebooks: words of latents, pictures, pieces of a page."""

from lightning_latent.showing.thought_figure import thought_figure
from lightning_latent.showing.words import StepWords, Thought, read_thoughts, step_words

__all__ = ["StepWords", "Thought", "read_thoughts", "step_words", "thought_figure"]
