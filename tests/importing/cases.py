"""Tiny checkpoints of foreign formats with random weights, and what the original code made of questions with them."""

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(path.name for path in FIXTURES.iterdir())


def expected(case: str) -> dict[str, Any]:
    """Settings, marks and questions of a case: ids, latents, first logits and generated ids of the original code."""
    return json.loads((FIXTURES / case / "expected.json").read_text(encoding="utf-8"))


def place(case: str) -> Path:
    """The checkpoint's file, or its directory where the file has a usual name."""
    name = expected(case)["settings"].get("checkpoint")
    return FIXTURES / case / name if name else FIXTURES / case


def options(case: str) -> dict[str, Any]:
    """The arguments of `import_reasoner` but for checkpoint and out."""
    settings, base = expected(case)["settings"], FIXTURES / case / "base"
    given = {"format": case.split("_")[0], "num_latents": settings["num_latents"] or None}
    if base.is_dir():
        given["base"] = str(base)
    return given | {key: settings[key] for key in ("lora_alpha", "remove_eos") if key in settings}


def flags(given: dict[str, Any]) -> list[str]:
    """The same as arguments of the command."""
    return [
        part
        for key, value in given.items()
        if value is not None
        for part in (f"--{key}", str(value).lower() if isinstance(value, bool) else str(value))
    ]
