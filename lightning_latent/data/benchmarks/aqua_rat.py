"""AQuA-RAT: algebra questions with five options and a rationale."""

import re
from typing import ClassVar

from lightning_latent.data.benchmark import Fields, row_id, text_field, texts_field
from lightning_latent.data.benchmarks.choices import MultipleChoice, labelled, without_verdict
from lightning_latent.data.example import Example

_LINE_BREAK = re.compile(r"[ \t]*@NL[ \t]*")  # how some rows write one
_TSV_OPTION = re.compile(r"\(([A-E])\)(.*?)(?=\n\([A-E]\)|$)", re.DOTALL)


class AquaRat(MultipleChoice):
    """AQuA-RAT (arXiv 1705.04146): the answer is one of five options, by letter or text.

    Reads the official JSON lines `{question, options, rationale, correct}` and FLAN's lines with three fields between
    tabs: question with options, letter in brackets, rationale. The options stand below the question, the gold answer is
    the option with its letter, and the steps are the lines of the rationale without the closing "answer: C".
    """

    name = "aqua_rat"
    max_new_tokens = 320
    unlabelled: ClassVar[Fields] = {"correct": "A"}

    def parse(self, row: Fields, *, index: int) -> Example:
        """See `Benchmark.parse`."""
        if "text" in row:
            question, options, letter, rationale = _tsv_line(text_field(row, "text"))
        else:
            question, options = text_field(row, "question"), labelled(texts_field(row, "options"))
            letter, rationale = text_field(row, "correct"), str(row.get("rationale") or "")
        question, rationale = (_LINE_BREAK.sub("\n", text).strip() for text in (question, rationale))
        options = tuple(_LINE_BREAK.sub(" ", option).strip() for option in options)
        if len(options) != 5:
            raise ValueError(f"there are {len(options)} options instead of five")
        steps = tuple(line.strip() for line in without_verdict(rationale).split("\n") if line.strip())
        return self.example(row_id(row, index, "id"), question, options, letter, steps)


def _tsv_line(line: str) -> tuple[str, tuple[str, ...], str, str]:
    r"""Split FLAN's line, in which a line break is written as the two characters `\n`."""
    fields = line.replace("\\n", "\n").split("\t")
    if len(fields) != 3:
        raise ValueError(f"a line must have three fields between tabs, not {len(fields)}")
    question, mark, options = fields[0].partition("\nOptions:\n")
    if not mark or not question.strip():
        raise ValueError(r"the first field must read 'question\nOptions:\n(A) ...'")
    texts = [text for _, text in _TSV_OPTION.findall(options)]
    return question.strip(), labelled(texts), fields[1].strip(" ()"), fields[2]
