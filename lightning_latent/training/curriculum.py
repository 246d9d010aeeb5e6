"""Coconut's curriculum: which steps are words and which are latents at each stage (arXiv 2412.06769, section 3)."""

import math
import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lightning_latent.reasoner.markers import LatentMetadata

Mode = Literal["coconut", "pause", "cot", "no_cot"]
_NO_THOUGHTS = LatentMetadata(0)


class Stage(NamedTuple):
    """Where training stands: `number` counts from 0 (all steps in words), `progress` from 0 to 1 within the stage."""

    number: int
    progress: float


class Layout(NamedTuple):
    """How an example is laid out: its latents, how many leading steps they replace, whether markers surround them."""

    num_latents: int
    skipped_steps: int
    markers: bool


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """The plan of a training; the attributes are those arguments of `CoconutTraining`.

    >>> plan = Curriculum(latents_per_step=2, max_latent_stage=3, first_stage_epochs=6, epochs_per_stage=3)
    >>> plan.stage_at(7.5, max_epochs=20)
    Stage(number=1, progress=0.5)
    >>> plan.layout(stage=2, num_steps=4)
    Layout(num_latents=4, skipped_steps=2, markers=True)
    """

    mode: Mode = "coconut"
    latents_per_step: int = 1
    max_latent_stage: int = 6
    first_stage_epochs: int = 5
    epochs_per_stage: int = 5
    initial_stage: int | Literal["last"] = 0
    drop_remaining_steps: bool = True
    pad_latent_to_max: bool = True
    end_marker: bool = True

    @property
    def first_stage(self) -> int:
        """The stage at which training starts."""
        return self.last_stage if self.initial_stage == "last" else self.initial_stage

    @property
    def last_stage(self) -> int:
        """The stage at which training stays."""
        return self.max_latent_stage + int(self.drop_remaining_steps)

    def stage_at(self, epoch: float, *, max_epochs: int) -> Stage:
        """The stage after so many epochs, fractions allowed, of the `max_epochs` of the whole run.

        Stage 0 takes `first_stage_epochs`, every further one `epochs_per_stage`, and the last all that remain.
        """
        begin, number = 0.0, self.first_stage
        while number < self.last_stage:
            length = self.first_stage_epochs if number == 0 else self.epochs_per_stage
            if epoch < begin + length:
                return Stage(number, (epoch - begin) / length)
            begin, number = begin + length, number + 1
        return Stage(number, min(1.0, (epoch - begin) / max(max_epochs - begin, 1e-9)))

    @property
    def epochs_in_words(self) -> float:
        """Epochs of the stage in words: all where there are no thoughts at all, none where training starts later."""
        if self.mode in ("cot", "no_cot") or self.last_stage == 0:
            return math.inf
        return 0 if self.first_stage else self.first_stage_epochs

    def layout(self, *, stage: int, num_steps: int) -> Layout:
        """Lay out an example of `num_steps` steps at a stage.

        For `stage <= max_latent_stage` the first `stage` steps become `stage` thoughts of `latents_per_step` latents
        each, even if the example has fewer steps. Beyond it all steps are dropped and there are `max_latent_stage`
        thoughts, or `min(num_steps, max_latent_stage)` without `pad_latent_to_max`. Markers are left out where there
        are no thoughts at any stage: in words alone, with the answer alone, and with no latents per step.
        """
        if self.mode == "cot":
            return Layout(0, 0, False)
        if self.mode == "no_cot":
            return Layout(0, num_steps, False)
        markers = self.latents_per_step > 0
        if stage <= self.max_latent_stage:
            return Layout(stage * self.latents_per_step, min(stage, num_steps), markers)
        thoughts = self.max_latent_stage if self.pad_latent_to_max else min(num_steps, self.max_latent_stage)
        return Layout(thoughts * self.latents_per_step, num_steps, markers)

    def metadata(self, *, stage: int, base: LatentMetadata = _NO_THOUGHTS) -> LatentMetadata:
        """What a reasoner of a stage says of itself; texts, markers and projection are its base's."""
        plan = self.layout(stage=stage, num_steps=self.max_latent_stage)
        none_left = self.mode == "no_cot" or (self.mode != "cot" and stage > self.max_latent_stage)
        return base._replace(
            num_latents=plan.num_latents,
            thought="pause" if self.mode == "pause" else "hidden",
            markers=plan.markers,
            end=base.end if self.end_marker else None,
            replaced_steps=None if none_left else plan.skipped_steps,
        )


def draw_stage(stage: int, *, num_steps: int, uniform_prob: float, seed: str) -> int:
    """The stage of one example: the curriculum's or, with `uniform_prob`, one drawn from 0 to its number of steps."""
    rng = random.Random(seed)
    return rng.randint(0, num_steps) if rng.random() < uniform_prob else stage


def learning_rate_factor(
    *, step: int, warmup_steps: int, progress: float, cooldown: float, cooldown_factor: float
) -> float:
    """Factor on the learning rate after some optimiser steps of the run, and a share `progress` of the current stage.

    It rises linearly over the run's first steps, and is lower over the share `cooldown` at the end of each stage.
    """
    warm = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    return warm * (cooldown_factor if cooldown > 0.0 and progress >= 1.0 - cooldown else 1.0)
