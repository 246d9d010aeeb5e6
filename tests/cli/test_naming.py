from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_latent.callbacks import ContrastiveFeedback, RandomDirection, ResidualBlending
from lightning_latent.cli.naming import full_name
from lightning_latent.refinement.hooks import LatentCallback


class MeanPull(LatentCallback):
    pass


PAPER = [ContrastiveFeedback(strong="beside:strong"), ResidualBlending(memory_rate=0.02), ModelCheckpoint()]


def test_what_a_method_was_named_for_keeps_its_name() -> None:
    assert full_name("paper's refinement", PAPER) == "paper's refinement"
    inactive = [ContrastiveFeedback(), ResidualBlending(), RandomDirection(search_step=0.1)]
    assert full_name("random direction", inactive) == "random direction"


def test_what_was_added_is_in_the_name_once() -> None:
    assert full_name("paper's refinement", [*PAPER, MeanPull()]) == "paper's refinement + MeanPull"
    assert full_name("paper's refinement + MeanPull", [*PAPER, MeanPull()]) == "paper's refinement + MeanPull"
