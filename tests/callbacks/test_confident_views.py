"""Confidence of answers and the choice among views by it: against the same done one by one, and through fit."""

import json
import math
import random
from pathlib import Path

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy

from lightning_latent.callbacks import AgreedAnswers, ConfidentViews, Predictions
from lightning_latent.data import BalancedProsQA, LatentDataModule, ProsQA
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.refinement import CorrectnessHead, LatentMap, LatentRefinement
from lightning_latent.refinement.correctness import answer_features
from lightning_latent.refinement.logistic import fit_logistic
from tests.refinement.models import make_trainer

GRAPHS = {"dead_ends": 2, "max_hops": 4}
TRAIN = BalancedProsQA(size=150, **GRAPHS)
QUESTIONS = list(BalancedProsQA(size=12, seed=3, split="evaluation", **GRAPHS))


def make_module() -> LatentRefinement:
    return LatentRefinement(reasoner="embedded:final", learn=CorrectnessHead(), max_new_tokens=8)


def make_data() -> LatentDataModule:
    return LatentDataModule(
        benchmark=ProsQA(),
        train=BalancedProsQA(size=150, **GRAPHS),
        validation=BalancedProsQA(size=30, seed=2, split="evaluation", **GRAPHS),
        batch_size=50,
        eval_batch_size=15,
        shuffle_buffer=0,
    )


class Notes(TensorBoardLogger):
    """Remembers what is logged."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, name="", version="")
        self.logged: list[dict[str, float]] = []

    def log_metrics(self, metrics, step=None) -> None:
        self.logged.append(dict(metrics))
        super().log_metrics(metrics, step)


def ready(callback: ConfidentViews, directory: Path) -> LatentRefinement:
    """A module with a head that says something, and the callback that found it."""
    module = LatentRefinement(
        reasoner="embedded:final", learn=CorrectnessHead(), benchmark=ProsQA(), dtype="float64", max_new_tokens=8
    )
    module.configure_model()
    torch.nn.init.normal_(module.learn.weight, std=0.3)
    callback.setup(make_trainer(directory, callbacks=[callback]), module, "validate")
    return module


def look(module: LatentRefinement, example: Example, number: int) -> tuple[str, float]:
    """What a telling answers, translated back, and the head's probability that it is right."""
    view = ProsQA().view(example, random.Random(f"0/{example.id}/{number}")) if number else None
    told = example if view is None else view.example
    (found,) = module.score_options([told])
    features = answer_features(module.think([told]).latents, [found])
    answer = told.options[found.index(max(found))]
    return answer if view is None else view.back(answer), float(module.learn.confidence(features).detach())


def test_views_speak_by_their_log_odds(tmp_path: Path) -> None:
    callback = ConfidentViews(count=3, batch_size=7)
    module = ready(callback, tmp_path)
    for example, answer in zip(QUESTIONS, callback.answer(QUESTIONS, module), strict=True):
        right = dict.fromkeys(example.options, 0.0)  # log-probability of what was seen, were this the right answer
        for said, p in (look(module, example, number) for number in range(3)):
            for option in right:
                right[option] += math.log(p if option == said else 1 - p)
        total = sum(map(math.exp, right.values()))
        best = max(right, key=right.__getitem__)
        assert answer.answer == best and answer.correct == (best == example.answer)
        assert answer.confidence == pytest.approx(math.exp(right[best]) / total, rel=1e-6)
        assert (answer.latents, answer.tokens) == (3 * 12, 0)


def test_the_most_confident_view_answers(tmp_path: Path) -> None:
    callback = ConfidentViews(count=3, choose="most_confident")
    module = ready(callback, tmp_path)
    for example, answer in zip(QUESTIONS, callback.answer(QUESTIONS, module), strict=True):
        said, p = max((look(module, example, number) for number in range(3)), key=lambda pair: pair[1])
        other = next(option for option in example.options if option != said)
        assert (answer.answer, answer.confidence) == (said if p >= 0.5 else other, pytest.approx(max(p, 1 - p)))


