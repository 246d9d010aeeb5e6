"""For tests that still call it so: `save_plain` of `tests.models`."""

from pathlib import Path

from tests.models import save_plain


def save_tiny(path: Path, architecture: str, *, chat_template: str | None = None) -> str:
    family, _, untied = architecture.partition("-")
    return save_plain(path, family, tied=not untied, chat_template=chat_template)
