"""Reasoners of every kind answer in one place: the checkpoint says how they think, `scoring` how they answer."""

from collections.abc import Sequence
from functools import partial

import pytest
import torch

from lightning_latent.data import AquaRat, ProsQA
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation import Answer
from lightning_latent.evaluation.answering import answer_questions
from lightning_latent.evaluation.scoring import option_scores, say
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import think
from tests.models import ANSWERS, QUESTIONS, make_reasoner
from tests.reasoner.naive import naive_decode, naive_score

EXAMPLES = [Example(str(n), question, (), ANSWERS[n]) for n, question in enumerate(QUESTIONS)]
OPTIONS = ("A) lempus.", "B) gorpus. gorpus.", "C) yumpus.")
CHOICES = [example._replace(options=OPTIONS, answer=OPTIONS[2]) for example in EXAMPLES]


def answers(
    reasoner: LatentReasoner, examples: Sequence[Example], benchmark: Benchmark, **options: str
) -> list[Answer]:
    words = partial(say, reasoner, benchmark=benchmark, max_new_tokens=8, **options)
    found = answer_questions(reasoner, examples, say=words, benchmark=benchmark, room=12)
    assert all(answer.seconds > 0 for answer in found)
    return [answer._replace(seconds=0.0) for answer in found]


@torch.no_grad()
def test_answers_are_those_of_the_naive_model():
    reasoner = make_reasoner()
    expected = []
    for example in EXAMPLES:
        ids = naive_decode(reasoner, example.question, max_new_tokens=8)
        text = reasoner.tokenizer.decode(ids, skip_special_tokens=True)
        said = ProsQA().extract(text)
        correct = ProsQA().matches(said, example.answer)
        expected.append(
            Answer(
                example.id, example.question, example.answer, said, correct, text, len(ids), 3, 0.0, reference=correct
            )
        )
    assert answers(reasoner, EXAMPLES, ProsQA()) == expected
    assert answers(reasoner, [], ProsQA()) == []


@pytest.mark.parametrize(
    ("metadata", "latents"),
    [({"thought": "pause"}, 3), ({"num_latents": 5}, 5), ({"markers": False, "num_latents": 0}, 0)],
)
def test_every_kind_answers_batched_as_alone(metadata, latents):
    reasoner = make_reasoner(**metadata)
    together = answers(reasoner, EXAMPLES, ProsQA())
    assert {answer.latents for answer in together} == {latents}
    assert together == [answers(reasoner, [example], ProsQA())[0] for example in EXAMPLES]


@pytest.mark.parametrize("scoring", ["likelihood", "likelihood_per_character"])
@torch.no_grad()
def test_options_are_chosen_by_likelihood(scoring):
    """Against one forward over everything for each option."""
    reasoner = make_reasoner()
    for example, answer in zip(CHOICES, answers(reasoner, CHOICES, AquaRat(), scoring=scoring), strict=True):
        values = [float(naive_score(reasoner, example.question, option)[0]) for option in OPTIONS]
        if scoring == "likelihood_per_character":
            values = [value / len(option) for value, option in zip(values, OPTIONS, strict=True)]
        assert answer.answer == OPTIONS[values.index(max(values))]
        assert answer.correct == (answer.answer == OPTIONS[2])
        assert (answer.tokens, answer.text, answer.latents) == (0, "", 3)


def test_chains_of_thought_are_written_before_the_options_are_scored():
    reasoner = make_reasoner(markers=False, num_latents=0)
    found = answers(reasoner, CHOICES, AquaRat(), scoring="likelihood")
    assert all(answer.tokens > 0 and answer.answer in OPTIONS for answer in found)
    assert found == [answers(reasoner, [example], AquaRat(), scoring="likelihood")[0] for example in CHOICES]
    assert any(answer.text for answer in found)


def test_who_answers_at_once_is_charged_no_token_before_the_options(monkeypatch):
    reasoner = make_reasoner(markers=False, num_latents=0)
    context = reasoner.encode(QUESTIONS)
    scores = option_scores(reasoner, context, [OPTIONS] * len(CHOICES))
    marks = iter(reasoner.tokenizer("### ", add_special_tokens=False)["input_ids"])
    read = reasoner.logits

    def answer_at_once(hidden: torch.Tensor) -> torch.Tensor:
        forced = next(marks, None)
        return read(hidden) if forced is None else read(hidden).index_fill(-1, torch.tensor([forced]), 1e9)

    monkeypatch.setattr(reasoner, "logits", answer_at_once)
    found = answers(reasoner, CHOICES, AquaRat(), scoring="likelihood")
    assert {answer.tokens for answer in found} == {0}
    assert [answer.answer for answer in found] == [OPTIONS[values.index(max(values))] for values in scores]


def test_likelihood_needs_options():
    with pytest.raises(UserError, match=r"question 0 has no options to choose from; set model\.scoring to generate"):
        answers(make_reasoner(), EXAMPLES, ProsQA(), scoring="likelihood")


def test_a_question_that_is_too_long_is_named():
    long = Example("long", " ".join(["Bob is a dumpus."] * 60), (), "")
    with pytest.raises(UserError, match=r"^long: question of 122 tokens \(and 12 for"):
        answers(make_reasoner(), [*EXAMPLES, long], ProsQA())


def test_lost_questions_are_answered_plainly_by_their_own_options():
    reasoner = make_reasoner()
    choices = [example._replace(options=(f"A) {example.answer}", f"B) {example.answer}")) for example in EXAMPLES]
    finite = torch.tensor([True, False, True, True, False])
    words = partial(say, reasoner, benchmark=AquaRat(), max_new_tokens=8, scoring="likelihood")
    found = answer_questions(
        reasoner,
        choices,
        say=words,
        benchmark=AquaRat(),
        room=12,
        thinking=lambda context: think(reasoner, context)._replace(finite=finite),
    )
    plain = answers(reasoner, choices, AquaRat(), scoring="likelihood")
    assert [answer._replace(seconds=0.0, fallback=False) for answer in found] == plain
    assert [answer.fallback for answer in found] == [False, True, False, False, True]
