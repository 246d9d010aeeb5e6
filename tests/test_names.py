"""The names at the top of the package: those of the subpackages, and no cost before they are asked for."""

import subprocess
import sys

import pytest

import lightning_latent
from tests.commands import ROOT


def alone(code: str) -> str:
    """What code prints in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = "torch lightning transformers numpy"
    code = f"import sys, lightning_latent; print([name for name in '{heavy}'.split() if name in sys.modules])"
    assert alone(code).strip() == "[]"


def test_a_reasoner_needs_no_lightning() -> None:
    code = "import sys; from lightning_latent import load_reasoner; print('lightning' in sys.modules, load_reasoner)"
    assert alone(code).startswith("False <function load_reasoner")


@pytest.mark.parametrize("name", lightning_latent.__all__)
def test_a_name_is_that_of_a_subpackage(name: str) -> None:
    found = getattr(lightning_latent, name)
    assert found.__name__ == name and found.__module__.startswith("lightning_latent.")
    assert name in dir(lightning_latent)


def test_all_names_come_with_a_star_and_no_others() -> None:
    namespace: dict[str, object] = {}
    exec("from lightning_latent import *", namespace)
    assert namespace.keys() - {"__builtins__"} == set(lightning_latent.__all__)
    with pytest.raises(ImportError, match="cannot import name 'load_reasoners'"):
        exec("from lightning_latent import load_reasoners")
