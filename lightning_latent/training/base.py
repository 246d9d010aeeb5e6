"""Where the language model to be trained comes from."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.reasoner.projection import Projection

if TYPE_CHECKING:
    from peft import PeftModel  # heavy, and only adapters need it


class Base(NamedTuple):
    """A language model, of which the weights that require gradients are trained, and its tokenizer.

    Where low-rank adapters inside the model are what is trained, `adapters` is PEFT's model around it, which saves and
    merges them.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    adapters: "PeftModel | None" = None


class BaseModel(ABC):
    """Makes or loads a language model. It holds a description, so that configs are cheap to read."""

    def take(self, benchmark: Benchmark) -> None:  # noqa: B027 - most do not ask
        """Learn what the questions are of, before anything is built; a `UserError` where another is named."""

    @abstractmethod
    def build(self) -> Base:
        """Make or load the model and its tokenizer."""

    def build_projection(self, model: PreTrainedModel) -> Projection | None:
        """The projection of a base that is a latent reasoner with one, to be trained with it; else None."""
        return None
