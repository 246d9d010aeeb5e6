"""What a run shows of its questions: those that changed, with the words of their latents before and after."""

import csv
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from matplotlib import pyplot
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lightning_latent.callbacks import Predictions, ResidualBlending, SymmetricViews, TrajectoryInspection
from lightning_latent.callbacks.inspection_views import (
    Looked,
    kind_of,
    looked_markdown,
    looked_page,
    pair_figure,
    to_show,
)
from lightning_latent.data import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation import Answer
from lightning_latent.reasoner.open_thoughts import Word
from lightning_latent.refinement import LatentMap
from lightning_latent.showing.words import Thought
from tests.doctor.test_page import Reader
from tests.refinement.models import LATENTS, make_data, make_module, make_trainer


def an_answer(said: str, correct: bool) -> Answer:
    return Answer("q/0", "Is it?", "yes", said, correct, f"### {said}", 1, LATENTS, 0.1)


def looked(kind: str = "fixed", number: int = 0) -> Looked:
    example = Example(f"q/{number}", "Is it | so?\n<script> Bob is a lempus.", ("Bob is a lempus.", "<i>"), "yes")
    thought = Thought([Word("a|b", 0.5), Word("\n", 0.25)], " lempus.", [0], [0.5, 0.1])
    other = Thought([Word("### ", 0.9), Word("x", 0.0)], "gorpus", [], [0.0, 0.0])
    before, after = kind in ("broken", "right"), kind in ("fixed", "right")
    ways = {"plain": [thought] * LATENTS, "refined": [other] * LATENTS}
    return Looked(kind, example, an_answer("no", before), an_answer("yes", after), ways, [0.25] * LATENTS)


# The parts.


def test_what_changed_is_shown_first_and_the_rest_only_where_nothing_did() -> None:
    verdicts = [(False, True), (True, False), (True, True), (False, False)]
    kinds = [kind_of(an_answer("a", before), an_answer("b", after)) for before, after in verdicts]
    assert kinds == ["fixed", "broken", "right", "wrong"]
    found = [looked(kind, number) for number, kind in enumerate(("right", "fixed", "fixed", "wrong", "broken"))]
    assert [one.example.id for one in to_show(found)] == ["q/1", "q/4", "q/2"]
    assert [one.kind for one in to_show([found[0], found[3]])] == ["right", "wrong"]
    assert to_show([]) == []


def test_markdown_holds_words_steps_and_movement_and_escapes_what_would_break_it() -> None:
    text = looked_markdown([looked()], note="Of 3 questions", mark="###")
    note, legend, head, question, steps, answers, table = text.split("\n\n")
    assert note == "Of 3 questions" and "\\#\\#\\# is the mark" in legend and head == "### fixed: q/0"
    assert question == "Is it \\| so? &lt;script> Bob is a lempus."
    assert steps == "1. Bob is a lempus.\n2. &lt;i>"
    assert answers == "gold: **yes** plain: ✗ no by this run: ✓ yes"
    assert table.splitlines()[:3] == [
        "| t | plain | refined |",
        "| --- | --- | --- |",
        "| 1 | a\\|b 50, \\n 25; own: **lempus.** (step 1) | \\#\\#\\# 90, x 0; own: gorpus; moved 25 % |",
    ]
    assert len(table.splitlines()) == 2 + LATENTS


def test_the_page_holds_all_it_needs() -> None:
    page = looked_page([looked("fixed"), looked("broken", 1)], title="<method>", note="Of 3", mark="###")
    reader = Reader()
    reader.feed(page)
    assert not reader.open and not {"script", "link", "iframe", "i"} & reader.tags
    assert len(reader.sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in reader.sources)
    for words in ("<method>", "fixed: wrong with plain latents", "broken: right with", "lempus.", "gorpus", "25.0"):
        assert words in reader.words, words


def test_a_pair_is_one_of_each_kind() -> None:
    parts = pair_figure([looked("fixed"), looked("fixed", 1), looked("broken", 2)]).subfigs
    assert [part.get_suptitle().split(":")[0] for part in parts] == ["fixed", "broken"]
    assert len(pair_figure([looked("fixed")]).subfigs) == 1


@pytest.mark.parametrize("name", ["num_questions", "look_at", "top_tokens"])
def test_counts_below_one_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} is 0; it must be at least 1"):
        TrajectoryInspection(**{name: 0})


# The whole.


def fit_and_test(saved: Path, tmp_path: Path, logger, inspection: TrajectoryInspection, **options) -> None:
    module = make_module(saved, learn=LatentMap(), learning_rate=0.1)
    callbacks = [ResidualBlending(memory_rate=0.2), inspection, Predictions()]
    options = {"max_epochs": 2, **options}
    trainer = make_trainer(tmp_path, callbacks=callbacks, logger=logger, num_sanity_val_steps=1, **options)
    trainer.fit(module, make_data(train=2, validation=5))
    trainer.test(module, make_data(validation=7), verbose=False)
    if len(options) == 1:
        trainer.test(module, make_data(validation=7), verbose=False)  # finished, and not shown again


