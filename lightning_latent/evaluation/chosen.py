"""Settings that a sweep chose: what is written of them, and which questions may not be answered by them any more."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lightning_latent.data.example import Example
from lightning_latent.data.overlap import question_key
from lightning_latent.errors import UserError

SWEEP, QUESTIONS = "sweep.json", "questions.txt"


def question_hash(example: Example) -> str:
    """A question by its letters and digits, in sixteen hexadecimal digits."""
    return hashlib.sha256(question_key(example).encode()).hexdigest()[:16]


def read_chosen(folder: str | Path) -> dict[str, Any]:
    """How settings were chosen: the part `chosen` of a sweep's `sweep.json`, and the folder as `by`.

    Raises:
        UserError: There is no finished sweep in the folder.
    """
    path = Path(folder) / SWEEP
    try:
        return {"by": str(folder), **json.loads(path.read_text(encoding="utf-8"))["chosen"]}
    except OSError as error:
        raise UserError(f"chosen.by: there is no {path}; name the folder of a sweep, or leave chosen out") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"chosen.by: {path} is not of a sweep; run the sweep again") from error


def count_seen(folder: str | Path, examples: Iterable[Example]) -> int:
    """How many questions are among those that settings were chosen on; a `UserError` where these are not known."""
    path = Path(folder) / QUESTIONS
    if not path.is_file():
        raise UserError(f"chosen.by: there is no {path}; run the sweep again")
    seen = set(path.read_text(encoding="utf-8").split())
    return sum(question_hash(example) in seen for example in examples)
