"""Multiple-choice answers, the awkward ones included."""

import pytest

from lightning_latent.data import AquaRat, MathQA
from lightning_latent.data.answers.options import same_option
from lightning_latent.data.benchmarks.choices import (
    correct_option,
    labelled,
    with_options,
    without_options,
    without_verdict,
)
from lightning_latent.data.benchmarks.mathqa import split_options

GOLD = "C) 625"


TEXTS = [
    ("### C) 625", True),
    ("### C", True),
    ("### c", True),
    ("### (C)", True),
    ("### C.", True),
    ("### 625", True),
    ("### 625.0 ways", True),
    ("### c ) 625", True),
    ("### option C", True),
    ("### C) 120", True),  # the letter decides
    ("### B) 625", False),
    ("### 120", False),
    ("### 6250", False),
    ("### -625", False),
    ("### 625 or 120", False),
    ("### 625/2", False),
    ("### A", False),
    ("### I do not know", False),
    ("###", False),
    ("C) 625\n###", False),  # a mark without an answer is no answer
    ("The answer is (C).", True),
    ("The answer is C) 625.", True),
    ("the answer is 625, since 5 * 125 = 625.", True),
    ("the answer is 625 (C)", True),
    ("Answer: **C**", True),
    ("So the correct answer is option C", True),
    (r"\boxed{C}", True),
    ("(A) is too small and (B) is odd, so it must be (C)", True),
    ("It is neither (C) nor (A)", False),
    ("C", True),
    ("C) 625", True),
    ("C) since (A) is too small", True),
    ("A car drives 625 km", False),
    ("### Answer: C", True),
    ("### The answer is C", True),
    ("### Answer\nC", True),
    (r"### \boxed{C}", True),
    (r"\boxed{\text{C}}", True),
    (r"$\boxed{\textbf{(C) }625}$", True),
    (r"The answer is \(C\).", True),
    ("### `C`", True),
    ("### **C**", True),
    ("### C because 25*25=625", True),
    ("### C - 625", True),
    ("### C 625", True),
    ("### C\nsince (A) is too small", True),
    ("### Step 3\nThe answer is (C)", True),
    ("## Answer: C\n\n(A) is too small.", True),
    ("The correct option is C.", True),
    ("The right choice: C", True),
    ("So C is correct.", True),
    ("**Option C** is the right answer", True),
    ("A is not correct. C is correct.", True),
    ("The answer is clearly C.", True),
    ("So it must be C.", True),
    ("The answer is not (B) but (C).", True),
    ("It isn't (B). It is (C).", True),
    ("The answer is (C), not (A)", True),
    ("The answer is C and not B.", True),
    ("### I choose C", True),
    ("The answer is not C.", False),
    ("C is the right angle", False),
    ("### train C", False),
    ("### 45 C", False),
    ("### B or C", False),
    ("", False),
]


def test_letter_or_text():
    for text, right in TEXTS:
        for benchmark in (MathQA(), AquaRat()):
            assert benchmark.matches(benchmark.extract(text), GOLD) is right, text


OTHERS = [
    ("10 or 20", "A) 10"),
    ("10", "A) 10 or 20"),
    ("none", "E) none of these"),
    ("4", "C) 4 \u03c0"),
    ("4", "C) 4 pi"),
    ("1", "C) 1 million km"),
    ("5 days", "B) 5 hours"),
    ("10", "A) less than 10"),
    ("3 : 5", "D) 5 : 3"),
    ("15, 11", "A) 15"),
    ("1/2", "A) 1/2 + 1/3"),
    ("0.9", "C) . 09"),
    ("", "A) 5"),
    ("6,25", "C) 625"),
    ("3,5", "A) 35"),
    ("21/2", "A) 2 1/2"),
    ("4", "A) 4 factorial"),
    ("4", "A) 4 squared"),
    ("4", "A) 4 dozens"),
    ("4", "A) 4 hundreds"),
    ("4", "A) 4 bn"),
    ("4", "A) 4 lacs"),
    ("4", "A) 4 x"),
    ("5", "A) 5 less than x"),
    ("20", "A) 20 % loss"),
    ("train B", "B) train A"),
]


def test_option_that_contains_another_is_another():
    for prediction, gold in OTHERS:
        for benchmark in (MathQA(), AquaRat()):
            assert not benchmark.matches(benchmark.extract(f"### {prediction}"), gold), (prediction, gold)


SAME = [
    ("150", "150 m"),
    ("rs . 480", "Rs. 480"),
    ("rs . 480", "480 rupees"),
    ("s . 480", "480"),
    ("1,500.0", "1500"),
    ("1,00,000", "100000"),
    ("45\u00b0", "45 degrees"),
    ("45", "45\u00b0"),
    ("16 sq . cm", "16"),
    ("12 km per hour", "12"),
    ("3 candy bars", "3"),
    ("25 %", "25"),
    ("-3/4", "-0.75"),
    ("2 1/2 days", "2.5"),
    (". 5", "0.5"),
    ("None of These", "none of these"),
    ("5:3", "5 : 3"),
    ("16, 14", "16 , 14"),
    ("4 \u221a 3", "4\u221a3"),
]


def test_same_option():
    for left, right in SAME:
        assert same_option(left, right) and same_option(right, left), (left, right)


def test_options_are_shown_and_taken_away_again():
    options = labelled(["A)1", "(b) 2", "c ) c ) 3"])
    assert options == ("A) 1", "B) 2", "C) 3")
    assert labelled(["1", "B)"]) == ("A) 1", "B)")
    assert without_options(with_options("q?", options), options) == "q?"
    assert without_options("q?", options) == without_options("q?", ()) == "q?"
    with pytest.raises(ValueError, match="'e', but there are only 3"):
        correct_option(options, "e")
    with pytest.raises(ValueError, match="9 options"):
        labelled(["x"] * 9)


VERDICTS = [
    "Answer: C",
    "ANSWER:C",
    "The correct option is (C).",
    "so the answer will be c .",
    "Hence C is the answer",
    "\nC",
    "Ans C",
]


def test_verdict_is_no_step():
    steps = "5 * 5 = 25\n25 * 25 = 625"
    for verdict in VERDICTS:
        text = f"{steps} . {verdict}".replace(". \n", "\n")
        assert without_verdict(text).rstrip(" .") == steps, verdict


def test_verdict_is_looked_for_at_the_end_alone():
    assert without_verdict("5 * 5 = 25\n" * 100 + "Answer: C") == ("5 * 5 = 25\n" * 100).strip()
    for text in ("so the " * 3000 + "end", "triangle abc c" + "." * 199):  # the last 200 characters open with a "c"
        assert without_verdict(text) == text


def test_rationale_without_verdict_stays():
    assert (
        without_verdict("x = 42 = answer choice values a\nso x is even")
        == "x = 42 = answer choice values a\nso x is even"
    )


def test_other_than_five_options_are_refused():
    for text in ("a ) 1 , b ) 2", "['a ) 1', 'b ) 2']", "[oops", "a ) 1 , c ) 2 , b ) 3 , d ) 4 , e ) 5"):
        with pytest.raises(ValueError, match="options"):
            split_options(text)


def test_commas_in_options_do_not_split_them():
    assert split_options("a ) 1 , 2 , b ) 1,000 , c ) x , y , d ) 0 , e ) none , really") == [
        "1 , 2",
        "1,000",
        "x , y",
        "0",
        "none , really",
    ]
