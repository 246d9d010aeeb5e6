"""The config's loggers, before they are made: what must be installed, and who gives the run its folder."""

from importlib.util import find_spec
from typing import Any

from jsonargparse import Namespace

from lightning_latent.errors import UserError

SERVICES = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow", "CometLogger": "comet_ml", "NeptuneLogger": "neptune"}
"""Lightning's loggers that send what they get to a service, and the package that each needs."""
_EXTRAS = ("wandb",)


def check_loggers(loggers: Any) -> None:
    """Refuse, by a `UserError`, a logger whose package is missing, or a service where a folder is needed.

    Args:
        loggers: `trainer.logger` of a parsed config.
    """
    several = loggers if isinstance(loggers, list) else [loggers]
    names = [one.class_path.rpartition(".")[2] if isinstance(one, Namespace) else "" for one in several]
    for name in names:
        package = SERVICES.get(name)
        if package is not None and find_spec(package) is None:
            wanted = f"'lightning-latent[{package}]'" if package in _EXTRAS else package
            raise UserError(f"trainer.logger: {name} needs {package}, which is not installed; pip install {wanted}")
    if names and names[0] in SERVICES:
        raise UserError(
            f"trainer.logger: {names[0]} keeps no folder for a run; put it beside the logger that does, by "
            f"--trainer.logger+={names[0]}"
        )
