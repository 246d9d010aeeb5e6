import csv
from pathlib import Path

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from matplotlib import pyplot
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lightning_latent.callbacks import Predictions, ResidualBlending, TrajectoryInspection
from lightning_latent.callbacks.inspection import read_lenses
from lightning_latent.callbacks.inspection_views import Lens, lens_markdown, trajectory_figure
from lightning_latent.errors import UserError
from lightning_latent.evaluation import Answer
from lightning_latent.refinement import LatentMap
from tests.refinement.models import LATENTS, make_data, make_module, make_reasoner, make_trainer


def some_answers(count: int = 3) -> list[Answer]:
    return [
        Answer(f"q/{index}", "Is it | so?\n<b>?", "yes", "no", False, "### no", 1, LATENTS, 0.1)
        for index in range(count)
    ]


def trajectories(count: int = 3) -> dict[str, torch.Tensor]:
    base = torch.randn(count, LATENTS, 8)
    return {"plain": base, "refined": base + 0.1}


# The parts.


@pytest.mark.parametrize("count", [1, 9])
def test_figure_has_a_panel_a_question_and_numbers_the_steps(count: int) -> None:
    figure = trajectory_figure(trajectories(count), some_answers(count), count=6)
    panels = [panel for panel in figure.axes if panel.axison]
    assert len(panels) == min(count, 6)
    assert [line.get_label() for line in panels[0].lines] == ["plain", "refined"]
    written = [text.get_text() for text in panels[0].texts]
    assert sorted(text for text in written if text) == ["1", "1", "2", "2", "3", "3"]
    assert written.count("") == 2 * (LATENTS - 1)  # arrows from one latent to the next
    assert panels[0].get_title() == "q/0\n✗ no"
    assert "principal components" in figure.get_suptitle()
    assert pyplot.get_fignums() == []


def test_lens_reads_latents_with_the_output_head() -> None:
    reasoner = make_reasoner(0)
    latents = torch.randn(2, LATENTS, 16, dtype=torch.float64)
    lens = read_lenses(reasoner, latents.float(), count=2)[1]
    logits = latents[1, 2] @ reasoner.model.lm_head.weight.T
    probabilities = logits.softmax(-1).sort(descending=True)
    assert lens.tokens[2] == [reasoner.tokenizer.decode([index]) for index in probabilities.indices[:2].tolist()]
    assert lens.probabilities[2] == pytest.approx(probabilities.values[:2].tolist(), rel=1e-4)


def test_table_escapes_what_would_break_it() -> None:
    lens = Lens([["a|b", "\n"]] * LATENTS, [[0.5, 0.25]] * LATENTS)
    text = lens_markdown(some_answers(2), {"plain": [lens, lens], "refined": [lens, lens]})
    first, second = text.split("\n\n**")
    assert first.splitlines()[0] == "**q/0** Is it \\| so? &lt;b>?"
    assert first.splitlines()[2] == "gold: yes; answer: no ✗"
    assert first.splitlines()[4:7] == [
        "| latent | plain | refined |",
        "|---|---|---|",
        "| 1 | 'a\\|b' 0.50, '\\n' 0.25 | 'a\\|b' 0.50, '\\n' 0.25 |",
    ]
    assert second.startswith("q/1")


@pytest.mark.parametrize("name", ["num_questions", "top_tokens"])
def test_counts_below_one_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} is 0; it must be at least 1"):
        TrajectoryInspection(**{name: 0})


# The whole.


def fit_and_test(saved: Path, tmp_path: Path, logger, inspection: TrajectoryInspection, **options) -> None:
    module = make_module(saved, learn=LatentMap(), learning_rate=0.1)
    callbacks = [ResidualBlending(memory_rate=0.2), inspection, Predictions()]
    trainer = make_trainer(tmp_path, callbacks=callbacks, logger=logger, num_sanity_val_steps=1, **options)
    trainer.fit(module, make_data(train=2, validation=5))
    trainer.test(module, make_data(validation=3), verbose=False)
    if not options:
        trainer.test(module, make_data(validation=3), verbose=False)  # finished, and not shown again


def test_tensorboard_shows_how_latents_move(saved: Path, tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="runs", version="one")
    fit_and_test(saved, tmp_path, logger, TrajectoryInspection(num_questions=1, top_tokens=2))
    directory = tmp_path / "runs" / "one"
    events = EventAccumulator(str(directory)).Reload()

    # One validation of one epoch, one test; the sanity check does not count.
    scalars = [tag for tag in events.Tags()["scalars"] if tag.startswith("latents/")]
    kinds = ("norm", "displacement", "cosine", "stride")
    assert sorted(scalars) == sorted(f"latents/{split}/{kind}" for split in ("val", "test") for kind in kinds)
    for tag in ("latents/val/cosine", "latents/test/displacement"):
        (event,) = events.Scalars(tag)
        assert event.step == 1
    assert events.Scalars("latents/val/displacement")[0].value > 0

    images = events.Tags()["images"]
    assert sorted(images) == ["trajectories/test", "trajectories/val"]
    assert events.Images("trajectories/val")[0].width > 200

    text = events.Tensors("latents/val/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.count("| latent | plain | refined |") == 1
    assert text.startswith("**prosqa/generated-evaluation-0/0** ")

    for tag, questions in (("latents_val", 2), ("latents_test", 2)):  # a batch
        with (directory / "00001" / tag / "metadata.tsv").open() as file:
            header, *rows = csv.reader(file, delimiter="\t")
        assert header == ["question", "step", "latents", "answer"]
        assert len(rows) == questions * 2 * LATENTS
        assert {row[2] for row in rows} == {"plain", "refined"}
        assert {row[3] for row in rows} <= {"right", "wrong"}
        assert len((directory / "00001" / tag / "tensors.tsv").read_text().splitlines()) == len(rows)
    assert (directory / "projector_config.pbtxt").read_text().count("embeddings {") == 2
    assert pyplot.get_fignums() == []


def test_the_projector_can_be_left_out(saved: Path, tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="runs", version="one")
    inspection = TrajectoryInspection(embedding=False)
    make_trainer(tmp_path, callbacks=[inspection], logger=logger).validate(make_module(saved), make_data())
    assert not list(tmp_path.rglob("*.tsv"))
    assert "trajectories/val" in EventAccumulator(str(tmp_path / "runs" / "one")).Reload().Tags()["images"]


@pytest.mark.parametrize("logger", ["csv", "fast_dev_run"])
def test_without_tensorboard_nothing_happens(
    logger: str, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_latent.callbacks.inspection.trajectory_figure", None)
    chosen = {"csv": CSVLogger(tmp_path), "fast_dev_run": TensorBoardLogger(tmp_path)}[logger]
    fit_and_test(saved, tmp_path, chosen, TrajectoryInspection(), fast_dev_run=logger == "fast_dev_run")
    assert not list(tmp_path.rglob("events.*"))


def test_nothing_to_show_is_not_shown(tmp_path: Path, saved: Path) -> None:
    """No latents, and latents that are lost already where nothing refines them."""
    inspection = TrajectoryInspection()
    for options in ({"num_latents": 0}, {}):
        logger = TensorBoardLogger(tmp_path, name=str(len(options)), version="one")
        module = make_module(saved, **options)
        module.configure_model()
        if not options:
            module.reasoner.model.base_model.ln_f.weight.data.fill_(float("nan"))
        make_trainer(tmp_path, callbacks=[inspection], logger=logger).validate(module, make_data(), verbose=False)
        assert EventAccumulator(logger.log_dir).Reload().Tags()["images"] == []
