"""Trained language models, whole or through low-rank adapters."""

from functools import partial
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from lightning_latent.bounds import BelowOne, PositiveFloat, PositiveInt
from lightning_latent.errors import UserError
from lightning_latent.reasoner.loading import DType, find_projection, load_model
from lightning_latent.reasoner.markers import find_marks, read_metadata, ready_markers
from lightning_latent.reasoner.place import locate, pin
from lightning_latent.reasoner.projection import Projection
from lightning_latent.training.base import Base, BaseModel
from lightning_latent.upstream import quiet_peft

if TYPE_CHECKING:
    from peft import PeftModel


class PretrainedBase(BaseModel):
    """Any causal language model of transformers, from a directory or the hub.

    Args:
        path: Directory or hub id, a GGUF file, or `pip:smollm2`.
        revision: Commit, tag or branch of a hub id.
        dtype: Type of the weights while training. Whole models are trained in `float32` (with `trainer.precision:
            bf16-mixed` for speed); below adapters, which are always in float32, `bfloat16` saves memory.
        attention: Attention implementation of transformers: `sdpa`, `eager`, `flash_attention_2`, ...
        lora_rank: Train low-rank adapters of this rank, and the marker tokens' embeddings, instead of all weights.
        lora_alpha: Scale of the adapters, which count `lora_alpha / lora_rank` times.
        lora_dropout: Dropout before the adapters.
        lora_targets: Names of the layers that get one; `all-linear` for all but the output head.
        trust_remote_code: Run code that comes with the checkpoint. Off unless you ask.
    """

    def __init__(
        self,
        *,
        path: str,
        revision: str | None = None,
        dtype: DType = "float32",
        attention: str = "sdpa",
        lora_rank: PositiveInt | None = None,
        lora_alpha: PositiveFloat = 32.0,
        lora_dropout: BelowOne = 0.0,
        lora_targets: str | list[str] = "all-linear",
        trust_remote_code: bool = False,
    ) -> None:
        if lora_rank is not None and lora_rank < 1:
            raise UserError(f"base.lora_rank is {lora_rank}; it must be at least 1, or null to train all weights")
        if lora_rank is None and dtype in ("bfloat16", "float16"):
            raise UserError(
                f"base.dtype {dtype} is too coarse to train all weights; use float32 with trainer.precision bf16-mixed "
                "instead, or set base.lora_rank"
            )
        self.path = path
        self.revision = revision
        self.load = partial(
            load_model, path, revision=revision, dtype=dtype, attention=attention, trust_remote_code=trust_remote_code
        )
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.lora_dropout = lora_dropout
        self.lora_targets = lora_targets

    def build(self) -> Base:
        """Load the model and its tokenizer; below adapters, add the marker tokens and put the adapters in."""
        model, tokenizer = self.load()
        if tokenizer.eos_token_id is None:
            raise UserError(f"the tokenizer of {self.path!r} has no end-of-sequence token; set eos_token in it")
        if self.lora_rank is None:
            return Base(model, tokenizer)
        known = ready_markers(model, tokenizer)  # before the adapters, which must know their rows
        rows = len(cast(Tensor, model.get_input_embeddings().weight))
        marks = find_marks(known._replace(markers=True), tokenizer, rows=rows)
        markers = [*marks.opening, *marks.closing, marks.latent]
        return Base(model, tokenizer, self._adapted(model, markers, rank=self.lora_rank))

    def build_projection(self, model: PreTrainedModel) -> Projection | None:
        """Load the projection, in float32 whatever the base's type, where the model says that it has one."""
        known = read_metadata(model.config)
        if known is None or not known.projection:
            return None
        path, size = locate(self.path), model.config.hidden_size
        return find_projection(path, commit=pin(path, self.revision), hidden_size=size, dtype=torch.float32)

    def _adapted(self, model: PreTrainedModel, markers: list[int], *, rank: int) -> "PeftModel":
        """Freeze the model and put adapters inside it; it keeps its class, and what reads it need not know of them.

        What is trained is in float32 even above frozen weights in half precision, in which small steps would be lost.
        """
        from peft import LoraConfig, get_peft_model  # heavy, and only adapters need it

        tables = [model.get_input_embeddings()]  # with a row for each token; a tied head follows them by itself
        if model.get_output_embeddings().weight is not tables[0].weight:
            tables.append(model.get_output_embeddings())
        names = [name.rpartition(".")[2] for name, module in model.named_modules() if module in tables]
        config = LoraConfig(
            task_type="CAUSAL_LM",
            r=rank,
            lora_alpha=self.lora_alpha,  # type: ignore[arg-type]  # any number will do
            lora_dropout=self.lora_dropout,
            target_modules=self.lora_targets,
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
            trainable_token_indices={name: sorted(set(markers)) for name in names},
        )
        try:
            with quiet_peft():
                return get_peft_model(model, config, revision=self.revision)
        except ValueError as error:
            reason = str(error).strip().partition("\n")[0]
            raise UserError(f"base.lora_targets {self.lora_targets!r}: {reason}") from error
