"""How the command ends on bad input: one line on standard error and exit code 2, from one process or from several.

Where Lightning starts further processes, any of them may meet the bad input, and the others then wait for it in vain.
So a started process leaves its message in a file, and the process that started it prints the message, stops the others
and exits.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from lightning.pytorch.utilities.exceptions import MisconfigurationException

from lightning_latent.errors import UserError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

# Lightning raises its own class for what amounts to the same: options that do not go together.
BAD_INPUT = (UserError, MisconfigurationException)

_ERROR_FILE = "LATENT_ERROR_FILE"
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0


def debugging() -> bool:
    """Say whether ``LATENT_DEBUG=1`` asks for tracebacks."""
    return os.environ.get("LATENT_DEBUG", "") not in ("", "0")


def one_line(error: BaseException | str) -> str:
    r"""Give an error's message on one line.

    >>> one_line(ValueError("first\n  second"))
    'first second'
    """
    # A data loader's worker process hands on its whole traceback as the message; the last line is the one to read.
    message = str(error).rpartition(f"{UserError.__module__}.{UserError.__qualname__}: ")[2]
    return " ".join(message.split()) or type(error).__name__


def say(message: str) -> None:
    """Print the one line that the user is to read.

    Args:
        message: The line, without what marks it as an error.
    """
    print(f"error: {message}", file=sys.stderr, flush=True)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Exit with one line and code 2 on bad input, with code 130 on Ctrl-C; other errors stay what they are."""
    try:
        yield
    except BAD_INPUT as error:
        if debugging():
            raise
        say(one_line(error))
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as error:
        # Lightning stops a run on Ctrl-C itself, with code 1.
        if isinstance(error.__context__, KeyboardInterrupt):
            sys.exit(EXIT_INTERRUPTED)
        raise


@contextmanager
def relay(give_up: Callable[[], None]) -> Iterator[None]:
    """Let one process speak for all: the one that started the others.

    Args:
        give_up: Called before the one line is said, to end the processes that this one has started.
    """
    if debugging():
        yield
    elif _ERROR_FILE in os.environ:
        with _leave_message(Path(os.environ[_ERROR_FILE])):
            yield
    else:
        with _await_message(give_up):
            yield


@contextmanager
def _leave_message(path: Path) -> Iterator[None]:
    try:
        yield
    except BAD_INPUT as error:
        # Written aside and renamed, so that it is never read by half.
        aside = path.with_name(f"{os.getpid()}")
        aside.write_text(one_line(error), encoding="utf-8")
        aside.replace(path)
        # Ending now would break the connections of the others, who would complain. The starting process ends us.
        time.sleep(_PATIENCE_SECONDS)
        sys.exit(EXIT_BAD_INPUT)


@contextmanager
def _await_message(give_up: Callable[[], None]) -> Iterator[None]:
    speaker = threading.Lock()
    finished = threading.Event()
    with tempfile.TemporaryDirectory(prefix="lightning_latent_") as directory:
        path = Path(directory) / "error"
        os.environ[_ERROR_FILE] = str(path)
        threading.Thread(target=_watch, args=(path, speaker, finished, give_up), daemon=True).start()
        try:
            yield
        except BAD_INPUT:
            if not speaker.acquire(blocking=False):
                time.sleep(_PATIENCE_SECONDS)  # the other thread is ending this process
            give_up()
            raise
        finally:
            finished.set()
            del os.environ[_ERROR_FILE]


def _watch(path: Path, speaker: threading.Lock, finished: threading.Event, give_up: Callable[[], None]) -> None:
    while not finished.wait(_POLL_SECONDS):
        if path.exists() and speaker.acquire(blocking=False):
            _end(path.read_text(encoding="utf-8"), give_up)


def _end(message: str, give_up: Callable[[], None]) -> NoReturn:
    give_up()
    if sys.stdout.isatty():
        print("\x1b[?25h", end="")  # a progress bar hides the cursor
    sys.stdout.flush()
    say(message)
    # The main thread may be waiting for another process, where no exception reaches it.
    os._exit(EXIT_BAD_INPUT)
