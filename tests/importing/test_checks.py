"""Everything in a state dict that can be checked is."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from lightning_latent.errors import UserError
from lightning_latent.importing import import_reasoner
from lightning_latent.importing.reading import find_weights, read_weights
from tests.importing.cases import FIXTURES, options, place


def spoilt(case, change, tmp_path):
    """Import a case whose state dict was changed."""
    state = dict(read_weights(*find_weights(str(place(case)), file=None)))
    change(state)
    torch.save(state, tmp_path / "checkpoint_1")
    return import_reasoner(str(tmp_path / "checkpoint_1"), out=tmp_path / "new", **options(case))


def drop(name):
    return lambda state: state.pop(name)


def add(name, *shape):
    return lambda state: state.update({name: torch.zeros(*shape)})


def alter(name, change):
    return lambda state: state.update({name: change(state[name].clone())})


def longer(value):
    return torch.cat([value, value[:1]])


def nudged(value):
    value[-1, -1] += 1e-3
    return value


def spoil(value):
    value.view(-1)[3] = float("nan")
    return value


GPT2, CODI = "base_causallm.transformer.", "codi.base_model.model.transformer."
CHANGES = [
    ("coconut", drop(GPT2 + "h.1.mlp.c_fc.bias"), "lacks transformer.h.1.mlp.c_fc.bias of GPT2LMHeadModel"),
    ("coconut", add("base_causallm.transformer.h.2.ln_1.bias", 32), "has transformer.h.2.ln_1.bias, which is in no"),
    ("coconut", add("thinker.weight", 32), "has thinker.weight, which is in no checkpoint of Coconut"),
    ("coconut", alter(GPT2 + "h.0.ln_1.bias", longer), re.escape("h.0.ln_1.bias is (33,), the base's (32,)")),
    ("coconut", alter(GPT2 + "h.0.ln_1.bias", spoil), "h.0.ln_1.bias is not finite"),
    ("coconut", alter("embedding.weight", nudged), "embedding.weight and transformer.wte.weight should be equal"),
    ("coconut", alter("base_causallm.lm_head.weight", nudged), "wte.weight and lm_head.weight should be equal"),
    ("coconut", add("module.embedding.weight", 403, 32), "has embedding.weight twice"),
    ("coconut_llama", drop("base_causallm.lm_head.weight"), "lacks lm_head.weight of LlamaForCausalLM"),
    ("coconut_cot", drop("transformer.wpe.weight"), "lacks transformer.wpe.weight"),
    ("coconut_cot", add("embedding.weight", 400, 32), "has embedding.weight, which is in no GPT2LMHeadModel"),
    ("simcot_coconut", add("helper.weight", 3), "has helper.weight, which is in no checkpoint of Coconut"),
    ("simcot_codi_sharded", add("helper.weight", 3), "has helper.weight, which is in no checkpoint of CODI"),
    ("codi", drop("prj.3.bias"), "the projection's down.bias is missing"),
    ("codi", alter("prj.1.weight", lambda value: value[:, :-1]), "the projection's up.weight is "),
    ("codi", add("prj.4.weight", 32), "has 4.weight, which is in no projection"),
    ("codi", drop(CODI + "h.0.attn.c_attn.lora_B.default.weight"), "adapter of transformer.h.0.attn.c_attn is not"),
    ("codi", drop(CODI + "h.0.attn.c_attn.base_layer.weight"), "adapter of transformer.h.0.attn.c_attn is not"),
    ("codi", add(CODI + "h.0.attn.c_attn.lora_magnitude_vector.default.weight", 96), "lora_magnitude_vector"),
    ("codi", alter(CODI + "h.0.mlp.c_fc.lora_A.default.weight", longer), "sizes that do not fit"),
    ("codi", alter(CODI + "h.0.mlp.c_fc.lora_B.default.weight", longer), "does not fit its layer"),
]


@pytest.mark.parametrize(("case", "change", "complaint"), CHANGES)
def test_a_weight_too_many_too_few_or_unequal(case, change, complaint, tmp_path):
    with pytest.raises(UserError, match=complaint) as caught:
        spoilt(case, change, tmp_path)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint_1"]


def more_rows(prefix):
    def change(state):
        for name in (f"{prefix}transformer.wte.weight", f"{prefix}lm_head.weight", "embedding.weight"):
            if name in state:
                state[name] = longer(state[name])

    return change


@pytest.mark.parametrize(
    ("case", "prefix", "takes"),
    [
        ("coconut", "base_causallm.", "has 400 in words and 403 with markers"),
        ("coconut_cot", "", "has 400 in words and 403 with markers"),
        ("simcot_coconut", "base_causallm.", "has 400 in words and 403 with markers"),
        ("codi", "codi.base_model.model.", "has 403"),
        ("latenttts_coconut", "", "its config.json 403"),
    ],
)
def test_rows_that_are_not_those_of_the_tokens(case, prefix, takes, tmp_path):
    if case.startswith("latenttts"):
        folder = shutil.copytree(FIXTURES / case, tmp_path / "copy")
        state = load_file(folder / "model.safetensors")
        more_rows(prefix)(state)
        save_file(state, folder / "model.safetensors")
        with pytest.raises(UserError, match="404 rows of embeddings, " + takes):
            import_reasoner(str(folder), out=tmp_path / "new", **options(case))
    else:
        with pytest.raises(UserError, match=f"has 40[14] rows of embeddings; a checkpoint of .* {takes}; check --base"):
            spoilt(case, more_rows(prefix), tmp_path)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("case", "base", "complaint"),
    [
        ("coconut", "coconut_llama", "lacks .*; check --format and --base"),
        ("coconut", "simcot_coconut", r"is \(403, 32\), the base's \(403, 24\); check --base"),  # narrower
        ("codi", "codi_llama", "has an adapter of transformer.*, which is in no LlamaForCausalLM; check --base"),
        ("codi_llama", "codi", "has an adapter of model.*, which is in no GPT2LMHeadModel; check --base"),
    ],
)
def test_another_base(case, base, complaint, tmp_path):
    given = {**options(case), "base": str(FIXTURES / base / "base")}
    with pytest.raises(UserError, match=complaint):
        import_reasoner(str(place(case)), out=tmp_path / "new", **given)
    assert list(tmp_path.iterdir()) == []


def test_tables_that_old_releases_saved_are_left_out(tmp_path):
    reasoner = spoilt("coconut", add(GPT2 + "h.0.attn.bias", 1, 1, 160, 160), tmp_path)
    assert reasoner.num_latents == 6


def test_the_latent_token_needs_no_row(tmp_path):
    """It is never read; tables with a row fewer than the tokenizer has tokens exist."""
    folder = shutil.copytree(FIXTURES / "latenttts_coconut", tmp_path / "copy")
    state = load_file(folder / "model.safetensors")
    state["transformer.wte.weight"] = state["transformer.wte.weight"][:-1].contiguous()
    save_file(state, folder / "model.safetensors")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "vocab_size": 402}))
    reasoner = import_reasoner(str(folder), out=tmp_path / "new", **options("latenttts_coconut"))
    whole = import_reasoner(str(FIXTURES / "latenttts_coconut"), out=tmp_path / "whole", **options("latenttts_coconut"))
    with torch.no_grad():
        ours, theirs = (it.rollout(it.encode(["How many?"])).latents for it in (reasoner, whole))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"latent_start_id": 3}, r"says latent_start_id 3, the tokenizer 401 for <\|start-latent\|>"),
        ({"projector": False}, "do not agree on a projector"),
        ({"architectures": ["GPT2LMHeadModel"]}, "not COCONUTGPT2 or CODIGPT2; check --format"),
    ],
)
def test_a_configuration_that_is_at_odds_with_its_files(changes, complaint, tmp_path):
    folder = shutil.copytree(FIXTURES / "latenttts_codi", tmp_path / "copy")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, **changes}))
    with pytest.raises(UserError, match=complaint):
        import_reasoner(str(folder), out=tmp_path / "new", **options("latenttts_codi"))
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


@pytest.mark.parametrize("prefix", ["transformer.", ""])
def test_a_base_with_weights_must_be_the_one_that_stayed_frozen(prefix, tmp_path):
    """Of the same architecture and size, but another model."""
    base = shutil.copytree(FIXTURES / "codi" / "base", tmp_path / "base")
    given = {**options("codi"), "base": str(base)}
    table = read_weights(*find_weights(str(place("codi")), file=None))[CODI + "wte.weight"][:-3].float()
    slightly = table * (1 + 1e-3 * torch.randn_like(table))  # before it was rounded
    save_file({f"{prefix}wte.weight": slightly}, base / "model.safetensors")
    import_reasoner(str(place("codi")), out=tmp_path / "new", **given)
    save_file({f"{prefix}wte.weight": table.roll(1, 0)}, base / "model.safetensors")
    with pytest.raises(UserError, match=r"its frozen embeddings are not those of .*base; check --base"):
        import_reasoner(str(place("codi")), out=tmp_path / "other", **given)
    assert not (tmp_path / "other").exists()
