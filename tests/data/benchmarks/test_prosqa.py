"""ProsQA rows and sentences."""

import pytest

from lightning_latent.data.benchmarks.prosqa import ProsQA

ROW = {
    "question": "Every terpus is a brimpus. Tom is a terpus. Is Tom a brimpus or lempus?",
    "answer": "Tom is a brimpus.",
    "steps": ["Tom is a terpus.", "Every terpus is a brimpus."],
}


def test_row_becomes_example():
    example = ProsQA().parse(ROW, index=3)
    assert example.id == "3"
    assert example.steps == ("Tom is a terpus.", "Every terpus is a brimpus.")
    assert example.answer == "Tom is a brimpus."
    assert example.options == ("Tom is a brimpus.", "Tom is a lempus.")


WITHOUT_OPTIONS = [
    {"question": "Tom is a terpus. Is Tom a terpus?", "answer": "Tom is a terpus."},
    {"question": "Is Tom a brimpus or lempus? Tom is a terpus."},
    {"answer": "Tom is a brimpus"},  # neither candidate, as it is written
]


def test_options_are_candidates_of_which_one_is_the_answer():
    for change in WITHOUT_OPTIONS:
        assert ProsQA().parse(ROW | change, index=0).options == ()


MALFORMED = [
    ({"question": ""}, "'question' is empty"),
    ({"answer": None}, "'answer' must be text"),
    ({"steps": "Tom"}, "'steps' must be a list"),
]


def test_malformed_rows_say_why():
    for change, reason in MALFORMED:
        with pytest.raises(ValueError, match=reason):
            ProsQA().parse(ROW | change, index=0)


def test_missing_field_names_what_is_there():
    with pytest.raises(ValueError, match=r"no field 'question' \(the row has 'answer'\)"):
        ProsQA().parse({"answer": "x"}, index=0)


TEXTS = [
    ("### Tom is a brimpus.", True),
    ("Tom is a terpus.\n### Tom is a brimpus.", True),
    ("### Tom is a lempus.\n### Tom is a brimpus. ", True),
    ("### Tom is a brimpus", False),
    ("### Tom is a lempus.", False),
    ("Tom is a brimpus.", False),
    ("###", False),
    ("", False),
]


def test_score_is_the_reference_score():
    benchmark = ProsQA()
    for text, right in TEXTS:
        assert benchmark.matches(benchmark.extract(text), ROW["answer"]) is right, text
