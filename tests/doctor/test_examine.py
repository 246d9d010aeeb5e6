"""The examinations of reasoners of which is known what they do with their latents."""

import json

import pytest
import torch

from lightning_latent.data import BalancedProsQA, Benchmark, ProsQA
from lightning_latent.data.prosqa.sentences import NOUNS as MANY_NOUNS
from lightning_latent.doctor.asking import OWN, ask, batches
from lightning_latent.doctor.changes import random_like, stops, swaps
from lightning_latent.doctor.examine import examine
from lightning_latent.doctor.steps import step_words, steps_said
from lightning_latent.doctor.verdict import headline
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answering import answer_questions
from lightning_latent.evaluation.scoring import say
from lightning_latent.reasoner.thoughts import settle
from tests.doctor.stubs import make_subject, questions
from tests.models import LATENTS, NAMES, make_reasoner


@pytest.mark.parametrize(
    ("kind", "latents", "refining", "method"),
    [
        ("unused", "unused", "cannot help", "configs/methods/views_until_sure.yaml"),
        ("buffer", "buffer", "cannot help", "configs/methods/views_until_sure.yaml"),
        ("computation", "computation", "may help", "configs/methods/views_until_sure.yaml"),
        ("guessing", "undecided", "undecided", None),
        ("unsound", "unsound", "undecided", None),
    ],
)
def test_each_kind_gets_its_verdict(kind, latents, refining, method) -> None:
    report = examine(make_subject(kind), questions())
    verdict = report["verdict"]
    assert (verdict["latents"], verdict["refining"], verdict["method"]) == (latents, refining, method), verdict[
        "reasons"
    ]
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert headline(report)


def test_numbers_are_those_of_what_the_reasoner_does() -> None:
    examples = questions(300)
    report = examine(make_subject("computation"), examples)
    subject = make_subject("computation")
    right = [subject.reasoner.thinks_first(e.question) == (e.options[0] == e.answer) for e in examples]
    assert report["own"]["share"] == sum(right) / 300 < 1
    assert report["chance"] == 0.5 and report["options"]
    # Its latents all say the same, so that one alone that is another's is outvoted, and one alone is enough.
    assert all(entry["changed"]["share"] == 0 for entry in report["place"]["swap"])
    assert [entry["accuracy"]["share"] for entry in report["place"]["stop"][1:]] == [report["own"]["share"]] * LATENTS
    assert report["place"]["stop"][0]["accuracy"]["share"] == report["dependence"]["none"]["accuracy"]["share"]
    assert report["dependence"]["first"]["changed"]["share"] == 0
    # It solves changed questions as well as others, and no rule of looks gives the answer.
    turned = report["shortcuts"]["counterfactual"]
    assert turned["before"]["of"] == 300 and abs(turned["gain"]) < 0.1
    assert report["shortcuts"]["rule"]["accuracy"] == 0.5
    assert report["prospects"]["views"]["vote"]["gain"] > 0.05
    assert report["prospects"]["noise"]["rescued"]["share"] == 0


def test_other_checkpoints_are_asked_the_same() -> None:
    report = examine(
        make_subject("computation"), questions(40), checkpoints={"good": make_subject("unused", wrong_in=10**9)}
    )
    assert report["prospects"]["good"]["single"] == 1.0
    assert report["prospects"]["good"]["rescued"]["share"] == 1.0


def test_shown_questions_are_right_and_wrong_ones() -> None:
    report = examine(make_subject("buffer"), questions(60))
    shown = report["shown"]
    assert [question["correct"] for question in shown] == [True] * 3 + [False] * 3
    for question in shown:
        assert len(question["thoughts"]) == LATENTS
        assert question["thoughts"][-1]["stopped"]["answer"] == question["answer"]
        assert [thought["stopped"]["answer"] for thought in question["thoughts"][:-1]] == [""] * (LATENTS - 1)


