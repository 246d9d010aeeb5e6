"""Reasoners of every mode in one harness: the checkpoint says how they think."""

import pytest
import torch

from lightning_latent.baselines import Trained
from lightning_latent.baselines.choices import option_scores
from lightning_latent.data import AquaRat, ProsQA
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.reasoner import save_reasoner
from tests.reasoner.models import ANSWERS, QUESTIONS, make_reasoner, naive_decode, naive_score

CPU = torch.device("cpu")
EXAMPLES = [Example(str(n), question, (), ANSWERS[n]) for n, question in enumerate(QUESTIONS)]
OPTIONS = ("A) lempus.", "B) gorpus. gorpus.", "C) yumpus.")
CHOICES = [example._replace(options=OPTIONS, answer=OPTIONS[2]) for example in EXAMPLES]


def ready(tmp_path, benchmark, row_options=None, **metadata) -> Trained:
    save_reasoner(make_reasoner("llama", dtype=torch.float32, **metadata), tmp_path / "model")
    row = Trained(path=str(tmp_path / "model"), **{"max_new_tokens": 8, "dtype": "float64", **(row_options or {})})
    row.load(benchmark=benchmark, device=CPU)
    return row


@torch.no_grad()
def test_answers_are_those_of_the_naive_model(tmp_path):
    row = ready(tmp_path, ProsQA())
    reasoner = make_reasoner("llama", dtype=torch.float32)
    reasoner.model.double()
    for example, answer in zip(EXAMPLES, row.answer(EXAMPLES), strict=True):
        ids = naive_decode(reasoner, example.question, max_new_tokens=8)
        text = reasoner.tokenizer.decode(ids, skip_special_tokens=True)
        assert answer.prediction == ProsQA().extract(text)
        assert (answer.id, answer.gold, answer.tokens) == (example.id, example.answer, len(ids))
        assert answer.latents == 3
        assert answer.text == text


@pytest.mark.parametrize(
    ("metadata", "latents"),
    [
        ({"thought": "pause"}, 3),
        ({"markers": False, "num_latents": 0}, 0),
    ],
)
@torch.no_grad()
def test_every_mode_answers_batched_as_alone(tmp_path, metadata, latents):
    row = ready(tmp_path, ProsQA(), **metadata)
    together = row.answer(EXAMPLES)
    assert {answer.latents for answer in together} == {latents}
    assert together == [row.answer([example])[0] for example in EXAMPLES]


@pytest.mark.parametrize("per_character", [False, True])
@torch.no_grad()
def test_options_are_chosen_by_likelihood(tmp_path, per_character):
    scoring = "likelihood_per_character" if per_character else "likelihood"
    row = ready(tmp_path, AquaRat(), {"scoring": scoring})
    reasoner = make_reasoner("llama", dtype=torch.float32)
    reasoner.model.double()
    for example, answer in zip(CHOICES, row.answer(CHOICES), strict=True):
        scores = [float(naive_score(reasoner, example.question, option)[0]) for option in OPTIONS]
        values = [score / len(o) if per_character else score for score, o in zip(scores, OPTIONS, strict=True)]
        assert answer.prediction == OPTIONS[values.index(max(values))]
        assert answer.correct == (answer.prediction == OPTIONS[2])
        assert answer.tokens == 0


@torch.no_grad()
def test_chains_of_thought_are_written_before_the_options_are_scored(tmp_path):
    row = ready(tmp_path, AquaRat(), {"scoring": "likelihood"}, markers=False, num_latents=0)
    answers = row.answer(CHOICES)
    assert all(answer.tokens > 0 and answer.prediction in OPTIONS for answer in answers)
    assert answers == [row.answer([example])[0] for example in CHOICES]
    assert any(answer.text for answer in answers)


@torch.no_grad()
def test_who_answers_at_once_is_charged_no_token_before_the_options(tmp_path, monkeypatch):
    row = ready(tmp_path, AquaRat(), {"scoring": "likelihood"}, markers=False, num_latents=0)
    marks = row._reasoner.tokenizer("### ", add_special_tokens=False)["input_ids"]
    read = row._reasoner.logits
    left = iter(marks)

    def answer_at_once(hidden: torch.Tensor) -> torch.Tensor:
        forced = next(left, None)
        return read(hidden) if forced is None else read(hidden).index_fill(-1, torch.tensor([forced]), 1e9)

    monkeypatch.setattr(row._reasoner, "logits", answer_at_once)
    answers = row.answer(CHOICES)
    assert {answer.tokens for answer in answers} == {0}
    reasoner = make_reasoner("llama", dtype=torch.float32, markers=False, num_latents=0)
    reasoner.model.double()
    alone = reasoner.encode([example.question for example in CHOICES])
    scores = option_scores(reasoner, alone, [OPTIONS] * len(CHOICES))
    assert [answer.prediction for answer in answers] == [OPTIONS[values.index(max(values))] for values in scores]


def test_likelihood_needs_options(tmp_path):
    row = ready(tmp_path, ProsQA(), {"scoring": "likelihood"})
    with pytest.raises(UserError, match="question 0 has no options"):
        row.answer(EXAMPLES)


def test_another_number_of_latents(tmp_path):
    row = ready(tmp_path, ProsQA(), {"num_latents": 5})
    assert {answer.latents for answer in row.answer(EXAMPLES)} == {5}
