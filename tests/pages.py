"""The Python that pages show."""

import re
from pathlib import Path


def blocks(page: Path) -> list[str]:
    """The page's blocks of Python, in order."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def promised(code: str) -> list[str]:
    """What stands in comments beside `print(...)`: what is printed there."""
    return re.findall(r"print\(.*\)  # (.+)", code)


def run(code: str, namespace: dict[str, object], *, page: Path) -> None:
    """Run a block with what earlier blocks of its page have left."""
    exec(compile(code, page.name, "exec"), namespace)
