"""More iterations until an answer stays: against runs with so many iterations each."""

from pathlib import Path

import pytest

from lightning_latent.callbacks import StableAnswer
from lightning_latent.callbacks.stable import doubled
from lightning_latent.errors import UserError
from lightning_latent.refinement import LatentRefinement
from tests.refinement.models import EXAMPLES, LATENTS, load_feedback, make_module, ready

COUNTS = [1, 2, 4, 8, 16]


@pytest.fixture(params=["stepwise", "trajectory"])
def module(request: pytest.FixtureRequest, saved: Path, tmp_path: Path) -> LatentRefinement:
    return ready(make_module(saved, loop=request.param), tmp_path, load_feedback(saved, search_step=1.0))


def test_a_question_is_refined_until_its_answer_stays(
    module: LatentRefinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = []
    for example in EXAMPLES:
        said: list[str] = []
        for count in COUNTS:
            module.iterations = count
            said.append(module.answer_once([example])[0].answer)
            if len(said) > 1 and said[-1] == said[-2]:
                break
        expected.append((said[-1], len(said) * LATENTS))
    module.iterations = 1
    rows: list[int] = []
    think = module.think
    monkeypatch.setattr(
        module, "think", lambda examples, **options: (rows.append(len(examples)), think(examples, **options))[1]
    )
    answers = StableAnswer(most=16).answer(EXAMPLES, module)
    assert [(answer.answer, answer.latents) for answer in answers] == expected
    longest = max(rounds for _, rounds in expected) // LATENTS
    assert longest > 2  # one changes its mind
    assert rows == [sum(rounds >= count * LATENTS for _, rounds in expected) for count in range(1, longest + 1)]


def test_iterations_double_up_to_the_most() -> None:
    assert doubled(16) == COUNTS
    assert doubled(3) == [1, 2, 3]


def test_what_it_cannot_repeat_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="most of StableAnswer is 1; it must be at least 2"):
        StableAnswer(most=1)
    with pytest.raises(UserError, match="nothing refines here; add a callback that does"):
        ready(make_module(saved), tmp_path, StableAnswer())
