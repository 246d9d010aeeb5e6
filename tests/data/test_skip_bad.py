"""Rows that cannot be parsed, left out: the same ones everywhere, counted and named."""

import pytest

from lightning_latent.errors import UserError

from .conftest import prosqa_rows
from .test_datamodule import ids, module


@pytest.fixture
def holed(write_rows) -> str:
    """Ten rows that parse between seven that do not, on the lines 2, 3, 5, 7, 9, 11, 17."""
    bad = [{"question": "only"}, {"question": "q", "steps": "no list", "answer": "a"}, {}]
    rows = prosqa_rows(10)
    for number, line in enumerate((2, 3, 5, 7, 9, 11, 17)):
        rows.insert(line - 1, bad[number % 3])
    return write_rows("holed.jsonl", rows)


@pytest.mark.filterwarnings("ignore:data.train")
@pytest.mark.parametrize(("streaming", "world", "workers"), [(True, 1, 0), (True, 3, 2), (False, 2, 2)])
def test_bad_rows_are_left_out_the_same_everywhere(holed, as_rank, streaming, world, workers):
    parsed = [f"prosqa/holed/{line - 1}" for line in (1, 4, 6, 8, 10, 12, 13, 14, 15, 16)]
    read = []
    for rank in range(world):
        data = module(
            train=holed, skip_bad=True, batch_size=2 * world, streaming=streaming, num_workers=workers, seed=3
        )
        data.trainer = as_rank(rank, world)
        loader = data.train_dataloader()
        batches = list(loader)
        assert len(batches) == len(loader)
        read += ids(batches)
    assert sorted(read) == sorted(parsed)


@pytest.mark.filterwarnings("ignore:data.train")
def test_a_run_that_leaves_bad_rows_out_resumes_on_other_devices(holed, as_rank):
    whole = ids(module(train=holed, skip_bad=True, batch_size=4).train_dataloader())
    loader = module(train=holed, skip_bad=True, batch_size=4).train_dataloader()
    next(iter(loader))
    rest = []
    for rank in range(2):
        data = module(train=holed, skip_bad=True, batch_size=4)
        data.trainer = as_rank(rank, 2)
        resumed = data.train_dataloader()
        resumed.load_state_dict(loader.state_dict())
        rest += ids(resumed)
    assert sorted(rest) == sorted(whole[4:])


def test_bad_rows_are_counted_and_the_first_named(holed, tmp_path):
    with pytest.warns(UserWarning, match="data.test: rows that cannot be parsed are left out, 7 in all") as caught:
        assert len(module(test=holed, skip_bad=True, max_eval=4).test_dataloader().source) == 4
    (warning,) = [line for line in map(str, (item.message for item in caught)) if line.startswith("data.test")]
    assert [line.partition(": ")[0].rpartition(":")[2] for line in warning.splitlines()[1:6]] == list("23579")
    assert warning.endswith("and 2 more")
    (tmp_path / "text.jsonl").write_bytes(b"{not json\n\xff\n[1]\n")
    with pytest.raises(
        UserError, match=r"none of the rows of .*text.jsonl can be parsed, the first .*text.jsonl:1: not"
    ):
        module(test=str(tmp_path / "text.jsonl"), skip_bad=True).setup("test")


def test_bad_rows_and_known_questions_are_left_out_together(holed, write_rows):
    known = write_rows("valid.jsonl", [{"question": "broken"}, *prosqa_rows(2)])
    data = module(train=holed, validation=known, skip_bad=True, deduplicate=True, max_train=3)
    with pytest.warns(UserWarning, match=r"data\.(train|validation): rows") as caught:
        assert sorted(ids(data.train_dataloader())) == [f"prosqa/holed/{line - 1}" for line in (6, 8, 10)]
        assert len(ids(data.val_dataloader())) == 2
    assert len([item for item in caught if "rows that cannot" in str(item.message)]) == 2  # once a split
