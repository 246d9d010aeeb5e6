from lightning.pytorch.callbacks import EarlyStopping, RichProgressBar, TQDMProgressBar

from lightning_latent.callbacks.progress import ProgressBarWithoutVersion, ProgressLines
from lightning_latent.cli.progress import with_own_progress


def test_a_bar_that_nobody_asked_for_becomes_lines_or_one_without_a_version() -> None:
    other, bar = EarlyStopping("val/accuracy"), RichProgressBar()
    for terminal, kind in ((False, ProgressLines), (True, ProgressBarWithoutVersion)):
        first, second = with_own_progress([other, bar], given=[other], terminal=terminal)
        assert first is other and type(second) is kind


def test_a_bar_that_was_asked_for_or_none_stays_so() -> None:
    bar = TQDMProgressBar()
    assert with_own_progress([bar], given=[bar], terminal=False) == [bar]
    assert with_own_progress([], given=[], terminal=True) == []
