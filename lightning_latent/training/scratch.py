"""Small models trained from nothing: an architecture with random weights, and a tokenizer for what they read."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from lightning_latent.bounds import PositiveInt
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.errors import UserError
from lightning_latent.reasoner.text import ANSWER_MARK
from lightning_latent.training.base import Base, BaseModel

Family = Literal["gpt2", "llama"]
EOS = "<eos>"
_BYTES = 256


class ScratchProsQA(BaseModel):
    """A small causal language model with random weights that reads ProsQA's sentences, two tokens a statement.

    Args:
        family: Architecture.
        hidden_size: Width D.
        num_layers: Layers.
        num_heads: Attention heads.
        max_positions: Longest sequence, latents and answer included.
        attention: Attention implementation while training; `eager` is the faster one on a CPU in bf16.
        names: The people of the questions.
        nouns: The kinds of the questions.
    """

    def __init__(
        self,
        *,
        family: Family = "gpt2",
        hidden_size: PositiveInt = 128,
        num_layers: PositiveInt = 3,
        num_heads: PositiveInt = 4,
        max_positions: PositiveInt = 256,
        attention: Literal["sdpa", "eager"] = "sdpa",
        names: Sequence[str] = NAMES,
        nouns: Sequence[str] = NOUNS,
    ) -> None:
        self.make_tokenizer = partial(sentence_tokenizer, names=names, nouns=nouns)
        self.make_model = partial(
            random_model,
            family=family,
            hidden_size=hidden_size,
            num_layers=num_layers,
            num_heads=num_heads,
            max_positions=max_positions,
            attention=attention,
        )

    def build(self) -> Base:
        """Make the model, in float32 with weights from torch's global generator, and its tokenizer."""
        tokenizer = self.make_tokenizer()
        return Base(self.make_model(tokenizer), tokenizer)


class ScratchText(BaseModel):
    """A small causal language model with random weights, and a tokenizer learned from a training file.

    The same file gives the same tokenizer, on every rank and in every run.

    Args:
        data: The training file or hub dataset, written as `data.train` of the data module.
        benchmark: The adapter that reads the file; the data module's benchmark if not given.
        vocabulary: Tokens of the tokenizer, the 256 bytes and the end-of-sequence token among them. More make sequences
            shorter and embeddings larger.
        family: Architecture.
        hidden_size: Width D.
        num_layers: Layers.
        num_heads: Attention heads.
        max_positions: Longest sequence, latents and answer included.
        attention: Attention implementation while training; `eager` is the faster one on a CPU in bf16.
    """

    def __init__(
        self,
        *,
        data: str,
        benchmark: Benchmark | None = None,
        vocabulary: PositiveInt = 1024,
        family: Family = "llama",
        hidden_size: PositiveInt = 128,
        num_layers: PositiveInt = 3,
        num_heads: PositiveInt = 4,
        max_positions: PositiveInt = 512,
        attention: Literal["sdpa", "eager"] = "sdpa",
    ) -> None:
        if vocabulary <= _BYTES:
            raise UserError(f"base.vocabulary is {vocabulary}; the bytes alone take {_BYTES}, give more")
        self.benchmark = benchmark
        self.open_data = partial(open_rows, data, default_split="train", streaming=True)
        self.vocabulary = vocabulary
        self.make_model = partial(
            random_model,
            family=family,
            hidden_size=hidden_size,
            num_layers=num_layers,
            num_heads=num_heads,
            max_positions=max_positions,
            attention=attention,
        )

    def take(self, benchmark: Benchmark) -> None:
        """See `BaseModel.take`."""
        if self.benchmark is not None and type(self.benchmark) is not type(benchmark):
            raise UserError(
                f"model.base.benchmark is {type(self.benchmark).__name__} and data.benchmark "
                f"{type(benchmark).__name__}; leave model.base.benchmark out"
            )
        self.benchmark = benchmark

    def build(self) -> Base:
        """Learn the tokenizer and make the model, in float32 with weights from torch's global generator."""
        if self.benchmark is None:
            raise UserError("no benchmark reads the tokenizer's texts; give data.benchmark")
        tokenizer = byte_level_tokenizer(training_texts(self.open_data(self.benchmark)), vocabulary=self.vocabulary)
        return Base(self.make_model(tokenizer), tokenizer)


def random_model(
    tokenizer: PreTrainedTokenizerBase,
    *,
    family: Family,
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    max_positions: int,
    attention: Literal["sdpa", "eager"],
) -> PreTrainedModel:
    """A model for a tokenizer's vocabulary, its end-of-sequence token beginning sequences too; see `ScratchProsQA`.

    Small models that see few epochs need no dropout. Llama's feed-forward layers have the customary width, 8/3 of D.
    """
    own: dict[str, dict[str, Any]] = {
        "gpt2": {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
        "llama": {"intermediate_size": hidden_size * 8 // 3 // 16 * 16, "tie_word_embeddings": True},
    }
    config = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        num_hidden_layers=num_layers,
        num_attention_heads=num_heads,
        max_position_embeddings=max_positions,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **own[family],
    )
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=attention)


def sentence_tokenizer(*, names: Sequence[str] = NAMES, nouns: Sequence[str] = NOUNS) -> PreTrainedTokenizerFast:
    """A word-level tokenizer whose words are the halves of ProsQA's sentences.

    `Every wumpus is a` and `impus.` are one token each, so a statement takes two tokens instead of about eight, and a
    question of 36 statements 77. Decoding joins the halves with spaces, lines aside, and gives the original text.
    """
    subjects = [f"Every {noun} is a" for noun in nouns] + [f"{name} is a" for name in names]
    askings = [f"Is {name} a" for name in names]
    objects = [f"{noun}{end}" for end in (".", " or", "?") for noun in nouns]
    words = [EOS, "<unk>", "<<", "\n", "###", *subjects, *askings, *objects]
    backend = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    halves = r"Every \w+ is a|Is \w+ a|\w+ is a|\w+ or|\w+[.?]|\n|###|\S+"
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(halves), "removed", invert=True)
    # Word pieces are joined with spaces, but those of the prefix; no token has this one.
    spaced = [decoders.WordPiece(prefix="\0", cleanup=False), decoders.Fuse()]
    lines = [decoders.Replace(" \n", "\n"), decoders.Replace("\n ", "\n")]
    backend.decoder = decoders.Sequence([*spaced, *lines])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=EOS, pad_token=EOS, unk_token="<unk>", clean_up_tokenization_spaces=False
    )


def byte_level_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """Learn byte pairs from texts. Every text can be encoded, and decodes to itself; digits are tokens of their own.

    There are `vocabulary` tokens at most, and fewer where the texts do not have so many pairs.
    """
    backend = Tokenizer(models.BPE())
    digits, pieces = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, pieces])
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[EOS], initial_alphabet=pieces.alphabet(), show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=EOS, pad_token=EOS, clean_up_tokenization_spaces=False
    )


def training_texts(examples: Iterable[Example]) -> Iterator[str]:
    r"""The texts that a reasoner trains on: question, steps and answer, one a line.

    >>> list(training_texts([Example("1", "How many?", ("<<1+1=2>>",), "2")]))
    ['How many?\n<<1+1=2>>\n### 2']
    """
    for example in examples:
        yield "\n".join((example.question, *example.steps, ANSWER_MARK + example.answer))
