"""How a command ends: one line on standard error and an exit code, from one process or from several.

Where Lightning starts further processes, any of them may meet bad input, and the others then wait for it in vain.
Lightning looks after lost processes every five seconds, and then kills all, itself included, without a word and with
the code of a killed program. So a started process leaves its message in a file, and the process that started it looks
there and after the others more often, says the one line, stops them and exits.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from lightning.pytorch.utilities.exceptions import MisconfigurationException

from lightning_latent.cli.stopping import Stopped, stoppable
from lightning_latent.cli.surroundings import what_failed
from lightning_latent.errors import UserError

EXIT_LOST_PROCESS = 1
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


def started_by_another() -> bool:
    """Whether another process of this command has started this one, and speaks for it."""
    return _ERROR_FILE in os.environ


def one_line(error: BaseException | str) -> str:
    r"""Give an error's message on one line.

    >>> one_line(ValueError("first\n  second"))
    'first second'
    """
    # A data loader's worker process hands on its whole traceback as the message; the last line is the one to read.
    message = str(error).rpartition(f"{UserError.__module__}.{UserError.__qualname__}: ")[2]
    return " ".join(message.split()) or type(error).__name__


def say(message: str) -> None:
    """Print the one line that the user is to read."""
    print(f"error: {message}", file=sys.stderr, flush=True)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Exit with one line: code 2 on bad input, 143 and 130 when asked to stop; other errors stay what they are."""
    try:
        with stoppable():
            yield
    except Stopped as stopped:
        print(stopped, file=sys.stderr, flush=True)
        sys.exit(stopped.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as error:
        # Lightning stops a run on an interruption itself, with code 1.
        if isinstance(error.__context__, KeyboardInterrupt):
            sys.exit(EXIT_INTERRUPTED)
        raise
    except Exception as error:
        failed = None if isinstance(error, UserError) else what_failed(error)  # whose line says more
        if debugging() or not (failed or isinstance(error, BAD_INPUT)):
            raise
        say(failed or one_line(error))
        sys.exit(EXIT_BAD_INPUT)


@contextmanager
def relay(
    processes: Callable[[], Sequence[Popen[bytes]]], *, give_up: Callable[[], None], advice: Callable[[], str]
) -> Iterator[None]:
    """Let one process speak for all: the one that started the others.

    `processes` gives those, none yet or none at all; `give_up` ends them and clears up, before the one line is said;
    `advice` gives the end of a sentence: what to do after a process was lost, or the run was stopped.
    """
    if debugging():
        yield
    elif started_by_another():
        with _leave_message(Path(os.environ[_ERROR_FILE])):
            yield
    else:
        with tempfile.TemporaryDirectory(prefix="lightning_latent_") as directory:
            message, finished = Path(directory) / "error", threading.Event()
            os.environ[_ERROR_FILE] = str(message)
            watch = threading.Thread(target=_watch, args=(message, finished, processes, give_up, advice), daemon=True)
            watch.start()
            try:
                yield
            except (*BAD_INPUT, Stopped) as error:
                finished.set()
                give_up()
                if isinstance(error, Stopped):
                    error.advice = advice()
                raise
            except Exception as error:
                if failed := what_failed(error):
                    finished.set()
                    give_up()
                    raise UserError(f"{failed}; then {advice()}") from error
                time.sleep(2 * _POLL_SECONDS)  # if a lost process is the cause, the other thread is ending this one
                raise
            finally:
                finished.set()
                del os.environ[_ERROR_FILE]


@contextmanager
def _leave_message(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        failed = what_failed(error)
        if not (failed or isinstance(error, BAD_INPUT)):
            raise
        # Written aside and renamed, so that it is never read by half.
        aside = path.with_name(f"{os.getpid()}")
        aside.write_text(failed or one_line(error), encoding="utf-8")
        aside.replace(path)
        # Ending now would break the connections of the others, who would complain. The starting process ends us.
        time.sleep(_PATIENCE_SECONDS)
        sys.exit(EXIT_BAD_INPUT)


def _watch(
    message: Path,
    finished: threading.Event,
    processes: Callable[[], Sequence[Popen[bytes]]],
    give_up: Callable[[], None],
    advice: Callable[[], str],
) -> None:
    while not finished.wait(_POLL_SECONDS):
        lost = [rank for rank, process in enumerate(processes(), start=1) if process.poll()]
        if not (message.exists() or lost):
            continue
        give_up()
        if message.exists():
            line, code = message.read_text(encoding="utf-8"), EXIT_BAD_INPUT
        else:
            line, code = f"process {lost[0]} was lost; {advice()}", EXIT_LOST_PROCESS
        if sys.stdout.isatty():
            print("\x1b[?25h", end="")  # a progress bar hides the cursor
        sys.stdout.flush()
        say(line)
        # The main thread may be waiting for another process, where no exception reaches it.
        os._exit(code)
