"""Tables opened by `datasets`, streamed or mapped into memory: CSV, Parquet and Arrow files, and hub datasets."""

import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from huggingface_hub import resolve_revision
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RevisionResolutionError

from lightning_latent.data.streaming.rows import Row, Rows, in_one_line
from lightning_latent.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

_REFERENCE = re.compile(r"hub:(?P<path>[^:@#]+)(?::(?P<config>[^@#]+))?(?:@(?P<revision>[^#]+))?(?:#(?P<split>.+))?")
_CHUNK = 256  # rows that are read at a time


class HubReference(NamedTuple):
    """A dataset on the hub, written `hub:owner/name[:config][@revision][#split]`."""

    path: str
    config: str | None
    revision: str | None
    split: str

    @classmethod
    def parse(cls, text: str, *, default_split: str) -> "HubReference":
        """Read a reference.

        >>> HubReference.parse("hub:openai/gsm8k:main@e53f048#train", default_split="test")
        HubReference(path='openai/gsm8k', config='main', revision='e53f048', split='train')
        """
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise UserError(f"{text}: not a dataset reference; write hub:owner/name[:config][@revision][#split]")
        return cls(match["path"], match["config"], match["revision"], match["split"] or default_split)

    def __str__(self) -> str:
        """The reference without its revision, as it stands in ids: a question keeps its id over revisions."""
        return f"{self.path}{f':{self.config}' if self.config else ''}#{self.split}"


def open_hub(reference: HubReference, *, streaming: bool) -> Rows:
    """Open a hub dataset; its number of rows is known if it is cached, or declares it."""
    import datasets  # takes a second

    path, config, revision, split = reference
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        mend = "HF_HUB_OFFLINE is set: unset it, or give a local file"
    else:
        mend = "check the name, the config, the revision, the split and the network"
        check_reachable(path, revision=revision)
    with in_one_line(f"hub:{reference}: cannot be opened", mend):
        data = datasets.load_dataset(path, config, split=split, revision=revision, streaming=streaming)
    rows = _table_rows(data, name=str(reference), place=f"hub:{reference}")
    declared = (data.info.splits or {}).get(split)
    return replace(rows, size=declared.num_examples or None) if rows.size is None and declared else rows


def check_reachable(path: str, *, revision: str | None) -> None:
    """Refuse, by a `UserError`, a hub dataset that is not in the cache while the hub is not there.

    `datasets` would ask five times more, for half a minute.
    """
    with suppress(HfHubHTTPError, HFValidationError):  # of which `datasets` says more
        try:
            resolve_revision(path, repo_type="dataset", revision=revision)
        except RevisionResolutionError:
            raise UserError(
                f"hub:{path}: it is not in the cache, and the hub cannot be reached; check the name and the network, "
                "or give a local file"
            ) from None


def open_table(path: str, *, name: str, suffix: str, streaming: bool) -> Rows:
    """Open a `.csv`, `.parquet` or `.arrow` file. Its rows are counted, and have no lines."""
    import datasets  # takes a second

    builder = suffix.removeprefix(".")
    settings: dict[str, Any] = {"data_files": {"rows": glob.escape(path)}, "split": "rows"}
    with in_one_line(f"{path}: cannot be read", "correct the file, or fetch it again"), _unlogged():
        table = datasets.load_dataset(builder, streaming=True, **settings)
        first = next(iter(table), None)
        if first and builder == "csv":  # cells as they are written: not 7 for 007, nor nothing for NA
            settings["features"] = datasets.Features({column: datasets.Value("string") for column in first})
            settings["na_filter"] = False
        if first:
            table = datasets.load_dataset(builder, streaming=streaming, **settings)
    rows = _table_rows(table, name=name, place=path)
    return rows.counted() if rows.size is None else rows


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep from standard error what `datasets` logs of an error that it raises, too."""
    from datasets.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _table_rows(table: "Dataset | IterableDataset", *, name: str, place: str) -> Rows:
    rows = Rows(name, place, partial(_read, table, place))
    return replace(rows, size=len(table), table=table) if hasattr(table, "__len__") else rows


def _read(table: "Dataset | IterableDataset", place: str) -> Iterator[Row]:
    """Read in chunks: row by row, an `IterableDataset` gives a `DataLoader`'s worker only its share of the files."""
    with in_one_line(f"{place}: cannot be read", "try again, or fetch it anew"):
        chunks = table.iter(batch_size=_CHUNK)
        rows = (dict(zip(chunk, row, strict=True)) for chunk in chunks for row in zip(*chunk.values(), strict=True))
        for number, row in enumerate(rows):
            yield Row(number, 0, row)
