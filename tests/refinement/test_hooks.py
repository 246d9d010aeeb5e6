"""Every LatentCallback of the package and of the docs keeps to what `check_objective` asks for."""

import pytest

import lightning_latent.callbacks
from lightning_latent.callbacks import (
    AnswerConfidence,
    BorrowedLatents,
    ContrastiveFeedback,
    RandomDirection,
    ReplacedLatents,
    ResidualBlending,
)
from lightning_latent.refinement.hooks import LatentCallback, session
from lightning_latent.testing import check_objective
from tests.refinement.example import AnswerEntropy, Attraction
from tests.refinement.models import QUESTIONS

BOTH = {"strong": "embedded:strong", "weak": "embedded:weak", "search_step": 0.3}
OBJECTIVES: dict[str, LatentCallback] = {
    "LatentCallback": LatentCallback(),
    "ContrastiveFeedback": ContrastiveFeedback(**BOTH),
    "ContrastiveFeedback, same slot": ContrastiveFeedback(**BOTH, slot="same"),
    "ContrastiveFeedback, through": ContrastiveFeedback(**BOTH, gradient="through"),
    "ResidualBlending": ResidualBlending(memory_rate=0.3, gradient_history=0.5),
    "RandomDirection": RandomDirection(search_step=0.3),
    "ReplacedLatents": ReplacedLatents(by="first"),
    "BorrowedLatents": BorrowedLatents(checkpoint="embedded:strong"),
    "AnswerConfidence": AnswerConfidence(steps=2, search_step=0.3),
    "AnswerEntropy": AnswerEntropy(steps=2, guard=False),
    "Attraction": Attraction(towards="embedded:strong", rate=0.3),
}


def test_every_callback_of_the_package_is_here() -> None:
    public = [getattr(lightning_latent.callbacks, name) for name in lightning_latent.callbacks.__all__]
    names = {cls.__name__ for cls in public if issubclass(cls, LatentCallback)}
    assert names == {"LatentCallback", "AnswerEntropy", "Attraction"} ^ {name.partition(",")[0] for name in OBJECTIVES}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_keeps_to_the_contract(name: str) -> None:
    check_objective(OBJECTIVES[name])


def test_a_session_ends_whatever_happens() -> None:
    log: list[str] = []

    class Watch(LatentCallback):
        def begin(self, questions) -> None:
            log.append("begin")
            if len(log) == 2:
                raise RuntimeError("a bug")

        def end(self) -> None:
            log.append("end")

    with pytest.raises(RuntimeError, match="a bug"), session([Watch(), Watch()], QUESTIONS):
        pass
    assert log == ["begin", "begin", "end", "end"]
