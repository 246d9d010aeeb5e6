"""Where the language model to be trained comes from."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Base(NamedTuple):
    """A language model and its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


class BaseModel(ABC):
    """Makes or loads a language model. It holds a description, so that configs are cheap to read."""

    @abstractmethod
    def build(self) -> Base:
        """Make or load the model and its tokenizer."""
