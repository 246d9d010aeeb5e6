"""A small model with random weights for ProntoQA's sentences, and its tokenizer."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from transformers import PreTrainedTokenizerFast

from lightning_latent.bounds import PositiveInt
from lightning_latent.data.prontoqa.sentences import ASK, CLASSES, PEOPLE, PROPERTIES
from lightning_latent.training.base import Base, BaseModel
from lightning_latent.training.scratch import Family, halves_tokenizer, random_model


class ScratchProntoQA(BaseModel):
    """A small causal language model with random weights that reads ProntoQA's sentences, two tokens a statement.

    Args:
        family: Architecture.
        hidden_size: Width D.
        num_layers: Layers.
        num_heads: Attention heads.
        max_positions: Longest sequence, latents and answer included.
        attention: Attention implementation while training; `eager` is the faster one on a CPU in bf16.
        people: The people of the questions.
        classes: The classes of the questions.
        properties: What is said of classes.
    """

    def __init__(
        self,
        *,
        family: Family = "gpt2",
        hidden_size: PositiveInt = 128,
        num_layers: PositiveInt = 2,
        num_heads: PositiveInt = 4,
        max_positions: PositiveInt = 256,
        attention: Literal["sdpa", "eager"] = "sdpa",
        people: Sequence[str] = PEOPLE,
        classes: Sequence[str] = CLASSES,
        properties: Sequence[str] = PROPERTIES,
    ) -> None:
        self.make_tokenizer = partial(premise_tokenizer, people=people, classes=classes, properties=properties)
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


def premise_tokenizer(
    *, people: Sequence[str] = PEOPLE, classes: Sequence[str] = CLASSES, properties: Sequence[str] = PROPERTIES
) -> PreTrainedTokenizerFast:
    """A tokenizer whose words are the halves of the sentences: `Every wumpus is`, `an impus.` and so on."""
    subjects = [f"Every {name} is" for name in classes] + [f"{name} is" for name in people]
    kinds = [f"{'an' if name[0] in 'aeiou' else 'a'} {name}." for name in classes]
    said = [f"{negation}{quality}." for negation in ("", "not ") for quality in properties]
    words = [*subjects, *kinds, *said, ASK, "True", "False"]
    return halves_tokenizer(words, halves=rf"{ASK}|Every \w+ is|\w+ is|an? \w+\.|not \w+\.|\w+\.")
