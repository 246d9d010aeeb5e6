"""A frozen causal language model that thinks in latents."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context, new_cache, positions
from lightning_latent.reasoner.loss import token_loss
from lightning_latent.reasoner.markers import LatentMetadata, find_marks
from lightning_latent.reasoner.open_thoughts import OpenThoughts
from lightning_latent.reasoner.projection import Projection
from lightning_latent.reasoner.text import encode_questions, encode_words, pad_left, pad_right, warn_of_unknown
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
    norm) at the column of `h_t`, and `h_1` that at the start marker (Coconut, arXiv 2412.06769, section 3). With a
    projection P, each latent is P of that hidden state instead (CODI, arXiv 2502.21074).

    All operations are batched. Rows are left-padded, positions come from the mask, so a question's latents, answer and
    score do not depend on what it is batched with. The output head is applied only where a logit is read.

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

    def freeze(self) -> "LatentReasoner":
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

    def question_ids(self, questions: Sequence[str]) -> list[list[int]]:
        """Token ids of each question up to the start marker, of different lengths."""
        rows = encode_questions(
            self.tokenizer, questions, end=self.metadata.question_end, tidy=self.metadata.tidy_question
        )
        return [row + self.opening for row in rows] if self.metadata.markers else rows

    def encode(self, questions: Sequence[str], *, room: int = 0) -> Context:
        """Read B questions, each up to the start marker; the first latent follows from `hidden` (`next_latent`).

        Raises:
            UserError: A question does not fit into the model's context with `room` columns left for what follows.
        """
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

    # Thinking.

    def next_latent(self, hidden: Tensor) -> Tensor:
        """The latents that hidden states become: `[..., D]` to `[..., D]`."""
        return hidden if self.projection is None else self.projection(hidden)

    def think(self, context: Context, latent: Tensor) -> Context:
        """Feed one latent `[B, D]` in one cached one-token call; the next latent follows from the new `hidden`."""
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
            latent = self.next_latent(context.hidden) if self.metadata.thought == "hidden" else self.embed(pause)
            fed.append(latent if refine is None else refine(step, fed, latent))
        if not fed:
            return Rollout(context.hidden.new_zeros(context.batch_size, 0, self.hidden_size), context)
        return Rollout(torch.stack(fed, dim=1), context)

    def replay(self, context: Context, latents: Tensor) -> tuple[Tensor, Context]:
        """Feed a given trajectory `[B, T, D]` to an encoded question in one parallel call.

        Returns what the model makes of each latent, `[B, T, D]` (slot t is the model's own proposal for t + 1), and the
        context after all of them.
        """
        hidden, after = self.extend(context, latents)
        return self.next_latent(hidden), after

    def conclude(self, context: Context, latents: Tensor) -> Context:
        """Read the remaining latents `[B, K, D]` and the end marker in one call; the answer is decoded from there."""
        if self.metadata.markers and self.closing:
            closing = torch.tensor([self.closing] * context.batch_size, device=context.mask.device)
            latents = torch.cat([latents.to(self.dtype), self.embed(closing)], dim=1)
        return self.extend(context, latents)[1] if latents.shape[1] else context

    def answer_context(self, rollout: Rollout) -> Context:
        """The context at the end marker of a rollout."""
        return self.conclude(rollout.context, rollout.latents[:, -1:])

    @contextmanager
    def thoughts(self, questions: str | Sequence[str], *, max_new_tokens: int = 32) -> Iterator[OpenThoughts]:
        """Think about questions and lay the thoughts open: to read, change and answer from; see `OpenThoughts`.

        Args:
            questions: B questions; a string is one.
            max_new_tokens: Most tokens of an answer.
        """
        with torch.no_grad():
            opened = OpenThoughts(self, [questions] if isinstance(questions, str) else questions, room=max_new_tokens)
            try:
                yield opened
            finally:
                opened.close()

    # Answering.

    def logits(self, hidden: Tensor) -> Tensor:
        """The output head: `[..., D]` to `[..., V]`."""
        return self.model.get_output_embeddings()(hidden)

    def next_token(self, hidden: Tensor) -> Tensor:
        """The likeliest of the tokens that may be said: `[..., D]` to ids `[...]`."""
        return self.logits(hidden)[..., : self.metadata.sayable].argmax(-1)

    def word_ids(self, answers: Sequence[str], steps: Sequence[Sequence[str]] | None = None) -> list[list[int]]:
        """Token ids of what is said after the latents: steps, what precedes the answer, answer, end of sequence."""
        return encode_words(self.tokenizer, answers, steps, start=self.metadata.answer_start)

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
            best, token = self.logits(context.hidden)[:, : self.metadata.sayable].max(-1)
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
        """Log-likelihood, from the end marker on, of B given answers, what precedes them and the end of sequence too.

        Returns the summed log-probability `[B]` in nats and the number of tokens `[B]`, those of each row's `steps` in
        words, which precede its answer, among them.
        """
        return self.score_ids(context, self.word_ids(answers, steps))

    def score_ids(self, context: Context, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Log-likelihood `[B]` in nats of B given rows of token ids, and their lengths `[B]`; see `score`."""
        ids, mask = pad_right(rows, pad=self.pad_id, device=context.mask.device)
        hidden = context.hidden.unsqueeze(1)
        if ids.shape[1] > 1:
            rest, _ = self.extend(context, self.embed(ids[:, :-1]), mask[:, :-1])
            hidden = torch.cat([hidden, rest], dim=1)
        real = mask.bool()
        loss = token_loss(self.logits(hidden[real]), ids[real])
        totals = hidden.new_zeros(real.shape, dtype=loss.dtype).masked_scatter(real, -loss).sum(-1)
        return totals, mask.sum(-1)
