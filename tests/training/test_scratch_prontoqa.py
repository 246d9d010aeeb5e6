"""The tokenizer that reads ProntoQA's sentences in halves."""

import random

from lightning_latent.data import BalancedProntoQA, ProntoQA
from lightning_latent.data.prontoqa.sentences import CLASSES, PEOPLE, PROPERTIES
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows
from lightning_latent.training import ScratchProntoQA
from lightning_latent.training.scratch_prontoqa import premise_tokenizer


def test_pieces_joined_are_the_whole_text() -> None:
    tokenizer = premise_tokenizer()
    for number, example in enumerate(BalancedProntoQA(size=100)):
        for told in (example, ProntoQA().view(example, random.Random(number)).example):
            pieces = encode_questions(tokenizer, [told.question]) + encode_step_rows(tokenizer, [told.steps])
            pieces += encode_answers(tokenizer, [told.answer])
            whole = "\n".join([told.question, *told.steps, "### " + told.answer])
            ids = tokenizer(whole)["input_ids"]
            assert [token for piece in pieces for token in piece] == [*ids, tokenizer.eos_token_id]
            assert tokenizer.unk_token_id not in ids
            assert tokenizer.decode(ids) == whole
            premises = told.question.count(".") - 1
            assert len(tokenizer(told.question)["input_ids"]) == 2 * premises + 3


def test_words_are_all_different() -> None:
    assert len(premise_tokenizer()) == 5 + 2 * len(CLASSES) + len(PEOPLE) + 2 * len(PROPERTIES) + 3


def test_the_model_has_the_tokenizers_words() -> None:
    base = ScratchProntoQA(hidden_size=16, num_layers=1, num_heads=2).build()
    assert base.model.get_input_embeddings().weight.shape == (len(base.tokenizer), 16)
