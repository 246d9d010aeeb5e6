"""Pieces of a page that holds all it needs: its frame, words of latents, gold steps in colours, answers with marks."""

from collections.abc import Sequence
from html import escape

from lightning_latent.reasoner.open_thoughts import Word
from lightning_latent.showing.style import STEP_COLORS, STYLE


def page(title: str, body: Sequence[str]) -> str:
    """A whole page of HTML, whose body is given in pieces of HTML."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    inside = "\n".join(body)
    return f"<!doctype html>\n<html lang='en'><head>{head}</head><body><main>\n{inside}\n</main></body></html>\n"


def asked(question: str, steps: Sequence[str]) -> str:
    """A question, its gold steps coloured where they stand in it."""
    text = escape(question).replace("\n", "<br>")
    for number, told in enumerate(steps):
        if told.strip():
            text = text.replace(escape(told), step(number, told))
    return text


def step(number: int, text: str) -> str:
    """A gold step, or a word of one, in the step's colour."""
    return f'<span class="step s{number % len(STEP_COLORS)}">{escape(text)}</span>'


def step_list(steps: Sequence[str]) -> str:
    """The gold steps, numbered and coloured; nothing where there are none."""
    return (
        "<ol>" + "".join(f"<li>{step(number, text)}</li>" for number, text in enumerate(steps)) + "</ol>"
        if steps
        else ""
    )


def nearest_words(words: Sequence[Word]) -> str:
    """Words with their probabilities in per cent, the fainter the less likely."""
    return " ".join(_word(word) for word in words)


def own_word(text: str, steps: Sequence[int]) -> str:
    """The nearest of a question's own words, in the colour of the first of the gold steps that it belongs to."""
    if not text:
        return ""
    return step(steps[0], visible(text)) if steps else escape(visible(text))


def visible(word: str) -> str:
    r"""A token's text, blanks around it left out; one that is nothing else is shown as Python writes it.

    >>> visible(" fompus."), visible("\n")
    ('fompus.', '\\n')
    """
    return word.strip() or repr(word)[1:-1]


def answer(text: str, correct: bool | None) -> str:
    """An answer with a mark that says whether it is right."""
    mark, kind = {True: ("✓ ", "right"), False: ("✗ ", "wrong-answer"), None: ("", "")}[correct]
    return f'<span class="{kind}">{mark}{escape(text or "no answer")}</span>'


def _word(word: Word) -> str:
    ink = 0.35 + 0.65 * word.probability
    said = f"{escape(visible(word.text))} <small>{100 * word.probability:.0f}</small>"
    return f'<span class="word" style="opacity:{ink:.2f}">{said}</span>'
