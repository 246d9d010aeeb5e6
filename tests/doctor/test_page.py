"""The page and the console hold what the report says, and nothing from elsewhere."""

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from lightning_latent.doctor.console import print_report
from lightning_latent.doctor.examine import examine
from lightning_latent.doctor.page import html_page
from lightning_latent.doctor.telling import gain, percent, sections
from tests.doctor.stubs import make_subject, questions

ABOUT = {"reasoner": {"path": "<b>&some/reasoner"}, "benchmark": "prosqa", "split": "validation"}
VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module")
def report():
    return {**ABOUT, **examine(make_subject("computation"), questions(60))}


class Reader(HTMLParser):
    """Keeps the words, the addresses and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def test_the_page_is_whole_and_holds_all_it_needs(report) -> None:
    page = html_page(report)
    reader = Reader()
    reader.feed(page)
    assert not reader.open and not {"script", "link", "iframe", "b&some"} & reader.tags
    assert len(reader.sources) == 3 and all(
        source.startswith("data:image/svg+xml;base64,") for source in reader.sources
    )
    assert "http" not in re.sub(r"base64,[^\"]+", "", page) and "@import" not in page
    assert "<b>&some/reasoner" in reader.words
    for question in report["shown"]:
        assert question["gold"] in reader.words
    for section in sections(report):
        assert section.title in reader.words
        for cell in (cell for row in section.rows for cell in row):
            assert cell in reader.words


def test_numbers_are_told_as_they_are(report) -> None:
    table = next(section for section in sections(report) if section.title == "Do answers depend on the latents?")
    other = report["dependence"]["other"]
    row = next(row for row in table.rows if row[0] == "another question's")
    assert row[1:4] == [percent(other["accuracy"]), gain(other), percent(other["changed"])]
    assert percent({"share": 0.5, "ci95": [0.25, 0.75], "of": 4}) == "50.0 [25.0, 75.0]"
    assert gain({"gain": -0.25, "gain_ci95": [-0.5, 0.01]}) == "-25.0 [-50.0, +1.0]"


def test_what_a_question_says_is_no_markup(report) -> None:
    evil = {**report["shown"][0], "question": "<script>alert(1)</script>", "gold": "<i>", "id": '"><img src=x>'}
    reader = Reader()
    reader.feed(html_page({**report, "shown": [evil]}))
    assert "script" not in reader.tags and "i" not in reader.tags and "x" not in reader.sources


def test_the_console_shows_every_number_however_narrow_it_is(report) -> None:
    drawn = io.StringIO()
    print_report(report, Console(width=40, file=drawn))
    for section in sections(report):
        assert section.title in drawn.getvalue()
        assert all(cell in drawn.getvalue() for row in section.rows for cell in row)
