"""A report as one HTML page that holds all it needs: verdict, examinations, pictures, questions thought by thought."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import zip_longest
from typing import Any

from lightning_latent.doctor.pictures import dependence_picture, place_picture, steps_picture
from lightning_latent.doctor.telling import CHANGES, Section, sections
from lightning_latent.doctor.verdict import headline
from lightning_latent.reasoner.open_thoughts import Word
from lightning_latent.showing import html


def html_page(report: Mapping[str, Any]) -> str:
    """The content of `doctor.html`."""
    about = (
        f"{report['reasoner']['path']}, {report['latents']} latents, on {report['n']:,} {report['benchmark']} "
        f"questions ({report['split']}); 95 % intervals"
    )
    pictures = _pictures(report)
    body = [
        "<h1>Does it think?</h1>",
        f'<p class="about">{escape(about)}</p>',
        _verdict(report),
        *(_section(section, picture) for section, picture in zip(sections(report), pictures, strict=True)),
        _questions(report["shown"]),
    ]
    return html.page(f"doctor: {report['reasoner']['path']}", body)


def _pictures(report: Mapping[str, Any]) -> list[str | None]:
    """One for each section, or None."""
    steps = None if report["steps"] is None else steps_picture(report["steps"])
    return [None, dependence_picture(report), place_picture(report), steps, None, None]


def _verdict(report: Mapping[str, Any]) -> str:
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in report["verdict"]["reasons"])
    kind = report["verdict"]["latents"]
    return f'<div class="card verdict {kind}"><p>{escape(headline(report))}</p><ul>{reasons}</ul></div>'


def _section(section: Section, picture: str | None) -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in section.lines)
    table = f'<div class="scroll">{_table(section.header, section.rows)}</div>' if section.rows else ""
    inside = f"<h2>{escape(section.title)}</h2>{text}{table}"
    if picture is not None:
        inside = f'<div class="beside"><div>{inside}</div><img src="{picture}" alt="{escape(section.title)}"></div>'
    return f'<div class="card">{inside}</div>'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


# Questions, thought by thought.


def _questions(shown: Sequence[Mapping[str, Any]]) -> str:
    right = [question for question in shown if question["correct"]]
    wrong = [question for question in shown if not question["correct"]]
    pairs = "".join(
        f'<div class="pair">{"".join(_question(q) if q else "<div></div>" for q in pair)}</div>'
        for pair in zip_longest(right, wrong)
    )
    return (
        '<div class="card"><h2>A few questions, thought by thought</h2><p>Left: answered right. Right: answered wrong. '
        "A colour is a gold step. For each latent: the words that the model's output head finds nearest, with their "
        "probabilities in per cent; the nearest of the question's own words, coloured where it is a gold step's; "
        "and the answer "
        f"if thinking stopped there.</p></div>{pairs}"
    )


def _question(question: Mapping[str, Any]) -> str:
    thoughts = "".join(_thought(number, thought) for number, thought in enumerate(question["thoughts"], start=1))
    head = (
        "<tr><th></th><th>nearest words, %</th><th>nearest of the question's</th><th>answer if it stops here</th></tr>"
    )
    replaced = "; ".join(f"{escape(CHANGES[name])}: {_answer(said)}" for name, said in question["replaced"].items())
    kind = "" if question["correct"] else " wrong"
    return (
        f'<div class="card question{kind}"><div class="id">{escape(question["id"])}</div>'
        f'<p class="asked">{html.asked(question["question"], question["steps"])}</p>{html.step_list(question["steps"])}'
        f"<table>{head}{thoughts}</table>"
        f'<p class="said">gold: <b>{escape(question["gold"])}</b>; answer: {_answer(question)}</p>'
        f'<p class="said muted">with other latents: {replaced}</p></div>'
    )


def _thought(number: int, thought: Mapping[str, Any]) -> str:
    words = html.nearest_words([Word(**word) for word in thought["nearest"]])
    own = html.own_word(thought["own_word"], thought["steps"])
    return f"<tr><td>{number}</td><td>{words}</td><td>{own}</td><td>{_answer(thought['stopped'])}</td></tr>"


def _answer(said: Mapping[str, Any]) -> str:
    return html.answer(said["answer"], said["correct"])
