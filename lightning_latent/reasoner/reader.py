"""A causal language model that reads questions, and whatever embeddings follow them."""

from collections.abc import Sequence
from typing import Self, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context, new_cache, positions
from lightning_latent.reasoner.markers import LatentMetadata, find_marks
from lightning_latent.reasoner.projection import Projection
from lightning_latent.reasoner.text import as_batch, encode_questions, pad_left, warn_of_unknown
from lightning_latent.upstream import fork_cache


class Reader(nn.Module):
    """The part of a latent reasoner that reads; `LatentReasoner` thinks and answers.

    Legend: B batch, L tokens, K columns, D hidden size, V vocabulary. All operations are batched. Rows are left-padded,
    positions come from the mask, so what a question gives does not depend on what it is batched with.

    Args:
        model: Any Hugging Face causal language model whose logits are its head applied to its last hidden state.
        tokenizer: Its tokenizer, which knows the marker tokens.
        metadata: How many latents it thinks and with which markers.
        projection: What makes a latent of a hidden state, where the metadata say that something does.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        metadata: LatentMetadata,
        projection: Projection | None = None,
    ) -> None:
        super().__init__()
        if metadata.projection != (projection is not None):
            raise UserError(f"the metadata say {metadata.projection} of a projection; give it where they say true")
        self.model = model
        self.projection = projection
        self.tokenizer = tokenizer
        self.metadata = metadata
        if tokenizer.eos_token_id is None:
            raise UserError(f"the tokenizer of {model.name_or_path} has no end-of-sequence token; set eos_token in it")
        rows = cast(Tensor, model.get_input_embeddings().weight).shape[0]
        self.opening, self.closing, self.latent_id = find_marks(metadata, tokenizer, rows=rows)
        self.start_id = self.opening[-1]
        self.end_id = self.closing[0] if self.closing else self.start_id
        self._warned = False
        self.pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

    # The sizes and places that callers ask for.

    @property
    def num_latents(self) -> int:
        """Latents T of a trajectory."""
        return self.metadata.num_latents

    @property
    def thought_columns(self) -> int:
        """Columns between question and answer: latents and end marker."""
        return self.num_latents + max(1, len(self.closing))

    @property
    def hidden_size(self) -> int:
        """Width D of a latent."""
        return cast(Tensor, self.model.get_input_embeddings().weight).shape[-1]

    @property
    def max_positions(self) -> int | None:
        """Longest sequence that the model can read, or None if it does not say."""
        return getattr(self.model.config, "max_position_embeddings", None)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        return self.model.dtype  # asking the embeddings is dear where adapters train some of their rows

    def freeze(self) -> Self:
        """Stop gradients to every weight and switch dropout off; gradients still flow through to latents."""
        self.requires_grad_(False)
        self.eval()
        return self

    # Reading.

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings of token ids: `[B, L]` to `[B, L, D]`."""
        return self.model.get_input_embeddings()(ids)

    def read(self, ids: Tensor, mask: Tensor) -> Context:
        """Read left-padded ids `[B, L]` with mask `[B, L]` from scratch, in one call."""
        out = self.model.base_model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions(mask, ids.shape[1]),
            cache=new_cache(self.model.config),
            use_cache=True,
        )
        return Context(cache=out.cache, mask=mask, hidden=out.last_hidden_state[:, -1])

    def extend(self, context: Context, embeds: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Context]:
        """Read K more columns in one call; the context of L columns stays as it is.

        Args:
            context: What has been read.
            embeds: `[B, K, D]` input embeddings.
            mask: `[B, K]`, 1 for real columns; all real by default.

        Returns:
            The last hidden states `[B, K, D]` at the new columns, and the context of L + K columns.
        """
        new = context.mask.new_ones(embeds.shape[:2]) if mask is None else mask
        mask = torch.cat([context.mask, new], dim=1)
        out = self.model.base_model(
            inputs_embeds=embeds.to(self.dtype),
            attention_mask=mask,
            position_ids=positions(mask, embeds.shape[1]),
            cache=fork_cache(context.cache),
            use_cache=True,
        )
        hidden = out.last_hidden_state
        return hidden, Context(cache=out.cache, mask=mask, hidden=hidden[:, -1])

    def question_ids(self, questions: str | Sequence[str]) -> list[list[int]]:
        """Token ids of each question up to the start marker, of different lengths; a string is one question."""
        told = self.metadata
        rows = encode_questions(self.tokenizer, as_batch(questions), end=told.question_end, tidy=told.tidy_question)
        return [row + self.opening for row in rows] if self.metadata.markers else rows

    def encode(self, questions: str | Sequence[str], *, room: int = 0) -> Context:
        """Read B questions, each up to the start marker; the first latent follows from `hidden`.

        A string is one question, a batch of one.

        Raises:
            UserError: There is no question, or one does not fit into the model's context with `room` columns left for
                what follows.
        """
        questions = as_batch(questions)
        if not questions:
            raise UserError("there is no question to read; give at least one")
        rows = self.question_ids(questions)
        limit = self.max_positions
        for row, question in zip(rows, questions, strict=True):
            if limit is not None and len(row) + room > limit:
                raise UserError(
                    f"question of {len(row)} tokens (and {room} for thoughts and answer) exceeds the model's context "
                    f"of {limit}: {question[:60]!r}...; drop it or use a model with a longer context"
                )
        self._warned = self._warned or warn_of_unknown(self.tokenizer, rows, questions)
        ids, mask = pad_left(rows, pad=self.pad_id, device=self.device)
        return self.read(ids, mask)

    # What may be said next.

    def logits(self, hidden: Tensor) -> Tensor:
        """The output head: `[..., D]` to `[..., V]`."""
        return self.model.get_output_embeddings()(hidden)

    def next_token(self, hidden: Tensor) -> Tensor:
        """The likeliest of the tokens that may be said: `[..., D]` to ids `[...]`."""
        return self.logits(hidden)[..., : self.metadata.sayable].argmax(-1)
