"""Where the language model to be trained comes from."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase

if TYPE_CHECKING:
    from peft import PeftModel  # heavy, and only adapters need it


class Base(NamedTuple):
    """A language model and its tokenizer.

    Attributes:
        model: The model, whose trainable weights are those that require gradients.
        tokenizer: Its tokenizer.
        adapters: PEFT's model around it, where low-rank adapters inside it are what is trained.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    adapters: "PeftModel | None" = None


class BaseModel(ABC):
    """Makes or loads a language model. It holds a description, so that configs are cheap to read."""

    @abstractmethod
    def build(self) -> Base:
        """Make or load the model and its tokenizer."""
