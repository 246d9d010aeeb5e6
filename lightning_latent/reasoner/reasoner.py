"""A frozen causal language model that thinks in latents."""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context, new_cache, positions
from lightning_latent.reasoner.markers import LatentMetadata
from lightning_latent.reasoner.text import encode_questions, encode_words, pad_left, pad_right
from lightning_latent.upstream import fork_cache

Refine = Callable[[int, list[Tensor], Tensor], Tensor]
"""Called before each latent is fed: step t from 0, the latents `[B, D]` already fed, the new one `[B, D]`."""


class Rollout(NamedTuple):
    """Latents `[B, T, D]` and the context that has read all but the last of them."""

    latents: Tensor
    context: Context


class LatentReasoner(nn.Module):
    """A causal language model with the operations that latent reasoning is made of.

    Legend: B batch, L tokens, T latents, D hidden size, V vocabulary. The input of a question is
    `question, start marker, h_1 ... h_T, end marker, answer`, where `h_{t+1}` is the last hidden state (after the final
    norm) at the column of `h_t`, and `h_1` that at the start marker (Coconut, arXiv 2412.06769, section 3).

    All operations are batched. Rows are left-padded, positions come from the mask, so a question's latents, answer and
    score do not depend on what it is batched with. The output head is applied only where a logit is read.

    Args:
        model: Any Hugging Face causal language model whose logits are its head applied to its last hidden state.
        tokenizer: Its tokenizer, which knows the marker tokens.
        metadata: How many latents it thinks and with which markers.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, metadata: LatentMetadata) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.metadata = metadata
        tokens = [metadata.start, metadata.end or metadata.start, metadata.latent]
        ids = cast(list[int], tokenizer.convert_tokens_to_ids(tokens))
        if metadata.markers and (None in ids or tokenizer.unk_token_id in ids):
            raise UserError(f"the tokenizer of {model.name_or_path} lacks {metadata.start}; add it with add_markers")
        self.start_id, self.end_id, self.latent_id = ids
        if tokenizer.eos_token_id is None:
            raise UserError(f"the tokenizer of {model.name_or_path} has no end-of-sequence token; set eos_token in it")
        self._warned = False
        self.pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

    # The sizes and places that callers ask for.

    @property
    def num_latents(self) -> int:
        """Latents T of a trajectory."""
        return self.metadata.num_latents

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

    def freeze(self) -> "LatentReasoner":
        """Stop gradients to every weight and switch dropout off; gradients still flow through to latents."""
        self.model.requires_grad_(False)
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

    def encode(self, questions: Sequence[str], *, room: int = 0) -> Context:
        """Read B questions, each followed by a newline and the start marker; `hidden` is then the first latent.

        Raises:
            UserError: A question does not fit into the model's context with `room` columns left for what follows.
        """
        tail = [self.start_id] if self.metadata.markers else []
        rows = [row + tail for row in encode_questions(self.tokenizer, questions)]
        limit = self.max_positions
        for row, question in zip(rows, questions, strict=True):
            if limit is not None and len(row) + room > limit:
                raise UserError(
                    f"question of {len(row)} tokens (and {room} for thoughts and answer) exceeds the model's context "
                    f"of {limit}: {question[:60]!r}...; drop it or use a model with a longer context"
                )
        self._look_for_unknown(rows, questions)
        ids, mask = pad_left(rows, pad=self.pad_id, device=self.device)
        return self.read(ids, mask)

    def _look_for_unknown(self, rows: Sequence[Sequence[int]], questions: Sequence[str]) -> None:
        """Warn, once, of the first question with a word that the tokenizer does not know."""
        unknown, others = self.tokenizer.unk_token_id, (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id)
        if self._warned or unknown is None or unknown in others:
            return
        strange = next((question for row, question in zip(rows, questions, strict=True) if unknown in row), None)
        if strange is not None:
            self._warned = True
            warnings.warn(
                f"the tokenizer does not know all words of {strange[:60]!r}; is it made for these questions?",
                stacklevel=3,
            )

    # Thinking.

    def think(self, context: Context, latent: Tensor) -> Context:
        """Feed one latent `[B, D]` in one cached one-token call; the new `hidden` is the next latent."""
        return self.extend(context, latent.unsqueeze(1))[1]

    def rollout(self, context: Context, *, num_latents: int | None = None, refine: Refine | None = None) -> Rollout:
        """Think T latents, one cached one-token call each but the last, which `conclude` reads with the end marker.

        Args:
            context: An encoded question.
            num_latents: T; the checkpoint's own number by default.
            refine: Maps each latent before it is fed, given the ones fed before.

        Returns:
            Latents `[B, T, D]` and the context that has read the first T - 1 of them.
        """
        total = self.num_latents if num_latents is None else num_latents
        pause = torch.full((context.batch_size,), self.latent_id, device=context.mask.device)
        fed: list[Tensor] = []
        for step in range(total):
            if step:
                context = self.think(context, fed[-1])
            latent = context.hidden if self.metadata.thought == "hidden" else self.embed(pause)
            fed.append(latent if refine is None else refine(step, fed, latent))
        if not fed:
            return Rollout(context.hidden.new_zeros(context.batch_size, 0, self.hidden_size), context)
        return Rollout(torch.stack(fed, dim=1), context)

    def replay(self, context: Context, latents: Tensor) -> tuple[Tensor, Context]:
        """Feed a given trajectory `[B, T, D]` to an encoded question in one parallel call.

        Returns what the model makes of each latent, `[B, T, D]` (slot t is the model's own proposal for t + 1), and the
        context after all of them.
        """
        return self.extend(context, latents)

    def conclude(self, context: Context, latents: Tensor) -> Context:
        """Read the remaining latents `[B, K, D]` and the end marker in one call; the answer is decoded from there."""
        if self.metadata.markers and self.metadata.end is not None:
            end = torch.full((context.batch_size, 1), self.end_id, device=context.mask.device)
            latents = torch.cat([latents.to(self.dtype), self.embed(end)], dim=1)
        return self.extend(context, latents)[1] if latents.shape[1] else context

    def answer_context(self, rollout: Rollout) -> Context:
        """The context at the end marker of a rollout."""
        return self.conclude(rollout.context, rollout.latents[:, -1:])

    # Answering.

    def logits(self, hidden: Tensor) -> Tensor:
        """The output head: `[..., D]` to `[..., V]`."""
        return self.model.get_output_embeddings()(hidden)

    @torch.no_grad()
    def decode(self, context: Context, *, max_new_tokens: int) -> list[list[int]]:
        """Decode greedily with the cache, from the end marker on, at most `max_new_tokens` a row.

        Returns the new ids of each row, which stops at its own end-of-sequence token and includes it. A row for which
        the model computes what is no number says nothing.
        """
        eos = self.tokenizer.eos_token_id
        done = torch.zeros(context.batch_size, dtype=torch.bool, device=context.mask.device)
        lost = done
        columns: list[Tensor] = []
        for step in range(max_new_tokens):
            best, token = self.logits(context.hidden).max(-1)
            lost = lost | (~best.isfinite() & ~done)  # not-a-number is the greatest of all
            token = token.masked_fill(done | lost, eos)
            columns.append(token)
            done = done | (token == eos)
            if step + 1 == max_new_tokens or bool(done.all()):
                break
            context = self.think(context, self.embed(token))
        rows = torch.stack(columns, dim=1).tolist()
        said = [row[: row.index(eos) + 1] if eos in row else row for row in rows]
        return [[] if nothing else row for row, nothing in zip(said, lost.tolist(), strict=True)]

    def decode_texts(self, context: Context, *, max_new_tokens: int) -> tuple[list[str], list[int]]:
        """Decode greedily to texts without special tokens, and the number of tokens each took (end of sequence too)."""
        rows = self.decode(context, max_new_tokens=max_new_tokens)
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return texts, [len(row) for row in rows]

    def score(
        self, context: Context, answers: Sequence[str], *, steps: Sequence[Sequence[str]] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log-likelihood, from the end marker on, of B given answers: `### answer` and the end-of-sequence token.

        Returns the summed log-probability `[B]` in nats and the number of tokens `[B]`, those of each row's `steps` in
        words, which precede its answer, among them.
        """
        ids, mask = pad_right(encode_words(self.tokenizer, answers, steps), pad=self.pad_id, device=context.mask.device)
        hidden = context.hidden.unsqueeze(1)
        if ids.shape[1] > 1:
            rest, _ = self.extend(context, self.embed(ids[:, :-1]), mask[:, :-1])
            hidden = torch.cat([hidden, rest], dim=1)
        real = mask.bool()
        loss = token_loss(self.logits(hidden[real]), ids[real])
        totals = hidden.new_zeros(real.shape, dtype=loss.dtype).masked_scatter(real, -loss).sum(-1)
        return totals, mask.sum(-1)


def token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Cross-entropy of each token, in nats: `[N, V]` and `[N]` to `[N]`; half precision is computed in single."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    return nn.functional.cross_entropy(logits.to(wide), ids, reduction="none")
