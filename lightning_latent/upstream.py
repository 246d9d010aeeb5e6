"""What the libraries do not offer publicly, in one place: what is reached into, and what it waits for upstream."""

import copy
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import Popen
from typing import TYPE_CHECKING

from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

if TYPE_CHECKING:
    from lightning.pytorch import Trainer  # takes seconds, and reasoners do not need it

# How the lines of jsonargparse's messages begin that say which types were tried in vain, not what is wrong. Waits for
# messages that tell the two apart; with new wording some of these lines come through, and nothing is lost.
PARSER_ATTEMPTS = (
    "Does not validate against any of the Union subtypes",
    "Subtypes: ",
    "Errors:",
    "Expected a <class 'NoneType'>",
    "Expected a path but",
    "Given value type",
    "Given value: Namespace",
    "Given value: NestedArg",
    "Subclass types expect one of",
    "a class path (str)",
    "a dict with",
    "1 validation error",
    "For further information visit",
)
# How pydantic, which it asks, says that a number is out of bounds.
PARSER_BOUND = re.compile(r"(?:Input should be|Value error,) (.+?) \[type=\w+, input_value=(.+?), input_type=")
# How it says that there is no such key, of a class and of a subcommand.
PARSER_OPTION = re.compile(r"Option '(.+?)' is not accepted")
PARSER_SUBCOMMAND_OPTION = re.compile(r"Subcommand '\w+' does not accept option '(.+?)'")


def fork_cache(cache: Cache) -> Cache:
    """Copy a cache so that appending to the copy leaves the original as it is; no key or value is copied.

    Reaches into `Cache.layers`, and rests on dynamic layers binding new tensors when they grow instead of writing into
    the old ones. Waits for a copy in transformers' `Cache`; `DynamicCache(data)` copies the whole past at every call.
    """
    twin = copy.copy(cache)
    twin.layers = [copy.copy(layer) for layer in cache.layers]
    return twin


def cache_bytes(cache: Cache) -> int:
    """How much memory keys and values take.

    Reaches into the layers' `keys` and `values`. Waits for a size in bytes in transformers' `Cache`.
    """
    layers = [layer for layer in cache.layers if isinstance(layer, CacheLayerMixin)]
    return sum(part.nbytes for layer in layers for part in (layer.keys, layer.values) if part is not None)


def detach_cache(cache: Cache) -> None:
    """Forget how keys and values were computed, in place and without copying them.

    Reaches into the layers' `keys` and `values`. Waits for a `detach` in transformers' `Cache`; its own methods under
    `torch.no_grad` copy, or give views that still ask for gradients.
    """
    for layer in cache.layers:
        # Some layers have none and read those of another.
        if isinstance(layer, CacheLayerMixin) and layer.keys is not None and layer.values is not None:
            layer.keys, layer.values = layer.keys.detach(), layer.values.detach()


def started_processes(trainer: "Trainer") -> Sequence[Popen[bytes]]:
    """The processes that Lightning has started on this machine, each a copy of the command.

    Reads `procs` of the launcher, which only the launcher of scripts has. Waits for Lightning to end a run whose
    process was lost in another way than by killing itself.
    """
    return getattr(trainer.strategy.launcher, "procs", [])


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Keep from the user what only PEFT can mend: it asks transformers for `is_gradient_checkpointing`, an old name.

    Waits for PEFT (0.21) to ask for `is_activation_checkpointing`.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield
