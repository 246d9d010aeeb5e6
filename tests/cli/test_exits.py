import multiprocessing
import os
import time

import pytest

from lightning_latent.cli.exits import exit_codes, one_line, relay
from lightning_latent.errors import UserError

# Forked processes stand for those that Lightning starts: they inherit the environment, as those do.
fork = multiprocessing.get_context("fork")


def work(process: str, failing: str) -> None:
    if process in failing:
        raise UserError(f"{process} has read bad input")
    time.sleep(20)  # waits for the other, in vain


def starting_process(failing: str) -> None:
    started: list[multiprocessing.Process] = []

    def stop() -> None:
        for process in started:
            process.kill()
            process.join()

    with exit_codes(), relay(list, give_up=stop, advice=lambda: "start again"):
        started.append(fork.Process(target=started_process, args=(failing,)))
        started[0].start()
        work("first", failing)


def started_process(failing: str) -> None:
    with exit_codes(), relay(list, give_up=lambda: None, advice=lambda: "start again"):
        work("second", failing)


@pytest.mark.parametrize("failing", ["first", "second", "first and second"])
def test_one_process_speaks_for_both(failing: str, capfd: pytest.CaptureFixture[str]) -> None:
    process = fork.Process(target=starting_process, args=(failing,))
    process.start()
    process.join(timeout=10)  # less than the other would wait
    assert process.exitcode == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ") and lines[0].endswith("has read bad input")


def test_nothing_is_left_behind() -> None:
    before = dict(os.environ)
    with relay(list, give_up=lambda: None, advice=lambda: "start again"):
        folder = os.path.dirname(os.environ["LATENT_ERROR_FILE"])
        assert os.path.isdir(folder)
    assert not os.path.exists(folder)
    assert dict(os.environ) == before


def test_a_workers_traceback_is_cut_to_its_last_line() -> None:
    message = "Caught UserError in worker 0.\nTraceback:\n  ...\nlightning_latent.errors.UserError: row 3:\n bad\n"
    assert one_line(UserError(message)) == "row 3: bad"
    assert one_line(UserError("")) == "UserError"