def test_answers_are_those_of_the_answering_that_runs_use() -> None:
    """On a real model: each change as if it were a method's thinking, every question read anew."""
    subject = make_subject("unused")
    real = make_reasoner("gpt2")
    subject = type(subject)(reasoner=real, benchmark=Loose(), max_new_tokens=4, batch_size=5)
    examples = questions(5)
    changes = {**stops(LATENTS), **swaps(LATENTS)}
    asked = ask(subject, examples, changes)
    assert len({tuple(a.text for a in answers) for answers in asked.answers.values()}) > 3

    def thinking(change):
        def think(context):
            latents = real.rollout(context).latents
            fed = change(latents, examples)
            return settle(real.conclude(context, fed), fed)

        return think

    for name, change in {OWN: lambda latents, _: latents, **changes}.items():
        plain = answer_questions(
            real,
            examples,
            say=lambda context, batch: say(real, context, batch, benchmark=Loose(), max_new_tokens=4),
            benchmark=Loose(),
            room=9,
            thinking=thinking(change),
        )
        assert [a._replace(seconds=0) for a in plain] == [a._replace(seconds=0) for a in asked.answers[name]]


class Loose(ProsQA):
    """Takes all that is said."""

    def extract(self, text: str) -> str:
        return text


def test_what_cannot_be_examined_is_refused() -> None:
    with pytest.raises(UserError, match="thinks no latents"):
        examine(make_subject("unused", latents=0), questions(4))
    with pytest.raises(UserError, match="at least two"):
        examine(make_subject("unused"), questions(1))


def test_batches_leave_none_alone_and_lose_nothing() -> None:
    for count in range(2, 40):
        for size in (1, 2, 5, 100):
            parts = list(batches(list(range(count)), size))
            assert [number for part in parts for number in part] == list(range(count))
            assert min(map(len, parts)) >= 2 and max(map(len, parts)) <= max(size, 3)


def test_random_latents_are_as_long_and_the_questions_own() -> None:
    examples = questions(6)
    latents = torch.randn(6, 3, 16)
    drawn = random_like(latents, examples, seed=1)
    torch.testing.assert_close(drawn.norm(dim=-1), latents.norm(dim=-1))
    torch.testing.assert_close(random_like(latents[2:4], examples[2:4], seed=1), drawn[2:4])
    assert not torch.allclose(random_like(latents, examples, seed=2), drawn)


def test_a_step_is_said_where_its_word_is_nearest() -> None:
    reasoner = make_reasoner("gpt2", dtype=torch.float32, nouns=MANY_NOUNS)
    examples = list(BalancedProsQA(size=12, dead_ends=0, min_hops=2, max_hops=2, names=NAMES, nouns=MANY_NOUNS))
    words = step_words(reasoner, examples)
    every = reasoner.tokenizer("\n", add_special_tokens=False)["input_ids"]
    assert all(not set(every) & set(own.own) for own in words)
    table = reasoner.model.get_output_embeddings().weight
    # The first two latents say the steps, by a row of the head as long as it takes; the last says the second again.
    tokens = [[min(own.steps[0]), min(own.steps[1] - own.steps[0]), min(own.steps[1] - own.steps[0])] for own in words]
    reasoner.model.lm_head = torch.nn.Linear(16, len(table), bias=False)
    reasoner.model.lm_head.weight.data = torch.nn.functional.normalize(torch.randn(len(table), 16), dim=-1)
    latents = reasoner.model.lm_head.weight.data[torch.tensor(tokens)]
    said = steps_said(reasoner, examples, latents)
    assert said["own"]["share"] == 1.0 > said["other"]["share"]
    assert [row[step] for row, step in zip(said["matrix_own"], (0, 1, 1), strict=True)] == [1.0, 1.0, 1.0]
    assert steps_said(reasoner, [e._replace(steps=()) for e in examples], latents) is None


class NoTricks(Benchmark):
    """A benchmark that knows no views, no rule and no counterfactuals."""

    name, max_new_tokens = "plain", 8

    def parse(self, row, *, index):
        raise NotImplementedError

    def extract(self, text: str) -> str:
        return ProsQA().extract(text)


def test_a_benchmark_that_knows_nothing_of_itself_is_examined_all_the_same() -> None:
    subject = make_subject("computation")
    subject = type(subject)(reasoner=subject.reasoner, benchmark=NoTricks(), max_new_tokens=8, batch_size=50)
    report = examine(subject, [e._replace(options=(), steps=()) for e in questions(200)])
    assert report["shortcuts"] == {"rule": None, "counterfactual": None} and report["steps"] is None
    assert set(report["prospects"]) == {"noise"} and report["chance"] is None
    assert report["verdict"]["latents"] == "computation" and report["verdict"]["refining"] == "undecided"
