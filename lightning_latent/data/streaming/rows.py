"""The rows of a file or a hub dataset, numbered over all of it, each with the place where it stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datasets import Dataset


class Row(NamedTuple):
    """A row as it is read.

    Attributes:
        index: Its place among the rows, from 0.
        line: The line it begins on, from 1; 0 where rows have no lines.
        data: The undecoded line, or the columns.
    """

    index: int
    line: int
    data: Any


@dataclass(frozen=True)
class Rows:
    """Rows to be read any number of times: front to back, in flat memory, or in any order, once they are mapped.

    Attributes:
        name: What stands in the ids of the examples between the benchmark and the row.
        place: Where the rows are, for messages: a path, or the name of a hub dataset.
        stream: Reads all rows, undecoded.
        decode: Makes a mapping of what is read; a `ValueError` if it is none.
        size: The number of rows; None where it is unknown.
        table: The same rows, mapped into memory by `datasets`.
    """

    name: str
    place: str
    stream: Callable[[], Iterable[Row]]
    decode: Callable[[Any], Mapping[str, Any]] = dict
    size: int | None = None
    table: "Dataset | None" = None

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
        return f"{self.place}:{row.line}" if row.line else f"{self.place}: row {row.index}"

    def counted(self) -> "Rows":
        """The same rows with their number, for which they are read once."""
        return replace(self, size=sum(1 for _ in self.stream()))


def reason(error: Exception) -> str:
    """What `datasets` has to say, in one line; what its readers say it wraps in an error of its own."""
    from datasets.exceptions import DatasetGenerationError

    said = error.__cause__ or error if isinstance(error, DatasetGenerationError) else error
    return next(iter(str(said).splitlines()), "") or type(said).__name__
