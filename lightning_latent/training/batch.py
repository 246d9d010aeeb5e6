"""Examples to tensors for one training step."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows, pad_left, pad_right
from lightning_latent.training.curriculum import Layout
from lightning_latent.training.thoughts import thought_words

IGNORED = -100


class TrainingBatch(NamedTuple):
    """B examples, split where the latents begin. P: prompt columns, R: columns after the prompt."""

    prompt_ids: Tensor  # [B, P], left-padded: question (and start marker)
    prompt_mask: Tensor  # [B, P]
    rest_ids: Tensor  # [B, R], right-padded: latent placeholders, end marker, remaining steps, answer, end of sequence
    rest_mask: Tensor  # [B, R]
    labels: Tensor  # [B, R], ids where supervised, -100 elsewhere
    num_latents: Tensor  # [B], the latents at the head of each row of rest_ids
    answer_start: Tensor  # [B], the column of rest_ids where the answer begins
    thoughts: Tensor  # [B, R], ids that latents are to say (`thought_words`), -100 elsewhere


def collate(
    reasoner: LatentReasoner, examples: Sequence[Example], layouts: Sequence[Layout], *, said_per_step: int = 0
) -> TrainingBatch:
    """Tokenise and pad examples laid out as given. All pieces of a kind are tokenised in one call.

    Args:
        reasoner: Whose tokens they are.
        examples: B examples.
        layouts: What of each is thought and what is said.
        said_per_step: Latents of each step that are to say its last word, too.
    """
    said_of = reasoner.metadata
    questions = encode_questions(
        reasoner.tokenizer, [e.question for e in examples], end=said_of.question_end, tidy=said_of.tidy_question
    )
    answers = encode_answers(reasoner.tokenizer, [e.answer for e in examples], start=said_of.answer_start)
    kept = [e.steps[plan.skipped_steps :] for e, plan in zip(examples, layouts, strict=True)]
    said = encode_step_rows(reasoner.tokenizer, kept)
    prompts, rests, labels, starts = [], [], [], []
    for example, question, words, answer, plan in zip(examples, questions, said, answers, layouts, strict=True):
        thought = [reasoner.latent_id] * plan.num_latents + (reasoner.closing if plan.markers else [])
        prompts.append(question + (reasoner.opening if plan.markers else []))
        rests.append(thought + words + answer)
        labels.append([IGNORED] * len(thought) + words + answer)
        starts.append(len(thought) + len(words))
        length, limit = len(prompts[-1]) + len(rests[-1]), reasoner.max_positions
        if limit is not None and length > limit:
            raise UserError(
                f"example {example.id} takes {length} tokens with thoughts and answer, more than the model's context "
                f"of {limit}; drop it or use a model with a longer context"
            )
    device = reasoner.device
    taught = thought_words(reasoner.tokenizer, [e.steps for e in examples], layouts, per_step=said_per_step)
    thoughts = [ids + [IGNORED] * (len(row) - len(ids)) for ids, row in zip(taught, rests, strict=True)]
    return TrainingBatch(
        *pad_left(prompts, pad=reasoner.pad_id, device=device),
        *pad_right(rests, pad=reasoner.pad_id, device=device),
        labels=pad_right(labels, pad=IGNORED, device=device)[0],
        num_latents=torch.tensor([plan.num_latents for plan in layouts], device=device),
        answer_start=torch.tensor(starts, device=device),
        thoughts=pad_right(thoughts, pad=IGNORED, device=device)[0],
    )
