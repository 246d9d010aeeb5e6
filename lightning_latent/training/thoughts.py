"""What a thought may be taught to say: the last word of the step that it stands for."""

import re
from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from lightning_latent.training.curriculum import Layout

_WORD = re.compile(r" ?\w+(?:\.\d+)?")


def last_word(step: str) -> str:
    """The last word or number of a step, with the blank before it; the step itself where it has none.

    >>> last_word("Every dumpus is a gorpus."), last_word("<<12/60=0.2>>"), last_word("?")
    (' gorpus', '0.2', '?')
    """
    words = _WORD.findall(step)
    return words[-1] if words else step


def thought_words(
    tokenizer: PreTrainedTokenizerBase, steps: Sequence[Sequence[str]], layouts: Sequence[Layout], *, per_step: int
) -> list[list[int]]:
    """Of each example, the tokens that its first latents are to say: for each step that is thought, `per_step` of them.

    They are the tokens of the step's last word from its first on; of a shorter one the last token is repeated. Latents
    beyond an example's own steps have none.
    """
    thought = [
        list(row[: plan.skipped_steps]) if plan.num_latents else [] for row, plan in zip(steps, layouts, strict=True)
    ]
    words = [last_word(step) for row in thought for step in row]
    pieces = iter(tokenizer(words, add_special_tokens=False)["input_ids"] if words else [])
    said = []
    for row, plan in zip(thought, layouts, strict=True):
        spelled = [(ids + ids[-1:] * per_step)[:per_step] for ids in (next(pieces) for _ in row)]
        said.append([token for ids in spelled for token in ids][: plan.num_latents])
    return said
