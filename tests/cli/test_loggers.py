import importlib.util

import pytest
from jsonargparse import Namespace

from lightning_latent.cli import loggers
from lightning_latent.cli.loggers import check_loggers
from lightning_latent.errors import UserError

FOLDER = Namespace(class_path="lightning.pytorch.loggers.CSVLogger")
WANDB = Namespace(class_path="lightning.pytorch.loggers.WandbLogger")
MLFLOW = Namespace(class_path="lightning.pytorch.loggers.MLFlowLogger")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    names: set[str] = set()
    monkeypatch.setattr(loggers, "find_spec", lambda name: importlib.util.find_spec("os") if name in names else None)
    return names


@pytest.mark.parametrize("given", [None, True, False, FOLDER, [FOLDER], [FOLDER, Namespace(class_path="mine.Logger")]])
def test_loggers_that_need_nothing_pass(given: object, installed: set[str]) -> None:
    check_loggers(given)


@pytest.mark.parametrize(
    ("given", "mend"),
    [(WANDB, r"WandbLogger needs wandb.*pip install 'lightning-latent\[wandb\]'"), (MLFLOW, "pip install mlflow$")],
)
def test_a_missing_package_is_named_with_its_mend(given: Namespace, mend: str, installed: set[str]) -> None:
    for one in (given, [FOLDER, given]):
        with pytest.raises(UserError, match=mend):
            check_loggers(one)


def test_a_service_stands_beside_a_logger_with_a_folder(installed: set[str]) -> None:
    installed.add("wandb")
    check_loggers([FOLDER, WANDB])
    for alone in (WANDB, [WANDB, FOLDER]):
        with pytest.raises(UserError, match=r"--trainer.logger\+=WandbLogger"):
            check_loggers(alone)
