"""Reading numbers out of text."""

from fractions import Fraction

from lightning_latent.data.benchmarks.answers import (
    after_mark,
    answer_parts,
    marked_line,
    number_value,
    numbers_in,
    same_number,
)

NUMBERS = [
    ("16-3-4=9", ["16", "3", "4", "9"]),
    ("10 - 4", ["10", "4"]),
    ("the answer is - 5", ["- 5"]),
    ("x=-3", ["-3"]),
    ("-$5 or $-5", ["-$5", "$-5"]),
    ("\u22124 degrees", ["\u22124"]),
    ("1,000,000, then 12,34", ["1,000,000", "12", "34"]),
    ("$18.", ["$18"]),
    (".5 and 3/4 and 2 1/2", [".5", "3/4", "5/2"]),
    ("It is 1/2.", ["1/2"]),
    (r"\frac{3}{4}, \dfrac12 and 2\frac{1}{2}", ["3/4", "1/2", "5/2"]),
    (r"1{,}000 and 2\,500", ["1,000", "2,500"]),
    ("\u00bd and 3\u00bd", ["1/2", "7/2"]),
    ("1e3", ["1e3"]),
    ("1/2e3", ["1/2", "3"]),
    ("no number at all", []),
    ("", []),
]


def test_numbers_are_found_as_written():
    for text, numbers in NUMBERS:
        assert numbers_in(text) == numbers, text


VALUES = [
    ("1,000.0", 1000),
    ("$1000", 1000),
    ("1000.", 1000),
    ("50%", 50),
    ("12 apples", 12),
    ("-0.75", Fraction(-3, 4)),
    ("-3/4", Fraction(-3, 4)),
    ("22 1/2 %", Fraction(45, 2)),
    ("0", 0),
    ("5/0", None),
    ("3 or 4", None),
    ("1e3", 1000),
    ("1/2e3", None),
    ("0/6e1", None),
    ("1e9999999", None),
    ("1e-9999999", None),
    ("9" * 4301, None),
    ("1/" + "9" * 4301, None),
    ("none", None),
]


def test_value_is_exact_or_none():
    for text, value in VALUES:
        assert number_value(text) == value, text


def test_absent_numbers_are_never_the_same():
    assert not same_number("", "")
    assert not same_number("red", "red")


CUES = [
    ("### a\n### b", "b"),
    ("### ", ""),
    (r"so \boxed{\frac{1}{2}} it is", r"\frac{1}{2}"),
    ("The answer is 7, I think.", "7, I think."),
    ("Answer: B", "B"),
    ("the answer is 3. No: the answer is 4", "4"),
    ("The answer to question 2 is clearly 4.", "clearly 4."),
    ("Correct answer - 4", "4"),
    ("**Final Answer**\n4", "4"),
    ("I answer 2 questions", ""),
    ("#2 is bigger", ""),
    ("seven", ""),
]


def test_cue_order():
    for text, stated in CUES:
        assert next(answer_parts(text), "") == stated, text


MARKS = [
    ("<<9*2=18>>\n### 18", "18"),
    ("<<9*2=18>> #### 18\n\n", "18"),
    ("###18 ", "18"),
    ("### a ### b", "b"),
    ("9 * 2 = 18\n###", ""),
    ("### Step 1\n9 * 2 = 18", None),
    ("Team #2 has 18", None),
    ("## 18", None),
    ("", None),
]


def test_mark_counts_in_the_last_line():
    for text, marked in MARKS:
        assert marked_line(text) == marked, text


def test_cues_are_told_apart():
    text = "The answer is 3. No: the answer is 4"
    assert list(answer_parts(text)) == ["4", "3. No: the"]
    assert next(answer_parts(rf"{text}, so \boxed{{5}}")) == "5"
    assert list(answer_parts("### 18\nThat is all.")) == ["18"]
    assert list(answer_parts("### 1 Count\nThat is all.")) == []


def test_mark_is_the_last_one():
    assert after_mark("# one # two") == "two"
    assert after_mark("one") == ""
