"""What latents are replaced by, to see whether and where answers depend on them.

Legend: B batch, T latents, K latents fed, D hidden size.
"""

from collections.abc import Sequence

from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.doctor.asking import Change
from lightning_latent.refinement import controls

NONE = "none"
"""No latent at all: the answer follows the question at once."""


def controls_of_all() -> dict[str, Change]:
    """What stands in the place of all latents, by name; `NONE` and the single latents are those of `stops`."""
    return {
        "other": lambda latents, _: controls.other(latents),
        "mean": lambda latents, _: controls.mean(latents),
        "zero": lambda latents, _: controls.zero(latents),
        "first": lambda latents, _: controls.first(latents),
        "random": lambda latents, examples: random_like(latents, examples, seed=0),
    }


def stops(num_latents: int) -> dict[str, Change]:
    """Thinking that stops after 0 to T - 1 latents, by `NONE` or `stop 1`, `stop 2`, ..."""
    return {NONE if count == 0 else f"stop {count}": _stopped(count) for count in range(num_latents)}


def swaps(num_latents: int) -> dict[str, Change]:
    """One latent alone that is another question's, by `swap 1` to `swap T`."""
    return {f"swap {step + 1}": _swapped(step) for step in range(num_latents)}


def noise(*, scale: float, seed: int) -> Change:
    """Each latent moved in a random direction, by a fraction `scale` of its norm."""
    return lambda latents, examples: latents + scale * random_like(latents, examples, seed=seed)


def random_like(latents: Tensor, examples: Sequence[Example], *, seed: int) -> Tensor:
    """Random vectors `[B, T, D]` as long as the latents, drawn by the question's text and the seed."""
    _, steps, size = latents.shape
    drawn = controls.random_directions([e.question for e in examples], steps=steps, size=size, seed=seed)
    return controls.random_moves(latents, drawn.to(latents), fraction=1.0)


def _stopped(count: int) -> Change:
    return lambda latents, _: latents[:, :count]


def _swapped(step: int) -> Change:
    def change(latents: Tensor, _: Sequence[Example]) -> Tensor:
        swapped = latents.clone()
        swapped[:, step] = controls.other(latents[:, step])
        return swapped

    return change
