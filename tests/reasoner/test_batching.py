"""A question's latents, answer and score do not depend on what it is batched with or padded to."""

import pytest
import torch

from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.text import encode_questions, pad_left
from tests.models import ANSWERS, FAMILIES, QUESTIONS, make_reasoner

CLOSE = {"rtol": 0.0, "atol": 1e-9}
# Eager attention computes in float32 whatever the weights' type; GPT-2 has one of its own.
EAGER = ("eager", torch.float32, {"rtol": 1e-4, "atol": 1e-4})
KINDS = [
    *((family, "sdpa", torch.float64, CLOSE) for family in FAMILIES),
    *((family, *EAGER) for family in ("gpt2", "mistral-sliding")),
]


def everything(reasoner, context, answers):
    """Latents, scores, and the ids decoded, from an encoded question on."""
    rollout = reasoner.rollout(context)
    concluded = reasoner.answer_context(rollout)
    return rollout.latents, reasoner.score(concluded, answers)[0], reasoner.decode(concluded, max_new_tokens=6)


def padded(reasoner, question: str, columns: int) -> Context:
    """One question with so many columns of padding before it."""
    row = [*encode_questions(reasoner.tokenizer, [question])[0], reasoner.start_id]
    ids, mask = pad_left([row, [0] * (len(row) + columns)], pad=reasoner.pad_id)
    return reasoner.read(ids[:1], mask[:1])


@pytest.mark.parametrize(("family", "attention", "dtype", "close"), KINDS)
@torch.no_grad()
def test_neighbours_make_no_difference(family, attention, dtype, close):
    reasoner = make_reasoner(family, attention=attention, dtype=dtype)
    latents, scores, rows = everything(reasoner, reasoner.encode(QUESTIONS), ANSWERS)
    assert latents.isfinite().all() and scores.isfinite().all()
    for index, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True)):
        alone = everything(reasoner, reasoner.encode([question]), [answer])
        torch.testing.assert_close(alone[0][0], latents[index], **close)
        torch.testing.assert_close(alone[1][0], scores[index], **close)
        assert alone[2][0] == rows[index]
    # And in another order, with other neighbours.
    some = [3, 1, 2]
    other = everything(reasoner, reasoner.encode([QUESTIONS[i] for i in some]), [ANSWERS[i] for i in some])
    torch.testing.assert_close(other[0], latents[some], **close)
    torch.testing.assert_close(other[1], scores[some], **close)
    assert other[2] == [rows[i] for i in some]


@pytest.mark.parametrize(("family", "attention", "dtype", "close"), KINDS)
@torch.no_grad()
def test_padding_makes_no_difference(family, attention, dtype, close):
    reasoner = make_reasoner(family, attention=attention, dtype=dtype)
    bare = everything(reasoner, reasoner.encode(QUESTIONS[2:3]), ANSWERS[2:3])
    for columns in (1, 4, 17):
        wide = everything(reasoner, padded(reasoner, QUESTIONS[2], columns), ANSWERS[2:3])
        torch.testing.assert_close(wide[0], bare[0], **close)
        torch.testing.assert_close(wide[1], bare[1], **close)
        assert wide[2] == bare[2]


@pytest.mark.parametrize(("attention", "dtype"), [("sdpa", torch.float32), ("eager", torch.bfloat16)])
@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_columns_that_may_look_at_nothing_stay_finite(family, dtype, attention):
    """Padding on the left attends to no column. A NaN there would spread: zero times NaN is NaN."""
    reasoner = make_reasoner(family, dtype=dtype, attention=attention)
    context = reasoner.answer_context(reasoner.rollout(padded(reasoner, QUESTIONS[0], 9)))
    assert context.hidden.isfinite().all()
    assert all(keys.isfinite().all() and values.isfinite().all() for keys, values, *_ in context.cache)


@torch.no_grad()
def test_a_latent_that_is_not_finite_stays_in_its_row():
    reasoner = make_reasoner()
    context = reasoner.encode(QUESTIONS)
    plain = reasoner.rollout(context).latents

    def spoil(step, fed, latent):
        return latent.index_fill(0, torch.tensor([1]), float("nan"))

    rollout = reasoner.rollout(context, refine=spoil)
    others = [0, 2, 3, 4]
    assert rollout.latents[1].isnan().all()
    torch.testing.assert_close(rollout.latents[others], plain[others], **CLOSE)
    scores, _ = reasoner.score(reasoner.answer_context(rollout), ANSWERS)
    assert scores[others].isfinite().all()
