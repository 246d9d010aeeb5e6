"""The forward pass of Coconut training: M latents cost M + 1 calls, every column is processed once."""

from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.reasoner.loss import token_loss
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.training.batch import IGNORED, TrainingBatch


class TrainingOutput(NamedTuple):
    """What a batch of B rows gives."""

    loss: Tensor  # mean over supervised words, scalar
    thoughts: Tensor  # mean over what latents are to say, scalar; zero where none is
    words: Tensor  # how many there are, scalar
    answer_correct: Tensor  # [B], whether the answer would be said greedily


def rest_hidden(reasoner: LatentReasoner, batch: TrainingBatch) -> Tensor:
    """Hidden states that predict the columns of `batch.rest_ids`.

    The prompt is read in one call. Each latent column but the last is read alone, its input what the hidden state at
    the column before it becomes (gradients flow through the whole chain); the last latent and all that follows go in
    one call. Rows with fewer latents than others read their words in those columns. Of a reasoner that pauses, the
    latent token's own embedding stands in each latent column, and everything after the prompt goes in one call.

    Returns:
        `[B, R, D]`: slot c predicts column c.
    """
    context = reasoner.read(batch.prompt_ids, batch.prompt_mask)
    embeds = reasoner.embed(batch.rest_ids)
    sequential = int(batch.num_latents.max()) if reasoner.metadata.thought == "hidden" else 0
    hiddens = [context.hidden.unsqueeze(1)]
    for column in range(sequential):
        latent_rows = (batch.num_latents > column).unsqueeze(-1)
        latent = reasoner.next_latent(context.hidden)
        current = torch.where(latent_rows, latent.to(embeds.dtype), embeds[:, column]).unsqueeze(1)
        stop = column + 1
        if stop == sequential:
            current, stop = torch.cat([current, embeds[:, stop:]], dim=1), embeds.shape[1]
        hidden, context = reasoner.extend(context, current, batch.rest_mask[:, column:stop])
        hiddens.append(hidden)
    if sequential == 0:
        hiddens.append(reasoner.extend(context, embeds, batch.rest_mask)[0])
    return torch.cat(hiddens, dim=1)[:, :-1]


def training_forward(reasoner: LatentReasoner, batch: TrainingBatch) -> TrainingOutput:
    """Token-mean cross-entropy of the supervised words, the head applied to their positions alone.

    So too of what latents are to say, which the hidden states that they are made of predict.
    """
    hidden = rest_hidden(reasoner, batch)
    supervised, taught = batch.labels != IGNORED, batch.thoughts != IGNORED
    labels = batch.labels[supervised]
    # The head in one call: where its marker rows are trained, a call of it copies its table.
    both = reasoner.logits(torch.cat([hidden[supervised], hidden[taught]]))
    logits, thought = both[: len(labels)], both[len(labels) :]
    said = logits[:, : reasoner.metadata.sayable].argmax(-1)
    wrong = torch.zeros_like(supervised).masked_scatter(supervised, said != labels)
    columns = torch.arange(wrong.shape[1], device=wrong.device)
    in_answer = columns >= batch.answer_start.unsqueeze(-1)
    return TrainingOutput(
        loss=token_loss(logits, labels).mean(),
        thoughts=token_loss(thought, batch.thoughts[taught]).mean() if len(thought) else hidden.new_zeros(()),
        words=supervised.sum(),
        answer_correct=~(wrong & in_answer).any(-1),
    )
