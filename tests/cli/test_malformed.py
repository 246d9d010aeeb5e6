"""Configs and checkpoints with something wrong in them: each is one line that names the key, before a model loads."""

import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lightning_latent.cli import LatentCLI
from lightning_latent.cli.checkpoint import check_checkpoint
from lightning_latent.cli.config_file import check_config
from lightning_latent.cli.exits import exit_codes
from tests.malformed import LONGEST, examples, one_line, values

CONFIG: dict[str, Any] = {
    "seed_everything": 1,
    "model": {
        "class_path": "LatentRefinement",
        "init_args": {
            "reasoner": "embedded:final",
            "learn": {"class_path": "LatentMap", "init_args": {"rank": 2}},
            "learning_rate": 0.01,
            "iterations": 1,
            "num_latents": 3,
            "max_new_tokens": 4,
            "loop": "stepwise",
            "scoring": "generate",
            "dtype": "float32",
        },
    },
    "data": {
        "class_path": "LatentDataModule",
        "init_args": {
            "benchmark": {"class_path": "GSM8K", "init_args": {"steps": "equations"}},
            "validation": {
                "class_path": "BalancedProsQA",
                "init_args": {"size": 6, "split": "evaluation", "dead_ends": 2, "min_hops": 3, "max_hops": 4},
            },
            "batch_size": 2,
            "eval_batch_size": 4,
            "num_workers": 0,
            "shuffle_buffer": 0,
            "seed": 3,
            "max_eval": 3,
            "streaming": True,
        },
    },
    "feedback": {"search_step": 0.1, "scale": "raw", "sign": "ascent"},
    "blending": {"memory_rate": 0.1, "gradient_history": 0.1},
    "views": {"count": 2, "threshold": 1.0, "batch_size": 4, "own": True},
    "predictions": {"resume": True},
    "trainer": {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 1,
        "limit_val_batches": 2,
        "check_val_every_n_epoch": 1,
        "accumulate_grad_batches": 1,
        "gradient_clip_val": 1.0,
        "log_every_n_steps": 1,
        "precision": "32-true",
        "callbacks": [{"class_path": "EarlyStopping", "init_args": {"monitor": "val/accuracy", "patience": 1}}],
    },
}
NULL_ALLOWED = ("num_latents", "max_new_tokens", "max_eval", "threshold", "learn", "gradient_clip_val", "precision")
NULL_ALLOWED += ("limit_val_batches", "check_val_every_n_epoch", "log_every_n_steps", "max_epochs", "callbacks")
NULL_ALLOWED += ("validation", "seed_everything")
# Wrong for every key: no number, no bound, no name, no list and no class is any of them.
WRONG = [{"nowhere": 1}, "no_such_thing", [[1]], -7, "-1.5e-3", ".nan", {"class_path": "NoSuch"}, {"init_args": 5}]


def places(config: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a config are, each by the keys that lead to it."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield (*above, key)
            yield from places(value, (*above, key))


PLACES = [place for place in places(CONFIG) if place[-1] not in ("init_args",)]
FREE = ("reasoner", "validation")  # any text is a path, which is looked for when it is read


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    below = config
    for key in place[:-1]:
        below = below[key]
    below[place[-1]] = value
    return config


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], tuple[int, str]]:
    """Parse a config and make all objects, in one process by one parser; give the exit code and what was said."""
    path = tmp_path_factory.mktemp("config") / "bad.yaml"
    arguments = ["validate", "--config", str(path), "--trainer.logger", "false"]
    path.write_text(yaml.safe_dump(CONFIG))

    class Built(LatentCLI):
        def _run_subcommand(self, subcommand: str) -> None:
            """Not here."""

    before = sys.argv
    sys.argv = ["train.py"]
    cli = Built(arguments)
    sys.argv = before

    def run(content: Any) -> tuple[int, str]:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lightning_latent.cli.exits.say", said.append)
            patch.setattr("lightning_latent.cli.parser.say", said.append)
            patch.setattr(sys, "argv", ["train.py"])
            try:
                with exit_codes():
                    cli.parse_arguments(cli.parser, arguments)
                    cli.subcommand = cli.config["subcommand"]
                    cli.before_instantiate_classes()
                    cli.instantiate_classes()
            except SystemExit as exit_:
                assert exit_.code in (0, 2), exit_.code
                assert len(said) == 1 and said[0] and "\n" not in said[0] and len(said[0]) <= LONGEST, said
                return int(exit_.code or 0), said[0]
        return 0, ""

    return run


