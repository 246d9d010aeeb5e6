"""Which parts of a text state its answer."""

from lightning_latent.data.answers.plain import plain
from lightning_latent.data.answers.statements import marked_line, statements

CUES = [
    ("### a\n### b", "b"),
    ("### ", ""),
    (r"so \boxed{\frac{1}{2}} it is", "1/2"),
    ("The answer is 7, I think.", "7, I think."),
    ("Answer: B", "B"),
    ("the answer is 3. No: the answer is 4", "4"),
    ("The answer to question 2 is clearly 4.", "clearly 4."),
    ("Correct answer - 4", "4"),
    ("If the answer is 3, she has too few.", ""),
    ("Is the answer 3?", ""),
    ("The answer is 3?", ""),
    ("A wrong answer is 3.", ""),
    ("The answer is not 3.", ""),
    ("The answer is not 3 but 4.", "4."),
    ("I answer 2 questions", ""),
    ("#2 is bigger", ""),
    ("seven", ""),
]


def test_cue_order():
    for text, stated in CUES:
        assert next((part.text for part in statements(plain(text)).parts), "") == stated, text


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
    assert [part.text for part in statements(text).parts] == ["4", "3. No: the"]
    assert statements(rf"{text}, so \boxed{{5}}").parts[0].text == "5"
    assert [part.text for part in statements("### 18\nThat is all.").parts] == ["18"]
    assert statements("### 1 Count\nThat is all.").parts == []
    assert statements("9 * 2 = 18\n###").rest is None
