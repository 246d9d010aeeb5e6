"""Tables in files and on the hub, with a local folder in the hub's place."""

import json

import datasets
import pytest

from lightning_latent.data import LatentDataModule, ProsQA
from lightning_latent.data.streaming import tables
from lightning_latent.data.streaming.tables import HubReference
from lightning_latent.errors import UserError

from ..conftest import prosqa_rows


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Two files under one split, opened by `load_dataset` under a hub name."""
    for shard in range(2):
        rows = prosqa_rows(300, start=300 * shard)
        (tmp_path / f"part{shard}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    calls = []
    original = datasets.load_dataset

    def load_dataset(path, name, *, split, revision, streaming):
        calls.append((path, name, split, revision))
        files = {split: sorted(str(file) for file in tmp_path.glob("part*.jsonl"))}
        return original("json", data_files=files, split=split, streaming=streaming, cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


def test_reference_in_all_its_parts():
    parse = HubReference.parse
    assert parse("hub:a/b", default_split="test") == HubReference("a/b", None, None, "test")
    assert parse("hub:a/b:c@d#e", default_split="test") == HubReference("a/b", "c", "d", "e")
    assert parse("hub:a/b@refs/convert/parquet", default_split="x").revision == "refs/convert/parquet"
    assert str(parse("hub:a/b:c@d", default_split="x")) == "a/b:c#x"
    with pytest.raises(UserError, match="write hub:owner/name"):
        parse("hub:#x", default_split="test")


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_row_once_in_order(hub, streaming, workers):
    data = LatentDataModule(
        benchmark=ProsQA(), test="hub:me/prosqa:small@abc", streaming=streaming, num_workers=workers, eval_batch_size=64
    )
    found = [example.id for batch in data.test_dataloader() for example in batch]
    assert found == [f"prosqa/me/prosqa:small#test/{n}" for n in range(600)]
    assert hub == [("me/prosqa", "small", "test", "abc")]


@pytest.mark.filterwarnings("ignore:The number of training examples")
@pytest.mark.parametrize("workers", [0, 2])
def test_streamed_training_knows_no_length_but_loses_nothing(hub, as_rank, workers):
    ranks = []
    for rank in range(3):
        data = LatentDataModule(benchmark=ProsQA(), train="hub:me/prosqa[:40]", batch_size=18, num_workers=workers)
        data.trainer = as_rank(rank, 3)
        ranks.append(list(data.train_dataloader()))
    assert [[len(batch) for batch in batches] for batches in ranks] == [[6, 6, 2], [6, 6, 1], [6, 6, 1]]
    found = [example.id for batches in ranks for batch in batches for example in batch]
    assert sorted(found) == sorted(f"prosqa/me/prosqa#train/{n}" for n in range(40))


def test_parquet_is_read_in_workers(tmp_path):
    path = str(tmp_path / "rows.parquet")
    datasets.Dataset.from_list(prosqa_rows(600)).to_parquet(path)
    for streaming in (True, False):
        data = LatentDataModule(benchmark=ProsQA(), test=path, streaming=streaming, num_workers=2)
        data.setup("test")
        found = [example.id for batch in data.test_dataloader() for example in batch]
        assert found == [f"prosqa/rows/{n}" for n in range(600)]


@pytest.mark.parametrize(("offline", "mend"), [("1", "HF_HUB_OFFLINE is set"), ("0", "check the name")])
def test_failure_is_one_line(monkeypatch, offline, mend):
    def fail(*arguments, **settings):
        raise ConnectionError("no route\nto host")

    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(tables, "resolve_revision", lambda *arguments, **settings: None)  # it is there
    monkeypatch.setattr(datasets, "load_dataset", fail)
    data = LatentDataModule(benchmark=ProsQA(), test="hub:me/prosqa")
    with pytest.raises(UserError, match=rf"^hub:me/prosqa#test: cannot be opened \(no route\); {mend}[^\n]*$"):
        data.setup("test")


def test_what_is_neither_cached_nor_reachable_is_refused_without_asking_again(monkeypatch):
    asked = []
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the library itself has read it earlier, and asks for nothing
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments, **settings: asked.append(arguments))
    with pytest.raises(UserError, match=r"^hub:me/nothing: it is not in the cache, and the hub cannot be reached"):
        LatentDataModule(benchmark=ProsQA(), test="hub:me/nothing:main").setup("test")
    assert asked == []
