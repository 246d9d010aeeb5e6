import warnings

import pytest
import torch

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, LatentReasoner
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows, pad_left, pad_right
from tests.models import QUESTIONS, make_reasoner


def test_pieces_are_ended_by_newlines_and_the_answer_by_the_end_of_sequence():
    tokenizer = make_reasoner("gpt2").tokenizer
    newline, mark, end = tokenizer.convert_tokens_to_ids(["\n", "###", "<eos>"])
    assert encode_questions(tokenizer, ["Is Bob a wumpus?"])[0][-1] == newline
    assert [row[-1] for row in encode_step_rows(tokenizer, [["Bob is a wumpus."], ["Eva is a dumpus."]])] == [
        newline
    ] * 2
    (answer,) = encode_answers(tokenizer, ["Bob is a wumpus."])
    assert answer[0] == mark and answer[-1] == end
    assert encode_questions(tokenizer, []) == encode_step_rows(tokenizer, []) == encode_answers(tokenizer, []) == []


def test_padding():
    ids, mask = pad_left([[1, 2], [3]], pad=9)
    assert ids.tolist() == [[1, 2], [9, 3]] and mask.tolist() == [[1, 1], [0, 1]]
    ids, mask = pad_right([[1, 2], [3]], pad=9)
    assert ids.tolist() == [[1, 2], [3, 9]] and mask.tolist() == [[1, 1], [1, 0]]


def test_a_question_longer_than_the_context_is_refused():
    for family in ("gpt2", "llama"):
        reasoner = make_reasoner(family)
        longest = max(QUESTIONS, key=len)
        length = len(reasoner.tokenizer(longest + "\n")["input_ids"]) + 1
        reasoner.encode([longest], room=96 - length)
        with pytest.raises(UserError, match=f"question of {length} tokens .* exceeds the model's context of 96") as e:
            reasoner.encode(QUESTIONS, room=96 - length + 1)
        assert longest[:60] in str(e.value) and "\n" not in str(e.value)


def test_the_room_asked_for_is_enough():
    """The last position of the model is used, none beyond: learned positions have no row for it."""
    reasoner = make_reasoner("gpt2")
    length = len(reasoner.tokenizer(QUESTIONS[0] + "\n")["input_ids"]) + 1
    answer_tokens = 4
    room = reasoner.num_latents + 1 + answer_tokens
    filler = " Bob is a" * (96 - room - length)
    question = QUESTIONS[0] + filler
    with torch.no_grad():
        context = reasoner.encode([question], room=room)
        assert context.mask.shape[1] + room == 96
        rows = reasoner.decode(reasoner.answer_context(reasoner.rollout(context)), max_new_tokens=answer_tokens)
    assert len(rows[0]) <= answer_tokens


def test_a_tokenizer_without_an_end_is_refused():
    reasoner = make_reasoner("gpt2")
    reasoner.tokenizer.eos_token = None
    with pytest.raises(UserError, match="no end-of-sequence token"):
        LatentReasoner(reasoner.model, reasoner.tokenizer, LatentMetadata(num_latents=1))


def test_texts_leave_special_tokens_out_and_lengths_count_them():
    reasoner = make_reasoner("gpt2")
    ids = reasoner.tokenizer("Bob is a wumpus.")["input_ids"]
    reasoner.decode = lambda context, max_new_tokens: [[*ids, reasoner.tokenizer.eos_token_id], [reasoner.end_id]]
    texts, lengths = reasoner.decode_texts(None, max_new_tokens=4)
    assert texts == ["Bob is a wumpus.", ""] and lengths == [3, 1]


def test_words_that_the_tokenizer_does_not_know_are_told_once():
    reasoner = make_reasoner("llama")
    with pytest.warns(UserWarning, match="all words of 'What is love"):
        reasoner.encode([*QUESTIONS[:2], "What is love?"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reasoner.encode(["What is love?"])
