"""What the package imports is what it declares."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import lightning_latent

ROOT = Path(__file__).parents[1]
# Used without being imported: by transformers to load weights onto a GPU, by Lightning to log, by torch for `numpy()`.
UNSEEN = {"accelerate", "numpy", "tensorboard"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """Distributions of all that is imported anywhere in the package."""
    modules: set[str] = set()
    for file in Path(lightning_latent.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    known = packages_distributions()
    foreign = modules - sys.stdlib_module_names - {"lightning_latent"}
    return {canonical(name) for module in foreign for name in known[module]}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["smollm2"]]
    assert all(">=" in requirement for requirement in requirements)  # tools/lowest.sh installs these
    return {canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}


def test_all_that_is_imported_is_declared_and_all_that_is_declared_is_used():
    # `import lightning` comes from two distributions.
    assert imported() - {"pytorch-lightning"} - declared() == set()
    assert declared() - imported() - UNSEEN == set()
