"""Who judges the answers of a run."""

import lightning as L
import pytest

from lightning_latent.data import GSM8K, LatentDataModule, ProsQA
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.errors import UserError
from lightning_latent.evaluation import PromptedModel
from tests.data.fixtures import FIXTURES


def judge(mine: Benchmark | None, theirs: L.LightningDataModule | None) -> Benchmark:
    """The benchmark of a module that the trainer has set up."""
    module = PromptedModel(path="nowhere", benchmark=mine)
    trainer = L.Trainer(logger=False, accelerator="cpu", barebones=True)
    trainer.datamodule = theirs
    module.trainer = trainer
    module.setup("test")
    return module.benchmark


@pytest.fixture
def data() -> LatentDataModule:
    return LatentDataModule(benchmark=GSM8K(steps="sentences"), test=str(FIXTURES / "gsm8k" / "tiny.jsonl"))


def test_the_datas_benchmark_judges_by_default(data: LatentDataModule) -> None:
    assert judge(None, data) is data.benchmark
    assert judge(GSM8K(), data) is data.benchmark
    mine = ProsQA()
    assert judge(mine, None) is mine


def test_questions_of_one_benchmark_are_not_judged_by_another(data: LatentDataModule) -> None:
    message = r"model\.benchmark is ProsQA and data\.benchmark GSM8K: .*; leave model\.benchmark out"
    with pytest.raises(UserError, match=message):
        judge(ProsQA(), data)


def test_someone_must_judge() -> None:
    with pytest.raises(UserError, match=r"no benchmark judges the answers; give data\.benchmark"):
        judge(None, None)
