"""Low-rank adapters that share one model: each is what makes another reasoner of it, and none is merged into a copy.

A reasoner that was itself trained as an adapter is loaded merged, as always. Another adapter of the same base differs
from it by a difference of two low-rank matrices, which is low-rank again, and by the rows of its marker tokens. So the
merged model stays what it is, and the other one is put on top only while it is asked.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D
from typing_extensions import override

from lightning_latent.errors import UserError
from lightning_latent.reasoner.adapter import PREFIX, Adapter, difference, read_adapter
from lightning_latent.reasoner.context import Context, new_cache, positions
from lightning_latent.reasoner.loading import load_config, load_tokenizer
from lightning_latent.reasoner.markers import LatentMetadata, read_metadata
from lightning_latent.reasoner.place import locate, pin
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.upstream import fork_cache, quiet_peft

if TYPE_CHECKING:
    from peft import LoraModel, PeftModel


class Rows(NamedTuple):
    """What stands in place of a model's own rows for some tokens."""

    ids: list[int]
    embeddings: Tensor  # [M, D]
    head: Tensor  # [M, D]


class SharedModel:
    """A frozen reasoner whose model carries further adapters, which count only while they are asked.

    Args:
        reasoner: The reasoner; what it computes stays the same.
    """

    def __init__(self, reasoner: LatentReasoner) -> None:
        self.reasoner = reasoner
        self.rows: dict[str, Rows] = {}
        self._adapted: PeftModel | None = None

    def fits(self, adapter: Adapter) -> bool:
        """Whether an adapter changes layers of the decoder alone, and replaces rows of plain tables."""
        model = self.reasoner.model
        layers = {name.replace(".base_layer", "") for name, _ in model.base_model.named_modules()}
        below = f"{model.base_model_prefix}."
        if not all(layer.removeprefix(below) in layers for layer in adapter.factors):
            return False
        tables = 1 if model.config.tie_word_embeddings else 2
        plain = type(model.get_input_embeddings()) is nn.Embedding
        return not adapter.ids or (plain and len(adapter.rows) == tables)

    def add(self, name: str, adapter: Adapter) -> None:
        """Put an adapter inside; `difference` says which where the reasoner is itself a merged one."""
        from peft import LoraConfig, get_peft_model, set_peft_model_state_dict  # heavy, and only adapters need it

        below = f"{self.reasoner.model.base_model_prefix}."
        decoder = self.reasoner.model.base_model
        layers = {layer.removeprefix(below): pair for layer, pair in adapter.factors.items()}
        config = LoraConfig(
            task_type="FEATURE_EXTRACTION",  # the decoder, without its head
            r=adapter.rank,
            lora_alpha=adapter.rank,  # the scale is in the factors
            target_modules=list(layers),
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in decoder.modules()),
        )
        with quiet_peft():
            if self._adapted is None:
                self._adapted = get_peft_model(decoder, config, adapter_name=name)
            else:
                self._adapted.add_adapter(name, config)
        state = {f"{PREFIX}{layer}.lora_A.weight": down for layer, (down, _) in layers.items()}
        state |= {f"{PREFIX}{layer}.lora_B.weight": up for layer, (_, up) in layers.items()}
        set_peft_model_state_dict(self._adapted, state, adapter_name=name)
        self._adapted.eval()
        self._switch_off()
        self.rows[name] = self._rows(adapter)

    def _rows(self, adapter: Adapter) -> Rows:
        model = self.reasoner.model
        names = {id(module): name for name, module in model.named_modules()}
        nothing = torch.zeros(0, self.reasoner.hidden_size)
        embeddings = adapter.rows.get(names[id(model.get_input_embeddings())], nothing)
        head = adapter.rows.get(names[id(model.get_output_embeddings())], embeddings)  # a tied one has none of its own
        return Rows(list(adapter.ids), embeddings, head)

    def load(self, path: str, *, beside: str, revision: str | None, name: str) -> "AdapterReasoner | None":
        """Load an adapter from its directory or hub id as a reasoner on this model.

        Args:
            path: The adapter.
            beside: Where this model was loaded from: an adapter of the same base, which is merged in it, or the base.
            revision: Commit, tag or branch of that where it is a hub id.
            name: What to call it.

        Returns:
            None where it is no adapter of the same base, or of a kind that cannot be shared.
        """
        place, mine = locate(path), locate(beside)
        commit = pin(place)
        adapter = read_adapter(place, commit=commit)
        if adapter is None:
            return None
        below = read_adapter(mine, commit=pin(mine, revision))
        if below is not None:
            adapter = difference(adapter, below)
        elif adapter.base != (beside, revision):
            return None
        if adapter is None or not self.fits(adapter):
            return None
        try:
            tokenizer = load_tokenizer(place, commit=commit)
            metadata = read_metadata(load_config(place, commit=commit))
        except UserError:  # what an adapter may leave to its base
            return None
        if metadata is None or metadata.projection or self.reasoner.projection is not None:
            return None
        self.add(name, adapter)
        metadata = metadata._replace(num_latents=self.reasoner.num_latents)
        return AdapterReasoner(self, [name], tokenizer=tokenizer, metadata=metadata)

    @contextmanager
    def switched_on(self) -> Iterator["PeftModel"]:
        """The decoder with its adapters, which afterwards are off again."""
        assert self._adapted is not None
        cast("LoraModel", self._adapted.base_model).enable_adapter_layers()
        try:
            yield self._adapted
        finally:
            self._switch_off()

    def _switch_off(self) -> None:
        assert self._adapted is not None
        cast("LoraModel", self._adapted.base_model).disable_adapter_layers()
        self._adapted.requires_grad_(False)  # which switching changes


