"""The data module: the splits of one benchmark, streamed or mapped into memory."""

from dataclasses import dataclass, replace
from operator import length_hint
from pathlib import Path

from lightning import LightningDataModule
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn

from lightning_latent.bounds import NonNegativeInt, PositiveInt, Workers
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.overlap import question_key
from lightning_latent.data.streaming.loader import EvalLoader, TrainLoader
from lightning_latent.data.streaming.row_source import RowSource, open_rows
from lightning_latent.data.streaming.share import Share
from lightning_latent.data.streaming.source import ExampleSource, FirstExamples
from lightning_latent.errors import UserError

_NEEDED = {"fit": ("train",), "validate": ("validation",), "test": ("test",), "predict": ("predict",)}
_SHOWN = 5  # rows left out that are listed


@dataclass(kw_only=True, eq=False)
class LatentDataModule(LightningDataModule):
    """Batches of a benchmark's examples: each is a `list[Example]`, tokenised by the model that reads it.

    A split is named by a string or made by an `ExampleSource`. The string is a path (`.json`, `.jsonl`, `.txt`, `.tsv`,
    each also `.gz` or `.zst`; `.csv`, `.parquet`, `.arrow`) or a hub dataset
    (`hub:owner/name[:config][@revision][#split]`, the split being `train`, `validation` or `test` by default), and may
    end in `[start:stop]` to take only those rows.

    Over any number of devices and workers every example occurs exactly once an epoch, also in a run that is resumed
    within it. In training all devices make the same number of batches, so the last one may be short, or empty.

    Args:
        benchmark: The adapter that parses rows and judges answers.
        train: Training examples.
        validation: Examples that choose hyper-parameters.
        test: Examples that are looked at once.
        predict: Examples to predict, which need no gold answers; the test examples if not given.
        batch_size: Training examples a step over all devices, which share them, so that a run on two devices takes the
            steps of a run on one.
        eval_batch_size: Examples a batch on each device in validation, test and prediction.
        num_workers: Worker processes that read ahead on each device; 0 reads in the main process.
        shuffle_buffer: Training examples are shuffled through a buffer of this size, anew each epoch; 0 keeps their
            order. Mapped rows are shuffled as a whole. Sources made by a class see to their order themselves.
        seed: Seed of the training order.
        max_train: Use only the first so many training examples, after deduplication.
        max_eval: Use only the first so many examples of each other split.
        streaming: Read files and hub datasets front to back while iterating; else map them into memory, through the
            cache of `datasets`, and parse every row once at the start.
        deduplicate: Drop training questions that occur in validation or test, all of them whatever `max_eval` is, going
            by letters, digits and signs in lower case. Reads the data once more at the start.
        skip_bad: Leave out rows of files and hub datasets that cannot be parsed, with a warning that says how many and
            where, instead of ending the run at the first. Reads the data once more at the start.
    """

    benchmark: Benchmark
    # A path, whatever it names, so that the command line takes an existing file for what it is: where a class or a
    # string may stand it reads the whole file, in case it is the class's config. In Python a string serves as well.
    train: ExampleSource | Path | None = None
    validation: ExampleSource | Path | None = None
    test: ExampleSource | Path | None = None
    predict: ExampleSource | Path | None = None
    batch_size: PositiveInt = 32
    eval_batch_size: PositiveInt = 64
    num_workers: Workers = 0
    shuffle_buffer: NonNegativeInt = 10_000
    seed: int = 0
    max_train: PositiveInt | None = None
    max_eval: PositiveInt | None = None
    streaming: bool = True
    deduplicate: bool = False
    skip_bad: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        for name in ("batch_size", "eval_batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"data.{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("max_train", "max_eval"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise UserError(f"data.{name} is {limit}; it must be at least 1, or null for all")
        # A device without a question to evaluate is no mistake: nothing is padded.
        self.allow_zero_length_dataloader_with_multiple_devices = True
        self._opened: dict[str, ExampleSource] = {}  # as they are named
        self._sources: dict[str, ExampleSource] = {}  # deduplicated and limited

    def setup(self, stage: str) -> None:
        """Open what the stage reads, so that bad input is reported before a model is loaded."""
        for split in _NEEDED[stage]:
            self.source(split)
        if stage == "fit" and self.validation is not None:
            self.source("validation")

    def source(self, split: str) -> ExampleSource:
        """The examples of a split, opened once: `train`, `validation`, `test` or `predict`."""
        if split == "predict" and self.predict is None and self.test is not None:
            split = "test"
        if split not in self._sources:
            source = self._open(split)
            if split == "train" and self.deduplicate:
                source = self._deduplicated(source)
            self._sources[split] = self._limited(source, self.max_train if split == "train" else self.max_eval)
        return self._sources[split]

    def train_dataloader(self) -> TrainLoader:
        """This device's training batches."""
        source = self.source("train")
        world = self._share(1).world
        if self.batch_size % world:
            raise UserError(f"data.batch_size is {self.batch_size}; it must be a multiple of the {world} devices")
        examples = length if (length := length_hint(source, -1)) >= 0 else None
        if examples is None:
            rank_zero_warn(
                "The number of training examples is unknown, so progress has no total and a run that is resumed within"
                " an epoch skips one batch. Set `data.streaming` to false to know it."
            )
        order = {"batch_size": self.batch_size, "examples": examples, "shuffle_buffer": 0, "seed": self.seed}
        if isinstance(source, RowSource) and not getattr(self.trainer, "overfit_batches", 0):
            source = source.shuffled(buffer_size=self.shuffle_buffer, seed=self.seed)
            order["shuffle_buffer"] = source.shuffle_buffer
        return TrainLoader(
            source,
            self._share(self.batch_size // world),
            epoch=lambda: self.trainer.current_epoch if self.trainer else 0,
            order=order,
            num_workers=self.num_workers,
        )

    def val_dataloader(self) -> EvalLoader | list:
        """This device's validation batches; none in a fit without validation examples."""
        return [] if self.validation is None else self._eval_loader("validation")

    def test_dataloader(self) -> EvalLoader:
        """This device's test batches."""
        return self._eval_loader("test")

    def predict_dataloader(self) -> EvalLoader:
        """This device's batches to predict."""
        return self._eval_loader("predict")

    def transfer_batch_to_device(self, batch: list[Example], device: object, dataloader_idx: int) -> list[Example]:
        """Leave the batch as it is: it holds text."""
        return batch

    def _eval_loader(self, split: str) -> EvalLoader:
        return EvalLoader(self.source(split), self._share(self.eval_batch_size), num_workers=self.num_workers)

    def _share(self, batch_size: int) -> Share:
        if self.trainer is None:
            return Share(batch_size)
        return Share(batch_size, rank=self.trainer.global_rank, world=self.trainer.world_size)

    def _open(self, split: str) -> ExampleSource:
        if split not in self._opened:
            named = getattr(self, split)
            if named is None:
                raise UserError(f"data.{split} is not given; name a file, a hub dataset or an example source")
            self._opened[split] = named if isinstance(named, ExampleSource) else self._open_rows(split, str(named))
        return self._opened[split]

    def _open_rows(self, split: str, named: str) -> RowSource:
        predicted = split == "predict"
        source = open_rows(
            named,
            self.benchmark,
            default_split="test" if predicted else split,
            streaming=self.streaming,
            unlabelled=predicted,
        )
        if not self.skip_bad:
            return source
        source, errors = source.without_bad()
        if next(iter(source), None) is None:
            problem = f"none of the rows of {named} can be parsed, the first because of {errors[0]}"
            raise UserError(f"data.{split}: {problem}")
        if errors:
            rank_zero_warn(_skipped(split, errors))
        return source

    def _deduplicated(self, source: ExampleSource) -> RowSource:
        if not isinstance(source, RowSource):
            raise UserError("data.deduplicate works on files and hub datasets; set it to false for data.train")
        given = [split for split in ("validation", "test") if getattr(self, split) is not None]
        known = {question_key(example) for split in given for example in self._open(split)}
        kept = source.without(lambda example: question_key(example) in known)
        repeats = len(kept.dropped) - len(source.dropped)
        rank_zero_info(f"deduplicate: {repeats} training questions occur in validation or test, dropped")
        return kept

    def _limited(self, source: ExampleSource, limit: int | None) -> ExampleSource:
        if not isinstance(source, RowSource):
            return source if limit is None else FirstExamples(source, limit)
        source = replace(source, limit=limit)
        if not self.streaming:
            source.parse_all()
        return source


def _skipped(split: str, errors: list[str]) -> str:
    """Say how many rows are left out and what is wrong with the first of them."""
    first = "".join(f"\n  {error.removesuffix('; correct or remove the row')}" for error in errors[:_SHOWN])
    rest = f"\n  and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return f"data.{split}: rows that cannot be parsed are left out, {len(errors)} in all:{first}{rest}"
