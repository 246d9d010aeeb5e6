"""The tokenizer that learns from a training file."""

import pytest

from lightning_latent.data import GSM8K, ProsQA
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.errors import UserError
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows
from lightning_latent.training import ScratchText
from lightning_latent.training.scratch import byte_level_tokenizer, training_texts
from tests.data.fixtures import FIXTURES

FILE = str(FIXTURES / "gsm8k" / "tiny.jsonl")


@pytest.fixture(scope="module")
def examples():
    return list(open_rows(FILE, GSM8K(), default_split="train", streaming=True))


@pytest.fixture(scope="module")
def tokenizer(examples):
    return byte_level_tokenizer(training_texts(examples), vocabulary=320)


def test_pieces_joined_are_the_whole_text(tokenizer, examples):
    for example, text in zip(examples, training_texts(examples), strict=True):
        pieces = encode_questions(tokenizer, [example.question]) + encode_step_rows(tokenizer, [example.steps])
        pieces += encode_answers(tokenizer, [example.answer])
        assert [token for piece in pieces for token in piece] == [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]


@pytest.mark.parametrize("text", ["How many?\n<<48/2=24>>\n### 24", "  Zürich, 5 °C,\t½ 價\n\n", ""])
def test_every_text_comes_back(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_digits_are_tokens_of_their_own(tokenizer):
    words = tokenizer.convert_ids_to_tokens(tokenizer("It costs $1,234.50 <<12*34=408>>")["input_ids"])
    assert all(sum(letter.isdigit() for letter in word) <= 1 for word in words)
    assert all(len(word) == 1 for word in words if any(letter.isdigit() for letter in word))


def test_the_same_file_gives_the_same_tokenizer(examples, tokenizer):
    again = byte_level_tokenizer(training_texts(examples), vocabulary=320)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
    assert len(tokenizer) == 320


def test_a_base_is_built_from_a_file():
    base = ScratchText(benchmark=GSM8K(), data=FILE, vocabulary=300, hidden_size=32, num_layers=1, max_positions=64)
    model, tokenizer, _ = base.build()
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.config.vocab_size == len(tokenizer) == 300
    assert model.config.eos_token_id == tokenizer.eos_token_id == tokenizer.pad_token_id


def test_the_benchmark_is_the_data_s_and_none_besides():
    base = ScratchText(data=FILE, vocabulary=300, hidden_size=32, num_layers=1, max_positions=64)
    with pytest.raises(UserError, match=r"give data\.benchmark"):
        base.build()
    base.take(GSM8K())
    assert len(base.build().tokenizer) == 300
    with pytest.raises(UserError, match=r"model\.base\.benchmark is GSM8K and data\.benchmark ProsQA"):
        ScratchText(benchmark=GSM8K(), data=FILE).take(ProsQA())


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(UserError, match=r"base\.vocabulary is 256"):
        ScratchText(benchmark=GSM8K(), data=FILE, vocabulary=256)
