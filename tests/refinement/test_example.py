"""What docs/refinement.md shows how to write."""

import re
from pathlib import Path
from typing import Any

import torch

from tests.refinement import naive
from tests.refinement.example import FILES, PAGE, AnswerEntropy, Attraction
from tests.refinement.models import EXAMPLES, LATENTS, QUESTIONS, make_module, ready


def test_the_page_shows_the_files() -> None:
    section = PAGE.read_text().partition("## Something of your own")[2]
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert blocks[:-1] == [FILES[0].with_name("gain.py").read_text(), *(file.read_text() for file in FILES)]


def test_the_test_that_the_page_shows_passes(monkeypatch) -> None:
    monkeypatch.syspath_prepend(FILES[0].parent)
    *_, block = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    shown: dict[str, Any] = {}
    exec(compile(block, PAGE.name, "exec"), shown)
    shown["test_attraction"]()


@torch.no_grad()
def test_entropy_falls(saved: Path, tmp_path: Path) -> None:
    callback = AnswerEntropy(steps=3, search_step=0.1, tokens=1)
    module = ready(make_module(saved, loop="trajectory"), tmp_path, callback)
    before, after = (
        torch.distributions.Categorical(
            logits=module.reasoner.logits(module.think(EXAMPLES, plain=plain).context.hidden)
        )
        for plain in (True, False)
    )
    assert (after.entropy() <= before.entropy()).all() and (after.entropy() < before.entropy() - 1e-3).any()


def test_attraction_runs_as_it_stands(saved: Path, tmp_path: Path) -> None:
    callback = Attraction(towards=str(saved / "strong"), rate=0.4)
    module = ready(make_module(saved), tmp_path, callback)
    latents = module.think(EXAMPLES).latents
    for row, question in enumerate(QUESTIONS):
        expected = torch.zeros(0, 16, dtype=torch.float64)
        for _ in range(LATENTS):
            here = naive.read(module.reasoner, question, expected)[-1:]
            there = naive.read(callback.reference.reasoner, question, expected)[-1:]
            expected = torch.cat([expected, 0.6 * here + 0.4 * there]).detach()
        torch.testing.assert_close(latents[row], expected, rtol=0, atol=1e-9)
    assert module.identities["other"]["path"] == str(saved / "strong")
    assert [answer.latents for answer in module.answer(EXAMPLES)] == [LATENTS] * 3


def test_every_file_that_the_page_names_is_there() -> None:
    package = PAGE.parents[1] / "lightning_latent"
    named = re.findall(r"`((?:refinement|callbacks)/\w+\.py)`", PAGE.read_text())
    assert len(named) > 10
    assert [name for name in named if not (package / name).exists()] == []