@pytest.mark.parametrize("agreed", [False, True])
def test_fit_solves_for_the_head_and_its_checkpoint_answers(agreed: bool, tmp_path: Path) -> None:
    """By gold answers, and by those on which views agree, wherever the callbacks are listed."""
    checkpoint = ModelCheckpoint(tmp_path / "checkpoints", filename="fitted")
    callbacks: list[L.Callback] = [ConfidentViews(count=2), Predictions(), checkpoint]
    teacher = AgreedAnswers(count=4, threshold=2.0)
    module = make_module()
    trainer = make_trainer(tmp_path, callbacks=[*callbacks, *([teacher] * agreed)], enable_checkpointing=True)
    trainer.fit(module, make_data())

    train = teacher.teach(list(TRAIN), module) if agreed else list(TRAIN)
    train = sorted(train, key=lambda example: example.id)
    scores = module.score_options(train)
    features = answer_features(module.think(train).latents, scores)
    right = [e.options[row.index(max(row))] == e.answer for e, row in zip(train, scores, strict=True)]
    expected = fit_logistic(features, torch.tensor(right))
    found = features @ module.learn.weight.detach().double()
    torch.testing.assert_close(found, features @ expected.weight, rtol=1e-3, atol=1e-3)

    (path,) = (tmp_path / "checkpoints").glob("fitted.ckpt")
    again = make_module()
    logger = Notes(tmp_path / "again")
    make_trainer(tmp_path, callbacks=[ConfidentViews(count=2), Predictions()], logger=logger).validate(
        again, make_data(), ckpt_path=path, verbose=False
    )
    assert torch.equal(again.learn.weight, module.learn.weight)
    during, after = (
        [json.loads(line) for line in (tmp_path / place / "predictions.jsonl").read_text().splitlines()]
        for place in ("validate", "again")
    )
    assert [row["confidence"] for row in during] == pytest.approx([row["confidence"] for row in after])
    logged = {"val/auc", "val/calibration_error"}
    assert logged <= {name for metrics in logger.logged for name in metrics}
    assert {"auc", "calibration_error"} <= json.loads((tmp_path / "again" / "run.json").read_text()).keys()


@pytest.mark.slow
def test_two_processes_find_the_head_that_one_does(tmp_path: Path) -> None:
    heads = []
    for devices in (1, 2):
        method = "spawn" if torch.cuda.is_available() else "fork"
        module = make_module()
        module.configure_model()
        trainer = make_trainer(
            tmp_path / str(devices),
            callbacks=[ConfidentViews(), ModelCheckpoint(tmp_path / str(devices), filename="fitted")],
            devices=devices,
            strategy=DDPStrategy(start_method=method) if devices > 1 else "auto",
            enable_checkpointing=True,
            use_distributed_sampler=False,
        )
        trainer.fit(module, make_data())
        heads.append(torch.load(tmp_path / str(devices) / "fitted.ckpt", weights_only=True)["state_dict"])
    assert heads[0]["learn.weight"].any()
    torch.testing.assert_close(heads[1], heads[0], rtol=1e-2, atol=1e-4)


# Bad input.


def test_it_needs_a_head_and_candidates(tmp_path: Path) -> None:
    module = LatentRefinement(reasoner="embedded:final", learn=LatentMap())
    with pytest.raises(UserError, match=r"set model\.learn to CorrectnessHead"):
        make_trainer(tmp_path, callbacks=[ConfidentViews()]).validate(module, make_data())
    callback = ConfidentViews()
    module = ready(callback, tmp_path)
    with pytest.raises(UserError, match=f"{QUESTIONS[0].id} has no candidates"):
        callback.answer([QUESTIONS[0]._replace(options=())], module)


def test_what_fit_has_not_solved_answers_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has learned nothing yet; run fit first"):
        make_trainer(tmp_path, callbacks=[ConfidentViews()]).validate(make_module(), make_data())


def test_a_fit_does_not_go_on_in_the_middle(tmp_path: Path) -> None:
    every = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    trainer = make_trainer(tmp_path, callbacks=[ConfidentViews(), every], enable_checkpointing=True)
    trainer.fit(make_module(), make_data())
    again = make_trainer(tmp_path, callbacks=[ConfidentViews()])
    with pytest.raises(UserError, match="fitted in one go; fit it again, without --ckpt_path"):
        again.fit(make_module(), make_data(), ckpt_path=tmp_path / "step=1.ckpt")
