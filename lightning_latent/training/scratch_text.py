"""Small models for ordinary text, trained from nothing: a byte-level tokenizer learned from the training file."""

from collections.abc import Iterable, Iterator
from typing import Literal

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.errors import UserError
from lightning_latent.reasoner.text import ANSWER_MARK
from lightning_latent.training.architecture import Family, random_model
from lightning_latent.training.base import Base, BaseModel

EOS = "<eos>"
_BYTES = 256


class ScratchText(BaseModel):
    """A small causal language model with random weights, and a tokenizer learned from a training file.

    The same file gives the same tokenizer, on every rank and in every run.

    Args:
        benchmark: The adapter that reads the file.
        data: The training file or hub dataset, written as `data.train` of the data module.
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
        benchmark: Benchmark,
        data: str,
        vocabulary: int = 1024,
        family: Family = "llama",
        hidden_size: int = 128,
        num_layers: int = 3,
        num_heads: int = 4,
        max_positions: int = 512,
        attention: Literal["sdpa", "eager"] = "sdpa",
    ) -> None:
        if vocabulary <= _BYTES:
            raise UserError(f"base.vocabulary is {vocabulary}; the bytes alone take {_BYTES}, give more")
        self.benchmark = benchmark
        self.data = data
        self.vocabulary = vocabulary
        self.family = family
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.max_positions = max_positions
        self.attention = attention

    def build(self) -> Base:
        """Learn the tokenizer and make the model, in float32 with weights from torch's global generator."""
        source = open_rows(self.data, self.benchmark, default_split="train", streaming=True)
        tokenizer = byte_level_tokenizer(training_texts(source), vocabulary=self.vocabulary)
        model = random_model(
            tokenizer,
            family=self.family,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            max_positions=self.max_positions,
            attention=self.attention,
        )
        return Base(model, tokenizer)


def training_texts(examples: Iterable[Example]) -> Iterator[str]:
    r"""The texts that a reasoner trains on: question, steps and answer, one a line.

    >>> list(training_texts([Example("1", "How many?", ("<<1+1=2>>",), "2")]))
    ['How many?\n<<1+1=2>>\n### 2']
    """
    for example in examples:
        yield "\n".join((example.question, *example.steps, ANSWER_MARK + example.answer))


def byte_level_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """Learn byte pairs from texts. Every text can be encoded, and decodes to itself; digits are tokens of their own.

    Args:
        texts: What to learn from.
        vocabulary: Tokens at most; fewer where the texts do not have so many pairs.
    """
    backend = Tokenizer(BPE())
    backend.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    backend.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[EOS],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=EOS, pad_token=EOS, clean_up_tokenization_spaces=False
    )
