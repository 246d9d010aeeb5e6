"""What is imported does what the original code did, to the id, and nothing is left of what is refused."""

import shutil
from pathlib import Path

import pytest
import torch

from lightning_latent.cli import main
from lightning_latent.errors import UserError
from lightning_latent.importing import import_reasoner
from lightning_latent.reasoner import load_reasoner
from lightning_latent.reasoner.identity import weights_hash
from tests.importing.cases import CASES, expected, flags, options, place


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Each case, imported by the command, as a directory."""
    root = tmp_path_factory.mktemp("imported")
    for case in CASES:
        main(["import", "--checkpoint", str(place(case)), *flags(options(case)), "--out", str(root / case)])
    return root


def test_every_format_has_cases():
    assert {case.split("_")[0] for case in CASES} == {"coconut", "simcot", "codi", "latenttts"}


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_ids_latents_logits_and_words_are_those_of_the_original(case, imported):
    """The questions are asked together, padded; the original asked each alone."""
    reasoner = load_reasoner(str(imported / case)).freeze()
    known = expected(case)
    asked, settings = known["questions"], known["settings"]
    questions = [it["question"] for it in asked]
    assert len({len(it["input_ids"]) for it in asked}) > 1

    for ids, it in zip(reasoner.question_ids(questions), asked, strict=True):
        rest = it["input_ids"][len(ids) :]
        assert ids == it["input_ids"][: len(ids)]
        # The original writes placeholders and the end marker down where it reads all in one call.
        assert rest in ([], [known["marks"].get("latent")] * settings["num_latents"] + reasoner.closing)

    rollout = reasoner.rollout(reasoner.encode(questions))
    concluded = reasoner.answer_context(rollout)
    assert reasoner.num_latents == settings["num_latents"]
    for index, it in enumerate(asked):
        latents = torch.tensor(it["latents"]).reshape(settings["num_latents"], reasoner.hidden_size)
        torch.testing.assert_close(rollout.latents[index], latents, rtol=0, atol=1e-4)
        logits = reasoner.logits(concluded.hidden[index])
        torch.testing.assert_close(logits, torch.tensor(it["first_logits"]), rtol=0, atol=1e-3)

    end = reasoner.tokenizer.eos_token_id
    for row, it in zip(reasoner.decode(concluded, max_new_tokens=settings["max_new_tokens"]), asked, strict=True):
        # Coconut leaves the end of sequence out, and goes on where it is the first word.
        words = it["generated"][: it["generated"].index(end)] if end in it["generated"] else it["generated"]
        assert [token for token in row if token != end] == words
        assert (row[-1] == end) == (len(words) < settings["max_new_tokens"])


@pytest.mark.parametrize("case", CASES)
def test_python_and_command_write_the_same(case, imported, tmp_path):
    reasoner = import_reasoner(str(place(case)), out=tmp_path / case, **options(case))
    names = sorted(path.name for path in (tmp_path / case).iterdir())
    assert names == sorted(path.name for path in (imported / case).iterdir())
    assert all(
        (tmp_path / case / name).read_bytes() == (imported / case / name).read_bytes()
        for name in names
        if name.endswith((".json", ".safetensors"))
    )
    loaded = load_reasoner(str(tmp_path / case))
    assert weights_hash(reasoner.model, reasoner.projection) == weights_hash(loaded.model, loaded.projection)
    assert not any(weight.requires_grad for weight in reasoner.parameters())
    assert reasoner.model.name_or_path == reasoner.tokenizer.name_or_path == str(tmp_path / case)
    # Nothing is pickled, and nothing of the auxiliary models or the adapters is left.
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]
    assert not any("lora" in name or "decoder" in name for name, _ in loaded.named_parameters())


def test_the_command_says_what_it_took_for_granted(tmp_path, capsys):
    given = {**options("codi"), "remove_eos": False}
    main(["import", "--checkpoint", str(place("codi")), *flags(given), "--out", str(tmp_path / "new")])
    said = capsys.readouterr().out
    assert "6 latents (its hidden state, projected, ends of sequence around them)" in said
    reasoner = load_reasoner(str(tmp_path / "new"))
    assert (reasoner.opening, reasoner.closing) == ([0, 401], [402, 0])


@pytest.mark.parametrize(
    ("case", "changes", "complaint"),
    [
        ("coconut", {"num_latents": None}, "give --num_latents"),
        ("codi", {"num_latents": None}, "give --num_latents"),
        ("latenttts_codi", {"num_latents": None}, "give --num_latents"),
        ("codi", {"lora_alpha": None}, "give --lora_alpha"),
        ("coconut", {"base": None}, "give --base"),
        ("coconut", {"base": "nowhere/at all"}, "no model at 'nowhere/at all'"),
        ("coconut", {"num_latents": -1}, "argument --num_latents: it is '-1'; it must be at least 0"),
        ("coconut", {"lora_alpha": 16.0}, "--lora_alpha belongs to"),
        ("latenttts_codi", {"remove_eos": True}, "--remove_eos belongs to"),
        ("latenttts_codi", {"base": "gpt2"}, "--base: a checkpoint of latenttts brings its own"),
        ("codi", {"thought": "pause"}, "--thought: a checkpoint of codi feeds hidden states"),
        ("coconut_cot", {"num_latents": 6}, "it is a checkpoint in words"),
        ("simcot_coconut", {"lora_alpha": 16.0}, "has no adapters"),
        ("simcot_coconut", {"format": "coconut"}, "use --format simcot"),
        ("simcot_codi_sharded", {"format": "codi"}, "use --format simcot"),
        ("coconut_cot", {"format": "simcot"}, "it is no checkpoint of SIM-CoT"),
        ("codi", {"format": "coconut", "lora_alpha": None, "remove_eos": None}, "check --format"),
        ("coconut", {"format": "codi", "lora_alpha": 16.0}, "which is in no checkpoint of CODI; check --format"),
        ("codi", {"format": "nonsense"}, "--format nonsense: no such format; there is coconut, simcot"),
        ("codi", {"format": "pccot"}, "PCCoT refines all its latents in parallel"),
        ("codi", {"format": "colar"}, "CoLaR draws each latent from a policy"),
        ("codi", {"format": "stop-head"}, "a head decides after each latent"),
        ("codi", {"format": "softcot"}, "come from a second model"),
        ("latenttts_codi", {"file": "weights.bin"}, "no file weights.bin in it"),
        ("coconut", {"file": "checkpoint_25"}, "is a file itself"),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_told_in_one_line(case, changes, complaint, tmp_path, capsys):
    given = flags({**options(case), **changes})
    with pytest.raises(SystemExit) as caught:
        main(["import", "--checkpoint", str(place(case)), *given, "--out", str(tmp_path / "new")])
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert complaint in said and said.startswith("error: ") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left_out", ["--format", "--checkpoint", "--out"])
def test_what_the_command_cannot_do_without_is_named(left_out, tmp_path, capsys):
    arguments = ["--checkpoint", str(place("coconut")), *flags(options("coconut")), "--out", str(tmp_path / "new")]
    at = arguments.index(left_out)
    with pytest.raises(SystemExit) as caught:
        main(["import", *arguments[:at], *arguments[at + 2 :]])
    assert caught.value.code == 2 and f"{left_out} is missing" in capsys.readouterr().err


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine").write_text("precious")
    for out in (tmp_path, tmp_path / "mine"):
        with pytest.raises(UserError, match="is there already"):
            import_reasoner(str(place("coconut")), out=out, **options("coconut"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]
    (tmp_path / "empty").mkdir()
    import_reasoner(str(place("coconut")), out=tmp_path / "empty", **options("coconut"))
    assert (tmp_path / "empty" / "config.json").is_file()


def test_a_directory_says_which_file_is_meant(tmp_path):
    def copy(name: str) -> None:
        shutil.copyfile(place("coconut"), tmp_path / name)

    given = options("coconut")
    with pytest.raises(UserError, match="name the file with --file"):
        import_reasoner(str(tmp_path), out=tmp_path / "new", **given)
    copy("checkpoint_25")
    import_reasoner(str(tmp_path), out=tmp_path / "only", **given)
    copy("checkpoint_24")
    with pytest.raises(UserError, match="has checkpoint_24, checkpoint_25; name one with --file"):
        import_reasoner(str(tmp_path), out=tmp_path / "new", **given)
    import_reasoner(str(tmp_path), out=tmp_path / "new", file="checkpoint_24", **given)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"only", "new"}


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments, **others):
        raise OSError("disk full")

    monkeypatch.setattr("lightning_latent.importing.writing.load_reasoner", fail)
    with pytest.raises(OSError, match="disk full"):
        import_reasoner(str(place("codi")), out=tmp_path / "new", **options("codi"))
    assert list(Path(tmp_path).iterdir()) == []