def test_tensorboard_opens_with_gain_and_accuracy_and_shows_what_changed(saved: Path, tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="runs", version="one")
    fit_and_test(saved, tmp_path, logger, TrajectoryInspection(num_questions=1, top_tokens=2))
    directory = tmp_path / "runs" / "one"
    events = EventAccumulator(str(directory), size_guidance={"images": 0}).Reload()

    scalars = sorted(events.Tags()["scalars"])
    first = [f"accuracy/{name}" for name in ("gain/test", "gain/val", "test", "val")]
    assert scalars[: len(first)] == first
    kinds = ("norm", "displacement", "cosine", "stride")
    moved = [tag for tag in scalars if tag.startswith("latents/")]
    assert moved == sorted(f"latents/{split}/{kind}" for split in ("val", "test") for kind in kinds)
    assert [event.step for event in events.Scalars("latents/val/cosine")] == [1, 2]  # the sanity check does not count
    assert len(events.Scalars("accuracy/gain/test")) == 1
    assert events.Scalars("latents/val/displacement")[0].value > 0

    images = events.Tags()["images"]
    assert {f"latents/{split} {kind}" for split in ("val", "test") for kind in kinds} <= set(images)
    shown = {tag.rpartition(" ")[2] for tag in images if tag.startswith("thoughts/test")}
    assert shown and (shown <= {"fixed", "broken"} or shown <= {"right", "wrong"})
    text = events.Tensors("thoughts/test/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.startswith("Of the first 7 questions ")
    assert "| t | plain | refined |" in text

    for split in ("val", "test"):  # of a batch of two
        with (directory / "00002" / f"latents_{split}" / "metadata.tsv").open() as file:
            header, *rows = csv.reader(file, delimiter="\t")
        assert header == ["question", "step", "latents", "answer"]
        assert len(rows) == 2 * 2 * LATENTS and {row[2] for row in rows} == {"plain", "refined"}
        tensors = directory / "00002" / f"latents_{split}" / "tensors.tsv"
        assert len(tensors.read_text().splitlines()) == len(rows)

    for page in (directory / "validate" / "thoughts.html", directory / "thoughts.html"):
        assert "learned" not in page.read_text() and "LatentMap" in page.read_text()
        assert page.with_name("thoughts.png").stat().st_size > 1000
    assert pyplot.get_fignums() == []


def test_the_changed_questions_are_those_of_the_two_runs(saved: Path, tmp_path: Path) -> None:
    """Against plain answers that a run of its own gives."""

    def answers(name: str, callbacks: list) -> dict[str, Answer]:
        predictions = Predictions()
        trainer = make_trainer(tmp_path / name, callbacks=[*callbacks, predictions], logger=False)
        module = make_module(saved)
        given = [
            answer for batch in trainer.predict(module, make_data(validation=40).val_dataloader()) for answer in batch
        ]
        return {answer.id: answer for answer in given}

    plain = answers("plain", [])
    refined = answers("refined", [ResidualBlending(memory_rate=0.4)])
    changed = {"fixed": 0, "broken": 0, "right": 0, "wrong": 0}
    for id, answer in refined.items():
        changed[kind_of(plain[id], answer)] += 1
    assert changed["fixed"] and changed["broken"]
    inspection = TrajectoryInspection(num_questions=2)
    callbacks = [ResidualBlending(memory_rate=0.4), inspection]
    trainer = make_trainer(tmp_path / "looked", callbacks=callbacks, logger=False)
    trainer.validate(make_module(saved), make_data(validation=40), verbose=False)
    assert {kind: inspection._changed[kind] for kind in changed} == changed
    for one in to_show(inspection._found):
        assert one.plain.text == plain[one.example.id].text and one.answer.text == refined[one.example.id].text


def test_a_method_that_moves_no_latent_shows_them_once(saved: Path, tmp_path: Path) -> None:
    for name, callbacks in (("plain", []), ("views", [SymmetricViews(count=2)])):
        logger = TensorBoardLogger(tmp_path, name=name, version="one")
        trainer = make_trainer(tmp_path, callbacks=[*callbacks, TrajectoryInspection(embedding=False)], logger=logger)
        trainer.validate(make_module(saved), make_data(), verbose=False)
        events = EventAccumulator(logger.log_dir).Reload()
        text = events.Tensors("thoughts/val/text_summary")[0].tensor_proto.string_val[0].decode()
        assert "| t | plain |" in text
        assert not [tag for tag in events.Tags()["scalars"] if tag.startswith("latents/")]
        assert not list(Path(logger.log_dir).rglob("*.tsv"))


def test_without_tensorboard_there_is_the_page(saved: Path, tmp_path: Path) -> None:
    fit_and_test(saved, tmp_path, CSVLogger(tmp_path, name="csv", version="one"), TrajectoryInspection())
    assert (tmp_path / "csv" / "one" / "thoughts.html").exists() and not list(tmp_path.rglob("events.*"))


def test_fast_dev_run_shows_nothing(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fit_and_test(saved, tmp_path, TensorBoardLogger(tmp_path), TrajectoryInspection(), fast_dev_run=True)
    assert not list(tmp_path.rglob("thoughts.*"))


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
        assert not (Path(logger.log_dir) / "thoughts.html").exists()
