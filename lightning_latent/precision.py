"""The trainer's precision, where numbers are learned in it."""

from lightning_latent.errors import UserError


def check_precision(precision: str | int | None) -> None:
    """Refuse, by a `UserError`, to learn in float16 alone.

    Adam divides by a number to which it adds 1e-8, which float16 does not hold: what is learned is lost in the first
    step.

    Args:
        precision: The trainer's.
    """
    if str(precision) in ("16-true", "transformer-engine-float16"):
        raise UserError(
            f"trainer.precision is {precision}, in which nothing can be learned: Adam's smallest number is 0 in it; "
            "give 32-true, 16-mixed or bf16-mixed"
        )
