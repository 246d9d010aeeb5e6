"""The line that a command ends with: what came out, where it is, and the command that comes next."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from lightning_latent.evaluation.run import RUN

REFINE = "configs/refine.yaml" if Path("configs/refine.yaml").is_file() else "embedded:refine"


def command(*words: str | Path) -> str:
    """A command of this package, as it is to be typed, by the name that it was started by.

    >>> command("compare", "runs/a b", "runs/*/test")
    "python train.py compare 'runs/a b' runs/*/test"
    """
    name = "/".join(Path(sys.argv[0]).parts[-2:])
    program = "python -m lightning_latent" if name == "lightning_latent/__main__.py" else "python train.py"
    program = "lightning-latent" if name.endswith("lightning-latent") else program
    # A pattern of files is the shell's to read.
    told = [str(word) if "*" in str(word) else shlex.quote(str(word)) for word in words]
    return " ".join([program, *told])


def sentence(*parts: str | None) -> str:
    """Parts of a closing line in one; those that there are not are left out.

    >>> sentence("done", None, "next: rest")
    'done; next: rest'
    """
    return "; ".join(part for part in parts if part)


def after_evaluation(folder: Path, *, examined: bool) -> str | None:
    """What to do with a run's answers: compare them with those beside them, or ask the doctor where there are none.

    Args:
        folder: The run's folder, `runs/<name>/<version>/test`.
        examined: Whether the doctor takes the run's config.
    """
    same = list(folder.parent.parent.glob(f"*/{folder.name}/{RUN}"))
    if len(same) > 1:
        return f"next: {command('compare', folder.parent.parent / '*' / folder.name)}"
    if examined and (folder / "config.yaml").is_file():
        return f"next, whether it thinks: {command('doctor', '--config', folder / 'config.yaml')}"
    return f"next: {command('compare', folder, 'OTHER_RUN')}"


def after_fit(folder: Path, *, split: str, named: bool, checkpoint: str | None) -> str | None:
    """How to answer by what was learned.

    Args:
        folder: The run's folder.
        split: `test`, or `validate` where there are no test questions.
        named: Whether the saved config names the folder, so that the learned state is found in it.
        checkpoint: What was saved last; None where nothing was.
    """
    if not (folder / "config.yaml").is_file():
        return None
    found = named and (folder / "checkpoints" / "last.ckpt").is_file()
    state = [] if found or checkpoint is None else ["--ckpt_path", checkpoint]
    return f"next: {command(split, '--config', folder / 'config.yaml', *state)}"


def after_training(folder: Path, reasoner: Path, *, thinks: bool, split: str) -> str | None:
    """What to do with a reasoner that was trained: ask whether it thinks, or, of one without thoughts, its answers.

    Args:
        folder: The run's folder.
        reasoner: Its directory.
        thinks: Whether it thinks any latents.
        split: `test`, or `validate` where there are no test questions.
    """
    configs: list[str | Path] = ["--config", folder / "config.yaml", "--config", REFINE, "--model.reasoner", reasoner]
    if not (folder / "config.yaml").is_file():
        return None
    if thinks:
        return f"next, whether it thinks: {command('doctor', *configs)}"
    return f"next: {command(split, *configs)}"


def learned(epochs: int, metrics: Mapping[str, float]) -> str:
    """What came out of a fit that has answered no question.

    >>> learned(5, {"train/loss": 3.7604})
    '5 epochs are done, train/loss 3.76'
    >>> learned(1, {})
    '1 epoch is done'
    """
    losses = [f", {name} {value:.3g}" for name, value in metrics.items() if "loss" in name]
    done = "1 epoch is" if epochs == 1 else f"{epochs} epochs are"
    return f"{done} done{''.join(losses)}"
