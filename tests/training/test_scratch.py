"""The tokenizer that reads ProsQA's sentences in halves."""

import random

import pytest

from lightning_latent.data import GeneratedProsQA
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.reasoner.markers import END, LATENT, START, add_markers
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows
from lightning_latent.training import ScratchProsQA
from lightning_latent.training.scratch import sentence_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return sentence_tokenizer()


@pytest.fixture(scope="module")
def examples():
    source = GeneratedProsQA(size=40)
    return [source.make(number) for number in range(40)]


def test_pieces_joined_are_the_whole_text(tokenizer, examples):
    for example in examples:
        pieces = encode_questions(tokenizer, [example.question]) + encode_step_rows(tokenizer, [example.steps])
        pieces += encode_answers(tokenizer, [example.answer])
        whole = "\n".join([example.question, *example.steps, "### " + example.answer])
        ids = tokenizer(whole)["input_ids"]
        assert [token for piece in pieces for token in piece] == [*ids, tokenizer.eos_token_id]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids) == whole


def test_a_statement_takes_two_tokens(tokenizer, examples):
    for example in examples:
        statements = example.question.count(".")
        assert len(tokenizer(example.question)["input_ids"]) == 2 * statements + 3  # Is Bob a | wumpus or | dumpus?


def test_every_sentence_of_the_vocabulary_comes_back(tokenizer):
    rng = random.Random(0)
    for name in NAMES:
        for noun in NOUNS:
            other = rng.choice(NOUNS)
            text = f"{name} is a {noun}. Every {noun} is a {other}. Is {name} a {other} or {noun}?"
            assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_words_are_all_different(tokenizer):
    assert len(tokenizer) == len(set(tokenizer.get_vocab())) == 5 + len(NOUNS) * 4 + len(NAMES) * 2


def test_what_it_does_not_know_is_unknown(tokenizer):
    ids = tokenizer("Every nonsense is a wumpus.")["input_ids"]
    assert ids[0] == tokenizer.unk_token_id and tokenizer.decode(ids[1:]) == "wumpus."


def test_markers_are_special():
    model, tokenizer, _ = ScratchProsQA(hidden_size=16, num_layers=1, num_heads=2).build()
    add_markers(model, tokenizer)
    ids = tokenizer(f"Is Tom a wumpus?\n{START}{LATENT}{LATENT}{END}### Tom is a wumpus.")["input_ids"]
    assert [tokenizer.convert_ids_to_tokens(i) for i in ids] == [
        *("Is Tom a", "wumpus?", "\n"),
        *(START, LATENT, LATENT, END),
        *("###", "Tom is a", "wumpus."),
    ]
    assert tokenizer.decode(ids[3:], skip_special_tokens=True) == "### Tom is a wumpus."


def test_a_saved_tokenizer_is_the_same(tokenizer, examples, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for example in examples[:5]:
        text = "\n".join([example.question, *example.steps])
        ids = tokenizer(text)["input_ids"]
        assert loaded(text)["input_ids"] == ids and loaded.decode(ids) == text


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_the_model_is_as_described(family):
    base = ScratchProsQA(
        family=family, hidden_size=32, num_layers=2, num_heads=4, max_positions=64, names=["Bob"], nouns=NOUNS[:3]
    )
    model, tokenizer, _ = base.build()
    assert (model.config.hidden_size, model.config.num_hidden_layers, model.config.num_attention_heads) == (32, 2, 4)
    assert model.config.max_position_embeddings == 64
    assert model.config.vocab_size == len(tokenizer) == 5 + 3 * 4 + 2
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert model.config.eos_token_id == tokenizer.eos_token_id