class AdapterReasoner(LatentReasoner):
    """One or several adapters of a shared model as a reasoner: each question has a row of each of them.

    The rows of a batch are those of the first adapter, then those of the second, and so on; what is read goes through
    the model once for all of them.

    Args:
        shared: The model.
        names: The adapters.
        tokenizer: Their tokenizer.
        metadata: How they think.
    """

    def __init__(
        self,
        shared: SharedModel,
        names: Sequence[str],
        *,
        tokenizer: PreTrainedTokenizerBase,
        metadata: LatentMetadata,
    ) -> None:
        super().__init__(shared.reasoner.model, tokenizer, metadata)
        self.shared = shared
        self.names = tuple(names)

    @override
    def embed(self, ids: Tensor) -> Tensor:
        embeds = super().embed(ids)
        for name, part, tokens in self._parts(embeds, ids):
            rows = self.shared.rows[name]
            for token, row in zip(rows.ids, rows.embeddings.to(part), strict=True):
                part[tokens == token] = row
        return embeds

    @override
    def logits(self, hidden: Tensor) -> Tensor:
        logits = super().logits(hidden)
        for name, part, states in self._parts(logits, hidden):
            rows = self.shared.rows[name]
            if rows.ids:
                part[..., rows.ids] = states @ rows.head.to(states).T
        return logits

    def _parts(self, *tensors: Tensor) -> Iterator[tuple[Any, ...]]:
        """Each adapter's name and its rows of the tensors, as views."""
        count = len(self.names)
        return zip(self.names, *(tensor.chunk(count) for tensor in tensors), strict=True)

    @override
    def read(self, ids: Tensor, mask: Tensor) -> Context:
        hidden, cache = self._decode(
            inputs_embeds=self.embed(ids),
            attention_mask=mask,
            position_ids=positions(mask, ids.shape[1]),
            cache=new_cache(self.model.config),
        )
        return Context(cache=cache, mask=mask, hidden=hidden[:, -1])

    @override
    def extend(self, context: Context, embeds: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Context]:
        new = context.mask.new_ones(embeds.shape[:2]) if mask is None else mask
        mask = torch.cat([context.mask, new], dim=1)
        hidden, cache = self._decode(
            inputs_embeds=embeds.to(self.dtype),
            attention_mask=mask,
            position_ids=positions(mask, embeds.shape[1]),
            cache=fork_cache(context.cache),
        )
        return hidden, Context(cache=cache, mask=mask, hidden=hidden[:, -1])

    def _decode(self, **inputs: Any) -> tuple[Tensor, Any]:
        rows = inputs["inputs_embeds"].shape[0] // len(self.names)
        with self.shared.switched_on() as decoder:
            out = decoder(**inputs, use_cache=True, adapter_names=[name for name in self.names for _ in range(rows)])
        return out.last_hidden_state, out.cache

    @override
    def encode(self, questions: Sequence[str], *, room: int = 0) -> Context:
        return super().encode([*questions] * len(self.names), room=room)
