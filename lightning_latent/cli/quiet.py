"""What the libraries say at every start and nobody can act on, left unsaid by public means."""

import logging
import sys
import warnings

from huggingface_hub.utils import are_progress_bars_disabled, enable_progress_bars
from transformers.utils.logging import disable_progress_bar

UNHELPFUL = (
    r"Found .* module\(s\) in eval mode",  # the language model is frozen and in eval mode on purpose
    "The dirpath has changed",  # every run has a folder of its own, so a checkpoint always comes from another
    ".*LeafSpec",  # Lightning 2.6 uses a name that torch 2.13 deprecates
    ".*callbacks used to create the checkpoint",  # an evaluation has other callbacks than the fit whose state it takes
    ".*does not have many workers",  # small data are read faster by the main process
    "LightningCLI's args parameter",  # `compare` runs methods by arguments of its own making
)
"""How warnings begin that tell of what is meant to be so."""

CHATTER = (
    "GPU available: ",  # one that is there and not used is a warning of its own, which stays
    "TPU available: ",
    "HPU available: ",
    "Seed set to ",  # it is in config.yaml and run.json
    "Using bfloat16 Automatic Mixed Precision",
    "Using 16bit Automatic Mixed Precision",
    "`Trainer.fit` stopped: `max_epochs=",  # as it should
    "Restoring states from the checkpoint path at ",  # the same is said once it is done
)
"""How news begin that are no news."""

_LOGGERS = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed")


def is_news(record: logging.LogRecord) -> bool:
    """Whether a log record is worth a line: neither `CHATTER` nor advertising."""
    message = record.getMessage()
    return "Tip:" not in message and not message.startswith(CHATTER)


def quiet_start() -> None:
    """Leave unsaid what Lightning and transformers say at every start or evaluation and nobody can act on."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(is_news)  # the same one once, however often
    for message in UNHELPFUL:
        warnings.filterwarnings("ignore", message=message)
    downloads_shown = sys.stderr.isatty() and not are_progress_bars_disabled()
    disable_progress_bar()  # of reading and writing weights, which it does not tell from downloads
    if downloads_shown:
        enable_progress_bars()
