"""Small models trained from nothing: an architecture with random weights and a tokenizer that keeps sequences short."""

from collections.abc import Sequence
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders
from tokenizers.decoders import Fuse, Replace, WordPiece
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import PreTrainedTokenizerFast

from lightning_latent.data.prosqa.sentences import NAMES, NOUNS
from lightning_latent.training.architecture import Family, random_model
from lightning_latent.training.base import Base, BaseModel


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
        hidden_size: int = 128,
        num_layers: int = 3,
        num_heads: int = 4,
        max_positions: int = 256,
        attention: Literal["sdpa", "eager"] = "sdpa",
        names: Sequence[str] = NAMES,
        nouns: Sequence[str] = NOUNS,
    ) -> None:
        self.family = family
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.max_positions = max_positions
        self.attention = attention
        self.names = names
        self.nouns = nouns

    def build(self) -> Base:
        """Make the model, in float32 with weights from torch's global generator, and its tokenizer."""
        tokenizer = sentence_tokenizer(names=self.names, nouns=self.nouns)
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


def sentence_tokenizer(*, names: Sequence[str] = NAMES, nouns: Sequence[str] = NOUNS) -> PreTrainedTokenizerFast:
    """A word-level tokenizer whose words are the halves of ProsQA's sentences.

    `Every wumpus is a` and `impus.` are one token each, so a statement takes two tokens instead of about eight, and a
    question of 36 statements 77. Decoding joins the halves with spaces, lines aside, and gives the original text.
    """
    subjects = [f"Every {noun} is a" for noun in nouns] + [f"{name} is a" for name in names]
    askings = [f"Is {name} a" for name in names]
    objects = [f"{noun}{end}" for end in (".", " or", "?") for noun in nouns]
    words = ["<eos>", "<unk>", "<<", "\n", "###", *subjects, *askings, *objects]
    backend = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    halves = r"Every \w+ is a|Is \w+ a|\w+ is a|\w+ or|\w+[.?]|\n|###|\S+"
    backend.pre_tokenizer = Split(Regex(halves), "removed", invert=True)
    # Word pieces are joined with spaces, but those of the prefix; no token has this one.
    spaced = WordPiece(prefix="\0", cleanup=False)
    backend.decoder = decoders.Sequence([spaced, Fuse(), Replace(" \n", "\n"), Replace("\n ", "\n")])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<eos>",
        pad_token="<eos>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
