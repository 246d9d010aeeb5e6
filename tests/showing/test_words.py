"""What latents say: against the model's own head, and by hand."""

import pytest
import torch

from lightning_latent.data import Example
from lightning_latent.showing.words import StepWords, read_thoughts, step_shares, step_words
from tests.models import LATENTS, make_reasoner


@pytest.fixture
def reasoner():
    return make_reasoner("gpt2")


def token(reasoner, text: str) -> int:
    (one,) = reasoner.tokenizer(text, add_special_tokens=False)["input_ids"]
    return one


def test_thoughts_are_what_the_head_says_of_all_words_and_of_the_questions_own(reasoner) -> None:
    latents = torch.randn(LATENTS, 16, dtype=torch.float64)
    words = StepWords(own=[3, 5, 8, 9], steps=[{5}, {5, 8}])
    said = read_thoughts(reasoner, words, latents, count=2)
    for thought, latent in zip(said, latents, strict=True):
        logits = latent @ reasoner.model.lm_head.weight.T
        top = logits.softmax(-1).sort(descending=True)
        assert [word.text for word in thought.nearest] == [reasoner.tokenizer.decode([i]) for i in top.indices[:2]]
        assert [word.probability for word in thought.nearest] == pytest.approx(top.values[:2].tolist(), rel=1e-5)
        own = {number: float(logits[number].exp()) for number in words.own}
        best = max(own, key=own.__getitem__)
        assert thought.own_word == reasoner.tokenizer.decode([best])
        assert thought.steps == [number for number, step in enumerate(words.steps) if best in step]
        total = sum(own.values())  # a word of two steps counts half for each
        assert thought.shares == pytest.approx([own[5] / 2 / total, (own[5] / 2 + own[8]) / total], rel=1e-5)


def test_a_question_without_words_of_its_own_says_no_step(reasoner) -> None:
    latents = torch.randn(LATENTS, 16, dtype=torch.float64)
    (first, *_) = read_thoughts(reasoner, StepWords([], [set()]), latents)
    assert (first.own_word, first.steps, first.shares) == ("", [], [0.0])
    assert step_shares(reasoner, StepWords([3], []), latents) == [[]] * LATENTS


def test_what_most_questions_have_is_grammar_but_not_what_one_alone_has(reasoner) -> None:
    examples = [
        Example("1", "Bob is a lempus. Is Bob a lempus or yumpus?", ("Bob is a lempus.",), "Bob is a lempus."),
        Example("2", "Eva is a gorpus. Is Eva a gorpus or yumpus?", ("Eva is a gorpus.",), "Eva is a gorpus."),
    ]
    both = step_words(reasoner, examples)
    first, second = (set(step_words(reasoner, [example])[0].own) for example in examples)
    assert first & second and token(reasoner, " lempus.") in both[0].steps[0]
    assert set(both[0].own) == first - second and set(both[1].own) == second - first
