"""The reference's judgement, against its three operations."""

import random

from lightning_latent.data import GSM8K, AquaRat, ProntoQA, ProsQA
from lightning_latent.data.answers.reference import reference_answer

PIECES = ["#", "###", "18", "1,018", "18.0", ", ", " ", "\n", "True", "Tom is a lempus.", "The answer is"]
GOLDS = ["18", "1,018", "True", "Tom is a lempus."]


def test_it_is_that_of_the_repository():
    rng = random.Random(0)
    right = 0
    for _ in range(3000):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 7)))
        gold = rng.choice(GOLDS)
        whole = "How many?\n" + text  # there, question and text are one string
        theirs = whole.split("#")[-1].replace(",", "").strip() == gold.replace(",", "").strip()
        for benchmark in (GSM8K(), ProsQA(), ProntoQA()):
            assert benchmark.reference(text, gold) is theirs, text
        for benchmark in (GSM8K(scoring="reference"), ProsQA(), ProntoQA(scoring="reference")):
            assert benchmark.matches(benchmark.extract(text), gold) is theirs, text
        right += theirs
    assert right > 50


def test_it_differs_from_ours_by_value():
    for text, by_value, by_reference in (
        ("### 18", True, True),
        ("### 18.0", True, False),
        ("### $18", True, False),
        ("The answer is 18.", True, False),
        ("### 1,8", False, True),
    ):
        benchmark = GSM8K()
        assert benchmark.matches(benchmark.extract(text), "18") is by_value, text
        assert benchmark.reference(text, "18") is by_reference, text


def test_text_without_a_mark_has_no_answer():
    assert reference_answer("18") == ""
    assert not GSM8K(scoring="reference").matches("", "")
    assert AquaRat().reference("### C", "C) 625") is None
