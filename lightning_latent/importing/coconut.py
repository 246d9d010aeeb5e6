"""Coconut's checkpoints (facebookresearch/coconut): a bare state dict, with thoughts or in words."""

from typing import Literal

import torch
from transformers import PreTrainedModel

from lightning_latent.errors import UserError
from lightning_latent.importing.draft import Base, Draft, complete, count_rows, left_over, skeleton, table_names, tied
from lightning_latent.importing.reading import State
from lightning_latent.importing.state import split
from lightning_latent.reasoner.markers import END, LATENT, START, LatentMetadata

Thought = Literal["hidden", "pause"]

WRAPPER, DUPLICATE, PAUSE = "base_causallm.", "embedding.weight", "pause_embedding"
IN_WORDS = LatentMetadata(0, markers=False, replaced_steps=0)


def read_coconut(
    state: State, base: Base, *, source: str, num_latents: int | None, thought: Thought | None = None
) -> Draft:
    """A checkpoint with thoughts (`base_causallm.*`) or in words (plain names), told apart by its rows of embeddings.

    Args:
        state: The state dict, without wrappers' names.
        base: What it was trained from.
        source: Where it is from, for messages.
        num_latents: Latents at inference, which the file does not say; not needed in words.
        thought: What is fed: hidden states, or an embedding that pauses; by default what the file shows.

    Raises:
        UserError: It is no such checkpoint, or not one of this base, or `num_latents` is missing.
    """
    body, others = split(state, WRAPPER)
    if not body:
        body, others = state, {}
    duplicate, pause = others.pop(DUPLICATE, None), others.pop(PAUSE, None)
    for name in sorted(others):
        hint = "; a checkpoint of SIM-CoT? use --format simcot" if name.startswith("expainable_llm.") else ""
        left_over(name, source=source, kind=f"checkpoint of Coconut{hint}")
    rows = count_rows(body, base, source=source)
    model = skeleton(base.config, rows=rows)
    table, _ = table_names(model)
    if duplicate is not None:
        tied({DUPLICATE: duplicate, table: body.get(table, duplicate)}, DUPLICATE, table, source=source)
    state = complete(body, model, source=source)
    if rows == _rows_in_words(base):
        if num_latents or thought is not None:
            raise UserError(
                f"{source} has no rows for markers: it is a checkpoint in words; leave --num_latents and --thought out"
            )
        return Draft(base.config, base.tokenizer, state, IN_WORDS)
    _add_markers(base, rows=rows, source=source)
    if num_latents is None:
        raise UserError(f"{source} does not say how many latents it thinks; give --num_latents")
    metadata = LatentMetadata(num_latents, thought=_thought(thought, pause, source=source))
    draft = Draft(base.config, base.tokenizer, state, metadata)
    return draft if pause is None else _with_pause(draft, model, pause, source=source)


def _rows_in_words(base: Base) -> int:
    """Rows of the base itself; a base whose tokenizer has the markers has no checkpoint in words."""
    return -1 if START in base.tokenizer.get_vocab() else base.rows


def _add_markers(base: Base, *, rows: int, source: str) -> None:
    """Add the markers to the tokenizer as the original code does, one after the other behind its last token."""
    known = len(base.tokenizer)
    new = [token for token in (START, END, LATENT) if token not in base.tokenizer.get_vocab()]
    if rows != known + len(new):
        raise UserError(
            f"{source} has {rows} rows of embeddings; a checkpoint of {base.path} has {base.rows} in words and "
            f"{known + len(new)} with markers; check --base"
        )
    base.tokenizer.add_special_tokens({"extra_special_tokens": new}, replace_extra_special_tokens=False)
    if base.tokenizer.convert_tokens_to_ids(new) != list(range(known, rows)):
        raise UserError(f"the tokenizer of {base.path} has holes in its vocabulary, which is not supported")


def _thought(thought: Thought | None, pause: torch.Tensor | None, *, source: str) -> Thought:
    if pause is not None and thought == "hidden":
        raise UserError(f"{source} has a {PAUSE}, which hidden states do not need; leave --thought out")
    return thought or ("hidden" if pause is None else "pause")


def _with_pause(draft: Draft, model: PreTrainedModel, pause: torch.Tensor, *, source: str) -> Draft:
    """Give a pause that is no row of the embeddings one of its own behind them, which is never said."""
    table, head = table_names(model)
    rows, size = draft.state[table].shape
    if pause.numel() != size:
        raise UserError(f"{source}: {PAUSE} is {tuple(pause.shape)}, where the model takes {size}; check --base")
    longer = torch.cat([draft.state[table], pause.reshape(1, size).to(draft.state[table].dtype)])
    state = {**draft.state, table: longer}
    state[head] = (
        longer if draft.config.tie_word_embeddings else torch.cat([state[head], torch.zeros_like(state[head][:1])])
    )
    draft.config.vocab_size = rows + 1
    return draft._replace(state=state, metadata=draft.metadata._replace(latent=rows, sayable=rows))
