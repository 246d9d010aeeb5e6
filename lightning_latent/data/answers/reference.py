"""What the reference repository of Coconut counts as right, so that figures can be compared with published ones."""


def reference_answer(text: str) -> str:
    """The text after the last `#`, commas removed, stripped; the empty string where no `#` stands.

    The repository splits question and generated text together, so that a text without `#` is never right there.

    >>> reference_answer("9 * 2 = 18. ### 1,018"), reference_answer("The answer is 18.")
    ('1018', '')
    """
    _, mark, tail = text.rpartition("#")
    return tail.replace(",", "").strip() if mark else ""


def same_as_reference(text: str, gold: str) -> bool:
    """Whether a generated text is right by the repository's judgement: the same characters, commas and blanks aside.

    >>> same_as_reference("### 1,018", "1018"), same_as_reference("### 18.0", "18"), same_as_reference("18", "18")
    (True, False, False)
    """
    return same_characters(reference_answer(text), gold)


def same_characters(prediction: str, gold: str) -> bool:
    """Whether an answer is the gold one, character by character, commas and surrounding blanks aside."""
    prediction, gold = (answer.replace(",", "").strip() for answer in (prediction, gold))
    return prediction != "" and prediction == gold
