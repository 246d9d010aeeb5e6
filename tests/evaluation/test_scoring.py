"""Options scored in one batch against one forward over everything for each of them."""

import math

import pytest
import torch

from lightning_latent.data import ProsQA
from lightning_latent.data.example import Example
from lightning_latent.evaluation.scoring import Said, choose, option_scores, read_steps, say, write_steps
from lightning_latent.reasoner import LatentReasoner
from tests.models import QUESTIONS, make_reasoner
from tests.reasoner.naive import naive_score

OPTIONS = [
    ("Bob is a lempus.", "Bob is a yumpus."),
    ("Eva is a yumpus.", "Eva is a dumpus. Eva is a dumpus.", "Eva is a wumpus."),
    ("gorpus.", "lempus."),
    ("Tom is a dumpus.",),
    ("Bob is a yumpus.", "Bob is a wumpus."),
]


@pytest.mark.parametrize("family", ["gpt2", "qwen2", "mistral-sliding"])
@torch.no_grad()
def test_scores_are_those_of_each_option_alone(family):
    reasoner = make_reasoner(family)
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    scores = option_scores(reasoner, context, OPTIONS)
    for question, options, row in zip(QUESTIONS, OPTIONS, scores, strict=True):
        expected = [float(naive_score(reasoner, question, option)[0]) for option in options]
        assert row == pytest.approx(expected, abs=1e-9)


def test_the_likeliest_option_is_chosen_the_first_of_equals():
    assert choose([-2.0, -1.0, -1.0], ["a", "b", "c"], per_character=False) == "b"
    assert choose([-9.0, -10.0], ["ab", "abcd"], per_character=False) == "ab"
    assert choose([-9.0, -10.0], ["ab", "abcd"], per_character=True) == "abcd"
    assert choose([-math.inf, -2.0], ["a", "b"], per_character=False) == "b"


@pytest.mark.parametrize("scores", [[math.nan, -1.0], [-1.0, math.nan], [math.inf, -1.0], [-math.inf, -math.inf]])
def test_scores_that_are_no_numbers_choose_nothing(scores):
    assert choose(scores, ["a", "b"], per_character=False) == ""


@torch.no_grad()
def test_a_row_whose_logits_are_no_numbers_says_nothing(monkeypatch):
    reasoner = make_reasoner("llama")
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    plain = reasoner.decode(context, max_new_tokens=6)
    logits = reasoner.logits

    def broken(hidden: torch.Tensor) -> torch.Tensor:
        out = logits(hidden)
        out[1, 3] = math.nan
        return out

    monkeypatch.setattr(reasoner, "logits", broken)
    assert reasoner.decode(context, max_new_tokens=6) == [plain[0], [], *plain[2:]]


def scripted(monkeypatch, rows: list[str]) -> LatentReasoner:
    """A reasoner that writes given texts, and goes on with words wherever it is not stopped."""
    reasoner = make_reasoner("llama", markers=False, num_latents=0)
    word = reasoner.tokenizer("yumpus", add_special_tokens=False)["input_ids"][:1]
    ids = [reasoner.tokenizer(row, add_special_tokens=False)["input_ids"] + word * 20 for row in rows]
    steps = iter(torch.tensor(column) for column in zip(*(row[:20] for row in ids), strict=True))
    size = len(reasoner.tokenizer)
    monkeypatch.setattr(reasoner, "logits", lambda hidden: torch.nn.functional.one_hot(next(steps), size).double())
    return reasoner


def test_steps_are_written_up_to_the_answer_mark(monkeypatch):
    steps = ["Bob is a dumpus.\n", "Bob is a dumpus.\nEvery dumpus is a gorpus.\n", "", "Tom is a lempus.", ""]
    marked = ["### Bob", "###", "### Eva", "<eos>", ""]
    reasoner = make_reasoner("llama")
    eos = reasoner.tokenizer.eos_token
    written = [step + mark.replace("<eos>", eos) for step, mark in zip(steps, marked, strict=True)]
    reasoner = scripted(monkeypatch, written)
    texts, tokens = write_steps(reasoner, reasoner.encode(QUESTIONS), max_new_tokens=15)
    counts = [len(reasoner.tokenizer(step, add_special_tokens=False)["input_ids"]) for step in steps]
    assert tokens == [counts[0], counts[1], 0, counts[3] + 1, 15]  # the end of sequence is a token; no mark, no end
    assert [text.endswith("###") for text in texts] == [True, True, True, False, False]
    assert "Bob" not in texts[0].partition("#")[2] and texts[2] == "###"


def test_nothing_is_decoded_beyond_the_last_mark(monkeypatch):
    reasoner = scripted(monkeypatch, ["### Bob"] * len(QUESTIONS))
    context = reasoner.encode(QUESTIONS)
    calls = []
    monkeypatch.setattr(reasoner, "think", lambda context, latent: calls.append(latent) or context)
    assert write_steps(reasoner, context, max_new_tokens=15)[1] == [0] * len(QUESTIONS)
    assert len(calls) < len(reasoner.tokenizer("###", add_special_tokens=False)["input_ids"]) + 1


@torch.no_grad()
def test_steps_are_read_as_if_they_had_stood_there():
    """Rows with several steps, one and none, against each question and its steps encoded as one text."""
    reasoner = make_reasoner("llama", markers=False, num_latents=0)
    texts = [
        "Bob is a dumpus.\nEvery dumpus is a gorpus.\n### Bob is a gorpus.",
        "### Eva is a yumpus.",
        "Is Tom a gorpus or lempus?\n### gorpus.",
        "no mark at all",
        "",
    ]
    after = read_steps(reasoner, reasoner.encode(QUESTIONS), texts)
    for index, (question, text) in enumerate(zip(QUESTIONS, texts, strict=True)):
        steps = text.rpartition("###")[0].strip("\n")
        alone = reasoner.encode([f"{question}\n{steps}" if steps else question])
        torch.testing.assert_close(after.hidden[index], alone.hidden[0], atol=1e-9, rtol=0.0)
    scores = option_scores(reasoner, after, OPTIONS)
    for index, (question, text, options) in enumerate(zip(QUESTIONS, texts, OPTIONS, strict=True)):
        steps = text.rpartition("###")[0].strip("\n")
        alone = reasoner.encode([f"{question}\n{steps}" if steps else question])
        assert scores[index] == pytest.approx(option_scores(reasoner, alone, [options])[0], abs=1e-9)


@torch.no_grad()
def test_without_any_step_nothing_is_read():
    reasoner = make_reasoner("llama")
    context = reasoner.encode(QUESTIONS)
    assert read_steps(reasoner, context, ["### a"] * len(QUESTIONS)) is context


def test_some_rows_may_be_said_otherwise():
    said = Said(["a", "b", "c"], ["A", "B", "C"], [1, 2, 3])
    by = Said(["x", "y"], ["X", "Y"], [7, 8])
    assert said.replaced([2, 0], by) == Said(["y", "b", "x"], ["Y", "B", "X"], [8, 2, 7])
    assert said.texts == ["a", "b", "c"]


def test_an_answer_is_read_after_the_reasoners_own_mark():
    reasoner = make_reasoner("gpt2", answer_start="The answer is: ")
    reasoner.decode_texts = lambda context, max_new_tokens: (["The answer is: Bob is a lempus."], [4])
    context, example = reasoner.encode(QUESTIONS[:1]), Example("a", QUESTIONS[0], (), "Bob is a lempus.")
    said = say(reasoner, context, [example], benchmark=ProsQA(), max_new_tokens=4)
    assert said.answers == ["Bob is a lempus."] and said.texts == ["The answer is: Bob is a lempus."]
