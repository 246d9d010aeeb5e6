"""Thoughts read, changed and answered from: the same as the model computes alone, one question at a time."""

import pytest
import torch

from lightning_latent.errors import UserError
from lightning_latent.evaluation.sharing import RememberingReasoner
from tests.models import LATENTS, QUESTIONS, make_reasoner
from tests.reasoner import naive

WORDS = 6


def said_alone(reasoner, question: str, latents: torch.Tensor) -> str:
    """What follows from given latents `[T, D]`, by whole sequences without a cache."""
    embeds, ids = naive.naive_embeds(reasoner, question, latents[None]), []
    while len(ids) < WORDS and reasoner.tokenizer.eos_token_id not in ids:
        hidden = naive.last_hidden(reasoner.model, embeds)[:, -1:]
        ids.append(int(reasoner.logits(hidden).argmax()))
        embeds = torch.cat([embeds, reasoner.embed(torch.tensor([ids[-1:]]))], dim=1)
    return reasoner.tokenizer.decode(ids, skip_special_tokens=True)


@pytest.fixture
def reasoner():
    return make_reasoner("gpt2")


def test_changed_latents_are_answered_from_as_each_alone(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS, max_new_tokens=WORDS)
    own = thoughts.latents.clone()
    thoughts.replace(0.0, questions=0, steps=1)
    thoughts.replace(own[2, 0] * 3, questions=[1, 3], steps=[0, 2])
    thoughts.swap(2, 4)
    expected = own.clone()
    expected[0, 1] = 0
    for row in (1, 3):
        for step in (0, 2):
            expected[row, step] = own[2, 0] * 3
    expected[[2, 4]] = own[[4, 2]]
    torch.testing.assert_close(thoughts.latents, expected, rtol=0, atol=0)
    changed = thoughts.texts()
    thoughts.restore()
    plain = thoughts.texts()
    assert changed == [said_alone(reasoner, q, e) for q, e in zip(QUESTIONS, expected, strict=True)]
    assert plain == [said_alone(reasoner, q, e) for q, e in zip(QUESTIONS, own, strict=True)]
    assert changed != plain


def test_a_patch_is_thought_on_from(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS)
    own = thoughts.latents.clone()
    thoughts.patch(own[3, 1] * 2, step=1, questions=[0, 2])
    patched = thoughts.latents
    torch.testing.assert_close(patched[[1, 3, 4]], own[[1, 3, 4]], rtol=0, atol=0)
    for row in (0, 2):
        torch.testing.assert_close(patched[row, 0], own[row, 0], rtol=0, atol=1e-9)
        torch.testing.assert_close(patched[row, 1], own[3, 1] * 2, rtol=0, atol=0)
        embeds = naive.naive_embeds(reasoner, QUESTIONS[row], patched[None, row, :2])[:, :-1]  # no end marker yet
        hidden = naive.last_hidden(reasoner.model, embeds)[0, -1]
        torch.testing.assert_close(patched[row, 2], hidden, rtol=0, atol=1e-9)
        assert not torch.allclose(patched[row, 2], own[row, 2])


def test_what_replaces_has_the_shape_of_the_places(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS)
    own = thoughts.latents.clone()
    for questions, steps in [(1, 2), (1, slice(None)), (slice(None), 0), ([3, 0], [1, 2]), (slice(1, 3), -1)]:
        expected = own.clone()
        if isinstance(questions, list):
            new = torch.randn(2, 2, 16, dtype=own.dtype)
            for row, question in enumerate(questions):
                expected[question, steps] = new[row]
        else:
            new = torch.randn_like(own[questions, steps])
            expected[questions, steps] = new
        thoughts.replace(new, questions=questions, steps=steps)
        torch.testing.assert_close(thoughts.latents, expected, rtol=0, atol=0)
        thoughts.restore()
    thoughts.replace(own.mean(0))
    torch.testing.assert_close(thoughts.latents, own.mean(0).expand_as(own))


def test_words_are_what_the_head_says(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS[0])
    words = thoughts.words(2)
    probabilities = reasoner.logits(thoughts.latents[0]).softmax(-1)
    assert len(words) == 1 and len(words[0]) == LATENTS and [len(step) for step in words[0]] == [2] * LATENTS
    for step, row in zip(words[0], probabilities, strict=True):
        assert step[0].probability == pytest.approx(float(row.max()), rel=1e-5)
        assert step[0].text == reasoner.tokenizer.decode([int(row.argmax())])
        assert step[0].probability >= step[1].probability


def test_no_gradient_is_kept(reasoner) -> None:
    reasoner.model.requires_grad_(True)
    thoughts = reasoner.think(QUESTIONS[:2])
    thoughts.patch(thoughts.latents[0, 0] * 2, step=0)
    assert not thoughts.latents.requires_grad and thoughts.latents.grad_fn is None
    assert reasoner.rollout(reasoner.encode(QUESTIONS[:2])).latents.requires_grad  # where one is to flow


def test_latents_may_be_changed_by_hand(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS[:2], max_new_tokens=WORDS)
    thoughts.latents[0] *= -1
    assert thoughts.texts()[0] == said_alone(reasoner, QUESTIONS[0], thoughts.latents[0])
    assert not torch.equal(thoughts.latents, thoughts.original)


def test_answers_are_those_of_the_thoughts_in_any_batches(reasoner) -> None:
    expected = reasoner.think(QUESTIONS, max_new_tokens=WORDS).answers()
    for size in (1, 2, len(QUESTIONS)):
        assert reasoner.answer(QUESTIONS, max_new_tokens=WORDS, batch_size=size) == expected
    assert reasoner.answer([]) == []


def test_a_string_is_one_question_and_not_its_characters(reasoner) -> None:
    question = QUESTIONS[0]
    assert reasoner.question_ids(question) == reasoner.question_ids([question])
    assert torch.equal(reasoner.encode(question).mask, reasoner.encode([question]).mask)
    assert reasoner.think(question).latents.shape[0] == 1
    assert reasoner.answer(question) == reasoner.answer([question])
    remembering = RememberingReasoner(reasoner)
    with torch.no_grad():
        assert remembering.encode(question) is remembering.encode([question])


def test_no_question_is_refused(reasoner) -> None:
    with pytest.raises(UserError, match="there is no question to read"):
        reasoner.think([])


def test_places_that_are_not_there_are_refused(reasoner) -> None:
    thoughts = reasoner.think(QUESTIONS[:2])
    with pytest.raises(UserError, match="there are 2 questions and 3 steps"):
        thoughts.replace(0.0, steps=3)
    with pytest.raises(UserError, match="give a fitting tensor"):
        thoughts.replace(torch.zeros(5))
