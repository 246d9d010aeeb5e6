"""Examples read from the rows of a file or a hub dataset by a benchmark's adapter."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.files import open_file
from lightning_latent.data.hub import HubReference, HubRows
from lightning_latent.data.rows import RawRow, Rows
from lightning_latent.data.source import KeyedSource
from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

_SLICE = re.compile(r"(.+)\[(\d*):(\d*)\]")


class RowSource(KeyedSource):
    """The examples of a stream of rows, parsed one at a time.

    Ids are `"{benchmark}/{rows}/{row}"`, where `row` is the row's own id or its index among *all* rows: they do not
    depend on what is left out.

    Args:
        rows: The raw rows.
        benchmark: The adapter that parses them.
        start: First row to take.
        stop: Row to stop before; None takes all.

    Attributes:
        dropped: Indices of the rows that are left out.
        limit: How many examples there are at most; None for no limit.
    """

    def __init__(self, rows: Rows, benchmark: Benchmark, *, start: int = 0, stop: int | None = None) -> None:
        self.rows = rows
        self.benchmark = benchmark
        self.start = start
        self.stop = stop
        self.limit: int | None = None
        self.dropped: frozenset[int] = frozenset()

    def __len__(self) -> int:
        """The number of examples; a `TypeError` for a hub dataset that does not declare it."""
        count = self.rows.count()
        if count is None:
            raise TypeError(f"{self.rows.name} does not declare its number of rows")
        stop = count if self.stop is None else min(self.stop, count)
        kept = max(0, stop - self.start) - len(self.dropped)
        return kept if self.limit is None else min(kept, self.limit)

    def iter_keys(self) -> Iterator[RawRow]:
        """The raw rows that are taken, in order."""
        taken = 0
        for row in self.rows:
            if row.index == self.stop or taken == self.limit:
                return
            if row.index >= self.start and row.index not in self.dropped:
                taken += 1
                yield row

    def load(self, key: RawRow) -> Example:
        """Parse a row; a `UserError` with its place and the reason if it is malformed.

        Adapters need not look for every field before they take it: what they raise then becomes such an error too.
        """
        row = self.rows.decode(key)
        try:
            example = self.benchmark.parse(row, index=key.index)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UserError(f"{self.rows.where(key)}: {_reason(error)}; correct or remove the row") from error
        return example._replace(id=f"{self.benchmark.name}/{self.rows.name}/{example.id}")

    def without(self, unwanted: Callable[[Example], bool]) -> "RowSource":
        """A copy without the examples that are `unwanted`; parses every row once to find them."""
        kept = copy.copy(self)
        kept.limit = None
        found = frozenset(row.index for row in kept.iter_keys() if unwanted(self.load(row)))
        kept.dropped = self.dropped | found
        kept.limit = self.limit
        return kept

    def without_bad(self) -> tuple["RowSource", list[str]]:
        """A copy without the rows that cannot be parsed, and what is wrong with each of them; parses every row once.

        Found by one pass over all rows rather than while reading, the same rows are missing in every process, and the
        length stays exact.
        """
        errors: dict[int, str] = {}
        for row in self.iter_keys():
            try:
                self.load(row)
            except UserError as error:
                errors[row.index] = str(error)
        kept = copy.copy(self)
        kept.dropped = self.dropped | errors.keys()
        return kept, list(errors.values())

    def first(self, limit: int | None) -> "RowSource":
        """A copy of the first `limit` examples that are not dropped; all of them for None."""
        kept = copy.copy(self)
        kept.limit = limit
        return kept


class MemorySource(KeyedSource):
    """Examples parsed once and held in memory, as an Arrow table that workers share without copying.

    Args:
        source: The source to read.
    """

    def __init__(self, source: KeyedSource) -> None:
        self._table = _arrow_table(map(source.load, source.iter_keys()))

    def __len__(self) -> int:
        """The number of examples."""
        return len(self._table)

    def iter_keys(self) -> Iterator[int]:
        """The numbers of the examples."""
        return iter(range(len(self)))

    def load(self, key: int) -> Example:
        """Rebuild an example from the table."""
        row = self._table[key]
        return Example(**{**row, "steps": tuple(row["steps"]), "options": tuple(row["options"])})


def open_rows(text: str, benchmark: Benchmark, *, default_split: str, streaming: bool) -> RowSource:
    """Open what a user names: a path or a hub reference, with an optional `[start:stop]` at its end.

    An empty choice of rows is a `UserError`.
    """
    match = _SLICE.fullmatch(text)
    name, start, stop = match.groups() if match else (text, "", "")
    if name.startswith("hub:"):
        rows: Rows = HubRows(HubReference.parse(name, default_split=default_split), streaming=streaming)
    else:
        rows = open_file(resolve(name))
    source = RowSource(rows, benchmark, start=int(start or 0), stop=int(stop) if stop else None)
    count = rows.count()
    if count == 0:
        raise UserError(f"{name}:1: no rows; give a file with at least one")
    if count is not None and not len(source):
        raise UserError(f"{text}: the slice is empty; there are {count} rows")
    return source


def _reason(error: Exception) -> str:
    """What an adapter has against a row, in one line; where it trips over the row, the exception's kind as well."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) else f"the adapter cannot read it ({type(error).__name__}: {text})"


def _arrow_table(examples: Iterator[Example]) -> "Dataset":
    from datasets import Dataset, Features, List, Value  # takes seconds, and streaming does not need it

    text = Value("large_string")
    features = Features({"id": text, "question": text, "steps": List(text), "answer": text, "options": List(text)})
    columns: dict[str, list] = {name: [] for name in Example._fields}
    for example in examples:
        for name, value in example._asdict().items():
            columns[name].append(value)
    return Dataset.from_dict(columns, features=features)