def test_the_config_itself_is_right(build):
    assert build(CONFIG) == (0, "")


@examples(250)
@given(place=st.sampled_from(PLACES), value=st.sampled_from(WRONG))
def test_a_wrong_value_is_refused_by_its_keys_name(place, value, build):
    if place[-1] in FREE and isinstance(value, str):
        return
    if place[-2:-1] == ("init_args",) and place[-1] == "seed" and value == -7:
        return  # any whole number is a seed
    if place[-1] in ("method", "monitor", "class_path") and isinstance(value, str) and place[-1] != "class_path":
        return  # any text is a name
    code, line = build(changed(place, value))
    assert code == 2, (place, value)
    names = [str(key) for key in place if key != "init_args"]
    assert any(name in line for name in names), line


@examples(60)
@given(place=st.sampled_from([place for place in PLACES if place[-1] not in NULL_ALLOWED]))
def test_a_null_is_refused_where_there_is_none(place, build):
    code, line = build(changed(place, None))
    assert code == 2 and any(str(key) in line for key in place), (place, line)


@examples(60)
@given(place=st.sampled_from(PLACES), name=st.sampled_from(["lerning_rate", "x", "Size", "5"]))
def test_an_unknown_key_is_refused(place, name, build):
    code, line = build(changed((*place[:-1], name), 1))
    # jsonargparse 4.51 only says which class has it.
    assert code == 2 and (name in line or (place[-1] == "class_path" and str(place[-2]) in line)), line


@examples(200)
@given(place=st.sampled_from(PLACES), value=values)
def test_any_value_is_taken_or_told(place, value, build):
    assert build(changed(place, value))[0] in (0, 2)


@examples(150)
@given(start=st.integers(0, 1500), length=st.integers(1, 12), put=st.sampled_from(["", "\t", "{", "]", ": ", "&a *a"]))
def test_a_torn_file_is_taken_or_told(start, length, put, build):
    text = yaml.safe_dump(CONFIG)
    assert build(text[:start] + put + text[start + length :])[0] in (0, 2)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("min_epochs", -1, "at least 0"),
        ("min_epochs", 5, "above trainer.max_epochs, which is 1"),
        ("min_steps", -1, "at least 0"),
        ("max_epochs", -2, "at least -1"),
        ("max_steps", -2, "at least -1"),
        ("limit_train_batches", 1.5, "[0.0, 1.0]"),
        ("limit_test_batches", -1, "[0.0, 1.0]"),
        ("accumulate_grad_batches", 0, "at least 1"),
        ("check_val_every_n_epoch", 0, "at least 1"),
        ("log_every_n_steps", -1, "at least 0"),
        ("val_check_interval", 0, "above 0"),
        ("max_time", {"minutes": -3}, "above 0"),
        ("devices", 0, "not a valid input"),
    ],
)
def test_a_number_of_the_trainer_out_of_bounds_is_refused(key, value, said, build):
    code, line = build(changed(("trainer", key), value))
    assert code == 2 and key in line and said in line


@pytest.mark.parametrize("entry", [{}, {"init_args": {"patience": 1}}, {"patience": 1}], ids=str)
def test_a_callback_without_a_class_is_refused(entry, build):
    code, line = build(changed(("trainer", "callbacks"), ["RichProgressBar", entry]))
    assert code == 2 and "bad.yaml: trainer.callbacks.1 has no class_path" in line


