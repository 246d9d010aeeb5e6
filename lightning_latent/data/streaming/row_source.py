"""Examples read from the rows of a file or a hub dataset by a benchmark's adapter."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.rows import Row, Rows
from lightning_latent.data.streaming.source import ExampleSource, at_positions, shuffled
from lightning_latent.data.streaming.tables import HubReference, open_hub, open_table
from lightning_latent.data.streaming.text import open_text
from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError

_TEXT, _TABLES = (".json", ".jsonl", ".ndjson", ".txt", ".tsv"), (".csv", ".parquet", ".arrow")
_MEND = "correct or remove the row"
_LONGEST = 300  # characters of a complaint about a row
_SLICE = re.compile(r"(.+)\[(\d*):(\d*)\]")


@dataclass(eq=False)
class RowSource(ExampleSource):
    """The examples of rows, parsed one at a time.

    Ids are `"{benchmark}/{rows}/{row}"`, where `row` is the row's own id or its index among *all* rows: they do not
    depend on what is left out, nor on the order.
    """

    rows: Rows
    benchmark: Benchmark
    start: int = 0  # the first row to take
    stop: int | None = None  # the row to stop before; None takes all
    dropped: frozenset[int] = frozenset()  # numbers of the rows that are left out
    limit: int | None = None  # how many examples there are at most; None for no limit
    shuffle_buffer: int = 0  # size of the buffer to shuffle through; 0 keeps the order
    seed: int = 0
    epoch: int = 0  # it changes the order, as the seed does
    unlabelled: bool = False  # whether rows may lack the gold answer

    def __len__(self) -> int:
        """The number of examples; a `TypeError` for a hub dataset that does not declare it."""
        if self.rows.size is None:
            raise TypeError(f"{self.rows.name} does not declare its number of rows")
        stop = self.rows.size if self.stop is None else min(self.stop, self.rows.size)
        kept = max(0, stop - self.start) - len(self.dropped)
        return kept if self.limit is None else min(kept, self.limit)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration."""
        self.epoch = epoch

    def iter_examples(self, positions: Iterable[int]) -> Iterator[Example]:
        """See `ExampleSource.iter_examples`. All rows are read over, and those of the positions parsed."""
        keys = islice(self._taken(self.rows.keys()), self.limit)
        order = shuffled(keys, buffer_size=self.shuffle_buffer, seed=self.seed, epoch=self.epoch)
        return (self.parse(self.rows.row(key)) for key in at_positions(order, positions))

    def parse(self, row: Row) -> Example:
        """Parse a row; whatever an adapter trips over becomes a `UserError` with the row's place and the reason."""
        reader = ""
        try:
            decoded = self.rows.decode(row.data)
            reader = f"not a row of {type(self.benchmark).__name__}: "
            parse = self.benchmark.parse_question if self.unlabelled else self.benchmark.parse
            example = parse(decoded, index=row.number)
            check_text(example)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            reason, mend = _reason(error), _MEND
            if self._lacks_gold(row):
                reason, mend = f"no gold answer ({reason})", "give it one, or answer it by predict (data.predict)"
            raise UserError(f"{self.rows.where(row)}: {reader}{reason}; {mend}") from error
        return example._replace(id=f"{self.benchmark.name}/{self.rows.name}/{example.id}")

    def _lacks_gold(self, row: Row) -> bool:
        """Whether a row that cannot be parsed is a question to which only the gold answer is missing."""
        try:
            return (
                not self.unlabelled
                and not self.benchmark.parse_question(self.rows.decode(row.data), index=row.number).answer
            )
        except Exception:  # as the row was refused already, whatever else is wrong with it
            return False

    def parse_all(self) -> None:
        """Parse every example once, so that a malformed one is seen now."""
        for row in islice(self._taken(self.rows.stream()), self.limit):
            self.parse(row)

    def without(self, unwanted: Callable[[Example], bool]) -> "RowSource":
        """A copy without the examples that are `unwanted`; parses every row once to find them."""
        found = {row.number for row in self._taken(self.rows.stream()) if unwanted(self.parse(row))}
        return replace(self, dropped=self.dropped | found)

    def without_bad(self) -> tuple["RowSource", list[str]]:
        """A copy without the rows that cannot be parsed, and what is wrong with each of them.

        All rows are parsed once to find them, so the same ones are missing in every process, and the length is exact.
        """
        errors: dict[int, str] = {}
        for row in self._taken(self.rows.stream()):
            try:
                self.parse(row)
            except UserError as error:
                errors[row.number] = str(error)
        return replace(self, dropped=self.dropped | errors.keys()), list(errors.values())

    def shuffled(self, *, buffer_size: int, seed: int) -> "RowSource":
        """A copy in an order of its own for each epoch. Rows that are mapped are shuffled as a whole."""
        whole = self.rows.table is not None and buffer_size > 0
        return replace(self, shuffle_buffer=len(self) if whole else buffer_size, seed=seed)

    def _taken(self, items: Iterable[Any]) -> Iterator[Any]:
        """Of one item a row, those of the rows that are taken, before the limit."""
        rows = islice(enumerate(items), self.start, self.stop)
        return (item for number, item in rows if number not in self.dropped)


def open_rows(
    text: str, benchmark: Benchmark, *, default_split: str, streaming: bool, unlabelled: bool = False
) -> RowSource:
    """Open what a user names: a path or a hub reference, with an optional `[start:stop]` at its end.

    Rows that are not streamed are mapped into memory; where they are `unlabelled` they may lack the gold answer. An
    empty choice of rows is a `UserError`.
    """
    match = _SLICE.fullmatch(text)
    name, start, stop = match.groups() if match else (text, "", "")
    if name.startswith("hub:"):
        rows = open_hub(HubReference.parse(name, default_split=default_split), streaming=streaming)
    else:
        rows = open_file(resolve(name), streaming=streaming)
    source = RowSource(rows, benchmark, start=int(start or 0), stop=int(stop) if stop else None, unlabelled=unlabelled)
    if rows.size == 0:
        raise UserError(f"{name}:1: no rows; give a file with at least one")
    if rows.size is not None and not len(source):
        raise UserError(f"{text}: the slice is empty; there are {rows.size} rows")
    return source


def open_file(path: str, *, streaming: bool) -> Rows:
    """Open a local file by its suffix. The rows have its name, without suffixes."""
    file = Path(path)
    plain = file.with_suffix("") if file.suffix in (".gz", ".zst") else file
    if plain.suffix not in _TEXT + _TABLES:
        kinds = f"{', '.join(_TEXT)} (also .gz, .zst), {', '.join(_TABLES)}"
        raise UserError(f"{path}: unknown kind of file; give {kinds}")
    if not file.is_file():
        raise UserError(f"{path}: no such file; check the path")
    reader = open_table if plain.suffix in _TABLES else open_text
    return reader(path, name=plain.stem, suffix=plain.suffix, streaming=streaming)


def check_text(example: Example) -> None:
    r"""Refuse, by a `ValueError`, what an adapter makes of a row where it holds half a character, as rows themselves.

    >>> check_text(Example("1", "a \ud800 b", (), "2"))
    Traceback (most recent call last):
    ValueError: question holds '\ud800', half a character
    """
    for name, value in example._asdict().items():
        try:
            "".join(value).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{name} holds {error.object[error.start]!r}, half a character") from None


def _reason(error: Exception) -> str:
    """What an adapter has against a row, in one line; where it trips over the row, the exception's kind as well."""
    text = " ".join(str(error).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."  # it may quote a whole field
    return text if isinstance(error, ValueError) else f"the adapter cannot read it ({type(error).__name__}: {text})"
