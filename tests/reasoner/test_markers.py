"""Marker tokens: where they get their rows from, and that nothing else changes."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from lightning_latent.errors import UserError
from lightning_latent.reasoner.markers import CONFIG_KEY, END, LATENT, START, add_markers, read_metadata
from tests.models import config, words


def plain(family: str, **options):
    tokenizer = words()
    return AutoModelForCausalLM.from_config(config(family, len(tokenizer), **options)), tokenizer


def test_rows_of_both_tables_are_copied_and_the_others_stay():
    for family, tied in (("gpt2", True), ("llama", False)):
        model, tokenizer = plain(family)
        tables = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        before, source = [table.detach().clone() for table in tables], tokenizer.convert_tokens_to_ids("<<")
        add_markers(model, tokenizer)
        after = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        assert (after[0] is after[1]) == tied
        for old, new in zip(before, after, strict=True):
            assert torch.equal(new[: len(old)], old)
            assert torch.equal(new[len(old) :], old[source].expand(3, -1))
        assert model.config.vocab_size == len(tokenizer)


def test_tables_with_room_to_spare_are_not_resized():
    model, tokenizer = plain("llama")
    model.resize_token_embeddings(64)
    add_markers(model, tokenizer)
    table = model.get_input_embeddings().weight
    assert len(table) == 64
    assert torch.equal(table[tokenizer.convert_tokens_to_ids(LATENT)], table[tokenizer.convert_tokens_to_ids("<<")])


def test_markers_are_special_and_so_remain_the_tokens_that_were():
    model, tokenizer = plain("gpt2")
    tokenizer.add_special_tokens({"extra_special_tokens": ["<|turn|>"]})
    model.resize_token_embeddings(len(tokenizer))
    add_markers(model, tokenizer)
    ids = tokenizer(f"<|turn|>{START}{LATENT}Bob is a{END}")["input_ids"]
    assert len(ids) == 5
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "Bob is a"


def test_adding_again_changes_nothing():
    model, tokenizer = plain("gpt2")
    add_markers(model, tokenizer)
    model.get_input_embeddings().weight.data[-1] = 0.0
    size = len(tokenizer)
    add_markers(model, tokenizer)
    assert len(tokenizer) == size and not model.get_input_embeddings().weight[-1].any()


def test_without_the_token_to_copy_the_end_of_sequence_serves():
    model, tokenizer = plain("gpt2")
    add_markers(model, tokenizer, like="unheard of")
    table = model.get_input_embeddings().weight
    assert torch.equal(table[-1], table[tokenizer.eos_token_id])


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"thought": "hidden"}, "num_latents is None"),
        ({"num_latents": "six"}, "num_latents is 'six'"),
        ({"num_latents": -1}, "num_latents is -1"),
        ({"num_latents": 2, "latents": 3}, "unknown key 'latents'"),
        ({"num_latents": 2, "thought": "loud"}, "thought is 'loud'"),
        ({"num_latents": 2, "replaced_steps": -1}, "replaced_steps is -1"),
        ({"num_latents": 2, "projection": "yes"}, "projection is 'yes', not true or false"),
        ({"num_latents": 2, "sayable": 1.5}, "sayable is 1.5, not a number or null"),
        ({"num_latents": 2, "start": None}, "start is None, not a text or a token's number"),
        (6, "it is 6, not an object"),
    ],
)
def test_wrong_metadata_is_named(said, complaint):
    made = config("llama", 32, **{CONFIG_KEY: said})
    with pytest.raises(UserError, match=f"{CONFIG_KEY}: {complaint}"):
        read_metadata(made)
