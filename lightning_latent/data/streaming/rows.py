"""The rows of a file or a hub dataset, numbered over all of it, each with the place where it stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from lightning_latent.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset


class Row(NamedTuple):
    """A row as it is read."""

    number: int  # among all rows, from 0
    line: int  # the one it begins on, from 1; 0 where rows have no lines
    data: Any  # the undecoded line, or the columns


@dataclass(frozen=True)
class Rows:
    """Rows to be read any number of times: front to back, in flat memory, or in any order, once they are mapped."""

    name: str  # what stands in the ids of the examples between the benchmark and the row
    place: str  # for messages: a path, or the name of a hub dataset
    stream: Callable[[], Iterable[Row]]  # reads all rows, undecoded
    decode: Callable[[Any], Mapping[str, Any]] = dict  # makes a mapping of what is read; a `ValueError` if it is none
    size: int | None = None  # the number of rows; None where it is unknown
    table: "Dataset | None" = None  # the same rows, mapped into memory

    def keys(self) -> Iterator[Any]:
        """One key a row, in order: its number where rows are mapped, else the undecoded row itself."""
        return iter(self.stream() if self.table is None else range(len(self.table)))

    def row(self, key: Any) -> Row:
        """The row of a key."""
        if self.table is None:
            return key
        columns = self.table[key]
        if self.decode is dict:
            return Row(key, 0, columns)
        return Row(key, columns["line"], columns["data"])  # text, as it is mapped

    def where(self, row: Row) -> str:
        """Where a row stands, for messages: `path:line` for text."""
        return f"{self.place}:{row.line}" if row.line else f"{self.place}: row {row.number}"

    def counted(self) -> "Rows":
        """The same rows with their number, for which they are read once."""
        return replace(self, size=sum(1 for _ in self.stream()))


@contextmanager
def in_one_line(problem: str, mend: str) -> Iterator[None]:
    """Turn whatever `datasets` raises, of dozens of kinds, into one line; what its readers say it wraps once more."""
    from datasets.exceptions import DatasetGenerationError  # takes a second

    try:
        yield
    except Exception as error:
        said = error.__cause__ or error if isinstance(error, DatasetGenerationError) else error
        reason = next(iter(str(said).splitlines()), "") or type(said).__name__
        raise UserError(f"{problem} ({reason}); {mend}") from None
