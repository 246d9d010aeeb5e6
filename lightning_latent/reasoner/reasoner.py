"""A frozen causal language model that thinks in latents."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.loss import token_loss
from lightning_latent.reasoner.open_thoughts import OpenThoughts
from lightning_latent.reasoner.reader import Reader
from lightning_latent.reasoner.text import as_batch, encode_words, pad_right

Refine = Callable[[int, list[Tensor], Tensor], Tensor]
"""Called before each latent is fed: step t from 0, the latents `[B, D]` already fed, the new one `[B, D]`."""

MAX_NEW_TOKENS = 32
"""Most tokens of an answer, where nothing else is said."""


class Rollout(NamedTuple):
    """Latents `[B, T, D]` and the context that has read all but the last of them."""

    latents: Tensor
    context: Context


class LatentReasoner(Reader):
    """A causal language model with the operations that latent reasoning is made of.

    Legend: B batch, L tokens, T latents, D hidden size, V vocabulary. The input of a question is
    `question, start marker, h_1 ... h_T, end marker, answer`, where `h_{t+1}` is the last hidden state (after the final
    norm) at the column of `h_t`, and `h_1` that at the start marker (Coconut, arXiv 2412.06769, section 3). With a
    projection P, each latent is P of that hidden state instead (CODI, arXiv 2502.21074).

    All operations are batched. Rows are left-padded, positions come from the mask, so a question's latents, answer and
    score do not depend on what it is batched with. The output head is applied only where a logit is read.

    `answer` and `think` are all that most people need; the others are what they are made of. The arguments are those of
    `Reader`; `load_reasoner` gives them.
    """

    # Thinking, one operation at a time.

    def next_latent(self, hidden: Tensor) -> Tensor:
        """The latents that hidden states become: `[..., D]` to `[..., D]`."""
        return hidden if self.projection is None else self.projection(hidden)

    def feed(self, context: Context, latent: Tensor) -> Context:
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
                context = self.feed(context, fed[-1])
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

    @torch.no_grad()
    def think(self, questions: str | Sequence[str], *, max_new_tokens: int = MAX_NEW_TOKENS) -> OpenThoughts:
        """Think about questions and lay the thoughts open: to read, change and answer from; see `OpenThoughts`.

        No gradient is kept; `encode`, `rollout`, `replay` and `conclude` keep one, where it is to flow.

        Args:
            questions: B questions, which are read together; a string is one, a batch of one.
            max_new_tokens: Most tokens of an answer.
        """
        return OpenThoughts(self, as_batch(questions), room=max_new_tokens)

    # Answering.

    def answer(
        self, questions: str | Sequence[str], *, max_new_tokens: int = MAX_NEW_TOKENS, batch_size: int = 64
    ) -> list[str]:
        """Think about questions and answer them: a list of answers, in order, also where one question is asked.

        Args:
            questions: Any number of questions; a string is one.
            max_new_tokens: Most tokens of an answer, steps in words included.
            batch_size: Questions that are read together, at most; the answers do not depend on it.
        """
        asked = as_batch(questions)
        batches = (asked[start : start + batch_size] for start in range(0, len(asked), batch_size))
        return [said for batch in batches for said in self.think(batch, max_new_tokens=max_new_tokens).answers()]

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
            context = self.feed(context, self.embed(token))
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