def test_a_callback_that_does_nothing_is_refused(build):
    code, line = build(changed(("trainer", "callbacks"), ["Callback"]))
    assert code == 2 and "trainer.callbacks.0" in line


LAUGHS = b"k0: &k0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"k%d: &k%d [%s]\n" % (n, n, b", ".join([b"*k%d" % (n - 1)] * 9)) for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# caf\xe9\nmodel: {}", "not UTF-8"),
        (b"\xff\xfem\x00o\x00", "not UTF-8"),
        (b"model: {a: 3}\ntrainer: [\n", "bad.yaml:3: not a config"),
        (b"trainer: &a {callbacks: *a}", "bad.yaml:1: not a config (an alias leads back to itself)"),
        (b"model:\n  a: 3\n  a: 4\n", "bad.yaml:3: not a config (the key a occurs twice)"),
        (b"a: " + b"[" * 60 + b"]" * 60, "nested more than 50 deep"),
        (b"a: !!int x", "not a config"),
        (b"", "it is empty"),
        (b"5", "it is a int"),
        (LAUGHS, "its aliases"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_traps_of_yaml_are_told_by_file_and_line(content, said, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    assert said in (one_line(lambda: check_config(path)) or "")


WHOLE: dict[str, Any] = {
    "pytorch-lightning_version": "2.6.6",
    "state_dict": {"learn.offset": torch.zeros(2)},
    "epoch": 1,
    "global_step": 2,
    "loops": {},
    "callbacks": {},
    "optimizer_states": [{}],
    "lr_schedulers": [{}],
}


class Code:
    """What must not run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


def written(path: Path, content: Any) -> str:
    torch.save(content, path)
    return str(path)


def test_a_whole_checkpoint_is_no_matter(tmp_path):
    assert one_line(lambda: check_checkpoint(written(tmp_path / "a.ckpt", WHOLE), subcommand="fit")) is None


@examples(60)
@given(
    key=st.sampled_from(list(WHOLE)),
    value=st.just({"a": float("nan")}) | st.sampled_from([None, 5, "x", [1], True, ...]),
)
def test_a_mangled_checkpoint_is_told(key, value, tmp_path):
    content = {name: item for name, item in {**WHOLE, key: value}.items() if item is not ...}
    path = written(tmp_path / "a.ckpt", content)
    line = one_line(lambda: check_checkpoint(path, subcommand="fit"))
    # What is within the loops' state Lightning finds out when it takes it up.
    harmless = (value == 5 and key in ("epoch", "global_step")) or (key == "loops" and isinstance(value, dict | None))
    assert harmless or path in (line or ""), (key, value)


@pytest.mark.parametrize(
    "content",
    [{}, [], torch.zeros(2), {**WHOLE, "x": Code()}, {**WHOLE, "state_dict": {"a": torch.tensor([float("nan")])}}],
    ids=["empty", "list", "tensor", "code", "not a number"],
)
def test_what_is_no_checkpoint_is_told(content, tmp_path, capsys):
    path = written(tmp_path / "a.ckpt", content)
    assert path in (one_line(lambda: check_checkpoint(path, subcommand="test")) or "")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "path", ["", "best", "last", "hpc", "registry:a", "http://a/b.ckpt", "file:///a", "nowhere", "."]
)
@pytest.mark.parametrize("subcommand", ["fit", "test"])
def test_a_path_to_no_checkpoint_is_told(path, subcommand):
    assert "--ckpt_path " + path in (one_line(lambda: check_checkpoint(path, subcommand=subcommand)) or "")


@examples(40)
@given(content=st.binary(max_size=40))
def test_bytes_are_no_checkpoint(content, tmp_path):
    (tmp_path / "a.ckpt").write_bytes(content)
    assert one_line(lambda: check_checkpoint(str(tmp_path / "a.ckpt"), subcommand="test"))
