import logging
import warnings

import pytest

from lightning_latent.cli.quiet import is_news, quiet_start

LOGGER = "lightning.pytorch.utilities.rank_zero"


@pytest.mark.parametrize(
    ("message", "news"),
    [
        ("GPU available: False, used: False", False),
        ("Seed set to 3", False),
        ("`Trainer.fit` stopped: `max_epochs=2` reached.", False),
        ("`Trainer.fit` stopped: `max_time` reached.", True),
        ("deduplicate: 3 training questions occur in validation or test, dropped", True),
        ("Loaded model weights from the checkpoint at last.ckpt", True),
    ],
)
def test_only_what_is_news_is_logged(message: str, news: bool) -> None:
    record = logging.LogRecord(LOGGER, logging.INFO, "", 0, "%s", (message,), None)
    assert is_news(record) is news


def test_starting_twice_filters_once_and_hides_no_other_warning() -> None:
    logger = logging.getLogger(LOGGER)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quiet_start()
        quiet_start()
        warnings.warn("The dirpath has changed from a to b", stacklevel=1)
        warnings.warn("the gradient is not finite", stacklevel=1)
    assert logger.filters.count(is_news) == 1
    assert [str(one.message) for one in caught] == ["the gradient is not finite"]
