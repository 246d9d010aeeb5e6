"""The callbacks that docs/refinement.md shows, imported from where they lie."""

import importlib.util
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parents[2] / "docs" / "refinement.md"
FILES = [PAGE.with_name("examples") / f"{name}.py" for name in ("attraction", "entropy")]


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Attraction = _imported(FILES[0]).Attraction
AnswerEntropy = _imported(FILES[1]).AnswerEntropy
