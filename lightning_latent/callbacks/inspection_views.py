"""Questions that were looked into, rendered for people: as pictures, as Markdown, as a page.

Legend: B batch, T latents, D hidden size.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from lightning_latent.data.example import Example
from lightning_latent.evaluation.answer import Answer
from lightning_latent.showing import html
from lightning_latent.showing.drawing import new_figure, svg
from lightning_latent.showing.thought_figure import WIDTH, draw_thoughts, height, thought_figure
from lightning_latent.showing.words import Thought

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLAIN, REFINED = "plain", "refined"
KINDS = {
    "fixed": "wrong with plain latents, right as this run answers",
    "broken": "right with plain latents, wrong as this run answers",
    "right": "right",
    "wrong": "wrong",
}
"""What became of a question, in words."""


class Looked(NamedTuple):
    """One question, what it was answered, and what its latents say."""

    kind: str  # one of `KINDS`
    example: Example
    plain: Answer
    answer: Answer  # by the run's method
    ways: Mapping[str, Sequence[Thought]]  # the thoughts, plain ones first, refined ones where latents are refined
    moved: Sequence[float] = ()  # how far each refined latent lies from the plain one, as a part of that one's length


def kind_of(plain: Answer, answer: Answer) -> str:
    """What became of a question by the run's method, one of `KINDS`."""
    if plain.correct == answer.correct:
        return "right" if answer.correct else "wrong"
    return "fixed" if answer.correct else "broken"


def to_show(found: Sequence[Looked]) -> list[Looked]:
    """The fixed and the broken questions, in turn; where nothing changed, right and wrong ones."""
    for kinds in (("fixed", "broken"), ("right", "wrong")):
        parts = [[looked for looked in found if looked.kind == kind] for kind in kinds]
        if any(parts):
            most = max(map(len, parts))
            return [part[place] for place in range(most) for part in parts if place < len(part)]
    return []


def legend(mark: str) -> str:
    """How to read what is shown; `mark` precedes an answer."""
    return (
        "For each latent: the words that the model's output head finds nearest, with their probabilities in per cent, "
        "and the nearest of the question's own words (own word), with the gold step that it is of. "
        f"{mark} is the mark before an answer: a latent that is nearest to it would let the answer follow. "
        "Moved: how far the refined latent lies from the plain one, as a part of that one's length."
    )


# Pictures.


def looked_figure(looked: Looked) -> "Figure":
    """The question's thoughts as bars, plain and refined."""
    return thought_figure(looked.ways, looked.example.steps, title=_headline(looked), moved=looked.moved)


def pair_figure(shown: Sequence[Looked]) -> "Figure":
    """Two questions beside each other, or one: the first, and the first of another kind."""
    pair = [shown[0], *[looked for looked in shown if looked.kind != shown[0].kind][:1]]
    high = max(height(looked.ways, looked.example.steps, looked.moved) for looked in pair)
    figure = new_figure(WIDTH * len(pair), high)
    parts = figure.subfigures(1, len(pair), squeeze=False)[0]
    for part, looked in zip(parts, pair, strict=True):
        draw_thoughts(part, looked.ways, looked.example.steps, title=_headline(looked), moved=looked.moved)
    return figure


def _headline(looked: Looked) -> str:
    before, after = (f"{_mark(answer)} {answer.answer}" for answer in (looked.plain, looked.answer))
    return f"{looked.kind}: {before}  \u2192  {after}"


def _mark(answer: Answer) -> str:
    return "\u2713" if answer.correct else "\u2717"


# Markdown, for TensorBoard.


def looked_markdown(shown: Sequence[Looked], *, note: str, mark: str) -> str:
    """Note and legend, and a table a question."""
    return "\n\n".join([_cell(note), _cell(legend(mark)), *map(_question_markdown, shown)])


def _question_markdown(looked: Looked) -> str:
    header = ["t", *looked.ways]  # as short as can be: TensorBoard breaks words in narrow columns
    lines = [
        f"### {looked.kind}: {_cell(looked.example.id)}",
        _cell(looked.example.question),
        "\n".join(f"{number}. {_cell(step)}" for number, step in enumerate(looked.example.steps, start=1)),
        f"gold: **{_cell(looked.example.answer)}** plain: {_mark(looked.plain)} {_cell(looked.plain.answer)} "
        f"by this run: {_mark(looked.answer)} {_cell(looked.answer.answer)}",
        "\n".join([_row(header), _row(["---"] * len(header)), *_thought_rows(looked)]),
    ]
    return "\n\n".join(line for line in lines if line)


def _thought_rows(looked: Looked) -> list[str]:
    rows = []
    for place, thoughts in enumerate(zip(*looked.ways.values(), strict=True)):
        said = [_said(thought) for thought in thoughts]
        if looked.moved:
            said[-1] += f"; moved {100 * looked.moved[place]:.0f} %"
        rows.append(_row([str(place + 1), *said]))
    return rows


def _said(thought: Thought) -> str:
    """The nearest words, and the question's own, bold and with the step's number where it is of one."""
    words = ", ".join(f"{_shown(word.text)} {100 * word.probability:.0f}" for word in thought.nearest)
    own = _shown(thought.own_word)
    own = f"**{own}** (step {thought.steps[0] + 1})" if thought.steps else own
    return f"{words}; own: {own}" if thought.own_word else words


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _shown(word: str) -> str:
    return _cell(html.visible(word))


def _cell(text: str) -> str:
    """Text that neither breaks a table nor is read as HTML or as a heading: TensorBoard renders Markdown."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|").replace("#", "\\#")


# The page.


def looked_page(shown: Sequence[Looked], *, title: str, note: str, mark: str) -> str:
    """The content of `thoughts.html`."""
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(note)}</p>',
        f'<div class="card"><h2>How to read it</h2><p>A colour is a gold step. {escape(legend(mark))} In the picture: '
        "how the probability of the question's own words is divided among the gold steps, and the likeliest of "
        "these words. Reasoning that keeps to the path goes through the colours in their order.</p></div>",
        *map(_question_html, shown),
    ]
    return html.page(title, body)


def _question_html(looked: Looked) -> str:
    example, ways = looked.example, list(looked.ways)
    header = ["latent"] + [name for way in ways for name in (f"{way}: nearest words, %", "own word")]
    header += ["moved, %"] if looked.moved else []
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    said = [("plain", looked.plain), ("by this run", looked.answer)]
    answers = "; ".join(f"{name}: {html.answer(answer.answer, answer.correct)}" for name, answer in said)
    bad = "" if looked.answer.correct else " wrong"
    picture = f'<img src="{svg(looked_figure(looked))}" alt="the thoughts as bars">'
    return (
        f'<div class="card question{bad}"><h2>{looked.kind}: {escape(KINDS[looked.kind])}</h2>'
        f'<div class="id">{escape(example.id)}</div><p class="asked">{html.asked(example.question, example.steps)}</p>'
        f'<p class="said">gold: <b>{escape(example.answer)}</b>; {answers}</p>'
        f'<div class="looked"><div>{html.step_list(example.steps)}{picture}</div>'
        f'<div class="scroll"><table><tr>{head}</tr>{_thoughts_html(looked)}</table></div></div></div>'
    )


def _thoughts_html(looked: Looked) -> str:
    rows = []
    for place, thoughts in enumerate(zip(*looked.ways.values(), strict=True)):
        cells = [cell for t in thoughts for cell in (html.nearest_words(t.nearest), html.own_word(t.own_word, t.steps))]
        cells += [f"{100 * looked.moved[place]:.1f}"] if looked.moved else []
        rows.append(f"<tr><td>{place + 1}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "".join(rows)
