"""What every `QuestionCallback` must keep to."""

import copy
from collections.abc import Sequence

import lightning.pytorch as L
import torch

from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.refinement import Learned
from lightning_latent.refinement.hooks import QuestionCallback
from lightning_latent.testing.subject import REASONER, held, questions, refining


def check_question_callback(
    callback: QuestionCallback,
    *,
    reasoner: str = REASONER,
    examples: Sequence[Example] | None = None,
    learn: Learned | None = None,
    beside: Sequence[L.Callback] = (),
) -> None:
    """Check a callback that says how questions are answered.

    It answers each question of a batch in its place, with one of the options where there are any, and says how long
    that took; each is answered alone as in its batch; a batch leaves nothing behind, and may be empty.

    Args:
        callback: The callback, with options by which it does something; a copy of it is used.
        reasoner: Directory or hub id of the reasoner that is asked.
        examples: Questions, at least two; by default a few that the embedded reasoner reads.
        learn: What it needs in `model.learn`; random numbers stand for what that has learned.
        beside: Other callbacks that it needs.

    Raises:
        AssertionError: It does not keep to one of these; the message says which.
    """
    examples = questions(7) if examples is None else list(examples)
    name, tried = type(callback).__name__, copy.deepcopy(callback)
    assert tried.active, f"{name} is not active as it is set; check it with options by which it does something"
    module = refining(tried, *beside, reasoner=reasoner, loop="stepwise", learn=learn)
    for parameter in [] if learn is None else learn.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    together = module.answer(list(examples))
    asked = [(example.id, example.answer) for example in examples]
    said = [(answer.id, answer.gold) for answer in together]
    assert said == asked, f"{name} answers {said} where the batch asks {asked}; answer each question in its place"
    for example, answer in zip(examples, together, strict=True):
        assert not example.options or answer.answer in example.options, (
            f"{name} answers question {example.id} by {answer.answer!r}, which is none of its options"
        )
        assert answer.seconds > 0, f"{name} says that question {example.id} took {answer.seconds} seconds"
    kept = list(held(tried))
    assert not kept, f"{name} holds on to {', '.join(kept)} after a batch; let go of it"
    for example, answer in zip(examples, together, strict=True):
        (alone,) = module.answer([example])
        assert rounded(alone) == rounded(answer), (
            f"{name} answers question {example.id} otherwise when it is asked alone: {rounded(alone)}, in its batch "
            f"{rounded(answer)}"
        )
    assert module.answer([]) == [], f"{name} answers an empty batch"


def rounded(answer: Answer) -> Answer:
    """An answer without its seconds, and without the last bits of its other numbers."""
    return answer._replace(
        seconds=0.0,
        confidence=answer.confidence and round(answer.confidence, 9),
        course=tuple((round(ahead, 9), right) for ahead, right in answer.course),
    )
