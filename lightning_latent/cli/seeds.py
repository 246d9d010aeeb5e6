"""`compare` of comparisons: the same methods on several reasoners, such as training seeds, in one table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning_latent.cli.closing import sentence
from lightning_latent.cli.printing import common_folder, show
from lightning_latent.errors import UserError
from lightning_latent.evaluation.run import RUN
from lightning_latent.evaluation.seeds import SAME, combine_seeds
from lightning_latent.evaluation.seeds_table import seeds_console, seeds_csv, seeds_markdown, seeds_note
from lightning_latent.io import write_json, write_text

COMPARISON = "comparison.json"


def is_comparison(name: str) -> bool:
    """Whether a name is that of a comparison, or of a folder that holds one and no run of its own."""
    path = Path(name)
    return path.name == COMPARISON or ((path / COMPARISON).is_file() and not (path / RUN).is_file())


def compare_seeds(names: Sequence[str], *, output: str | None) -> dict[str, Any]:
    """Put comparisons together, write and print what comes out, and give the content of `seeds.json`.

    Raises:
        UserError: A file is no comparison, one is named twice, or they do not go together.
    """
    paths = [Path(name) if Path(name).name == COMPARISON else Path(name) / COMPARISON for name in names]
    for path in paths:
        if paths.count(path) > 1:
            raise UserError(f"{path} is named {paths.count(path)} times; name each comparison once")
    seeds = combine_seeds({str(path): read_comparison(path) for path in paths})
    folder = Path(output) if output else common_folder([path.parent for path in paths])
    write_json(folder / "seeds.json", seeds)
    write_text(folder / "seeds.md", seeds_markdown(seeds))
    write_text(folder / "seeds.csv", seeds_csv(seeds))
    show(seeds_console(seeds), seeds_note(seeds))
    best, row = max(seeds["methods"].items(), key=lambda item: item[1]["accuracy"])
    said = f"most accurate: {best} ({100 * row['accuracy']:.1f} % on average)"
    print(sentence(said, f"the table is in {folder}: seeds.json, .md and .csv"), flush=True)
    return seeds


def read_comparison(path: Path) -> dict[str, Any]:
    """Read a `comparison.json`; a `UserError` where there is none."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; make it with compare")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not a comparison ({error}); compare the runs again") from error
    if not isinstance(content, dict) or not {*SAME, "methods"} <= content.keys():
        raise UserError(f"{path}: not a comparison; compare the runs again")
    return content
