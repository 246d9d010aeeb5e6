"""Coconut's curriculum: which steps are words and which are latents at each stage (arXiv 2412.06769, section 3)."""

import random
from typing import Literal, NamedTuple

Mode = Literal["coconut", "pause", "cot", "no_cot"]


class Stage(NamedTuple):
    """Where training stands: `index` counts from 0 (all steps in words), `progress` from 0 to 1 within the stage."""

    index: int
    progress: float


class Layout(NamedTuple):
    """How an example is laid out: its latents, how many leading steps they replace, whether markers surround them."""

    num_latents: int
    skipped_steps: int
    markers: bool


def stage_at(
    epoch: float,
    *,
    first_stage_epochs: int,
    epochs_per_stage: int,
    last_stage: int,
    initial_stage: int,
    max_epochs: int,
) -> Stage:
    """The stage of a moment of training.

    Stage 0 takes `first_stage_epochs`, every further one `epochs_per_stage`, and the last all that remain.

    Args:
        epoch: Epochs passed, fractions allowed.
        first_stage_epochs: Epochs of the initial stage when that is stage 0.
        epochs_per_stage: Epochs of every other stage.
        last_stage: The last stage, at which training stays.
        initial_stage: The stage to start at: `last_stage` means no curriculum.
        max_epochs: Epochs of the whole run; the end of the last stage.

    >>> stage_at(7.5, first_stage_epochs=6, epochs_per_stage=3, last_stage=2, initial_stage=0, max_epochs=12)
    Stage(index=1, progress=0.5)
    """
    begin, index = 0.0, initial_stage
    while index < last_stage:
        length = first_stage_epochs if index == 0 else epochs_per_stage
        if epoch < begin + length:
            return Stage(index, (epoch - begin) / length)
        begin, index = begin + length, index + 1
    return Stage(index, min(1.0, (epoch - begin) / max(max_epochs - begin, 1e-9)))


def layout(
    *,
    mode: Mode,
    stage: int,
    num_steps: int,
    latents_per_step: int,
    max_latent_stage: int,
    pad_latent_to_max: bool = True,
) -> Layout:
    """Lay out an example at a stage.

    For `stage <= max_latent_stage` the first `stage` steps become `stage` thoughts of `latents_per_step` latents each,
    even if the example has fewer steps. Beyond it all steps are dropped and there are `max_latent_stage` thoughts, or
    `min(num_steps, max_latent_stage)` without `pad_latent_to_max`. Markers are left out where there are no thoughts at
    any stage: in words alone, with the answer alone, and with no latents per step.

    >>> layout(mode="coconut", stage=2, num_steps=4, latents_per_step=2, max_latent_stage=6)
    Layout(num_latents=4, skipped_steps=2, markers=True)
    >>> layout(mode="no_cot", stage=0, num_steps=4, latents_per_step=1, max_latent_stage=6)
    Layout(num_latents=0, skipped_steps=4, markers=False)
    """
    if mode == "cot":
        return Layout(0, 0, False)
    if mode == "no_cot":
        return Layout(0, num_steps, False)
    if stage <= max_latent_stage:
        return Layout(stage * latents_per_step, min(stage, num_steps), latents_per_step > 0)
    thoughts = max_latent_stage if pad_latent_to_max else min(num_steps, max_latent_stage)
    return Layout(thoughts * latents_per_step, num_steps, latents_per_step > 0)


def draw_stage(stage: int, *, num_steps: int, uniform_prob: float, seed: str) -> int:
    """The stage of one example: the curriculum's or, with `uniform_prob`, one drawn from 0 to its number of steps."""
    rng = random.Random(seed)
    return rng.randint(0, num_steps) if rng.random() < uniform_prob else stage


def learning_rate_factor(
    *, step: int, warmup_steps: int, progress: float, cooldown: float, cooldown_factor: float
) -> float:
    """Factor on the learning rate: linear warm-up over the run's first steps, a lower plateau at the end of each stage.

    Args:
        step: Optimiser steps done in the run.
        warmup_steps: Steps of the warm-up.
        progress: Share of the current stage that has passed.
        cooldown: Share of each stage, at its end, that runs at the lower rate.
        cooldown_factor: The factor there.
    """
    warm = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    return warm * (cooldown_factor if cooldown > 0.0 and progress >= 1.0 - cooldown else 1.0)
