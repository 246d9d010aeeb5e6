"""A reference model that reads along while a trajectory is refined."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_latent.errors import UserError
from lightning_latent.reasoner.context import Context, drop_last
from lightning_latent.reasoner.reasoner import LatentReasoner


class Reference:
    """A frozen checkpoint that reads the questions with its own weights and keeps its own cache.

    It follows the refined latents; a latent under consideration is read and forgotten again. Legend: B batch, T
    latents, D hidden size.

    Args:
        reasoner: The reference's model.
    """

    def __init__(self, reasoner: LatentReasoner) -> None:
        self.reasoner = reasoner
        self._question: Context | None = None
        self._followed: Context | None = None
        self._count = 0

    def begin(self, questions: Sequence[str]) -> None:
        """Read B questions."""
        with torch.no_grad():
            self._question = self._followed = self.reasoner.encode(questions, room=self.reasoner.num_latents)
        self._count = 0

    def end(self) -> None:
        """Forget the questions."""
        self._question = self._followed = None

    def next_latent(self, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """`S(h_t)`: what this model makes of a latent that it is fed, one step ahead.

        One call: the refined latent before it, not read yet, and the candidate `[B, D]` go in together. `fed` are the
        refined latents of the steps before.
        """
        columns = torch.stack([*fed[self._count :], latent], dim=1)
        hidden, context = self.reasoner.extend(self._read(), columns)
        if len(fed) > self._count:
            self._followed, self._count = drop_last(context), len(fed)
        return self.reasoner.next_latent(hidden[:, -1])

    def same_latent(self, fed: Sequence[Tensor]) -> Tensor:
        """`S(h_{t-1})`: what this model proposes in the slot of `h_t`, having read the refined latents before it."""
        for latent in fed[self._count :]:
            self._followed = self.reasoner.feed(self._read(), latent)
        self._count = len(fed)
        return self.reasoner.next_latent(self._read().hidden)

    def next_latents(self, latents: Tensor) -> Tensor:
        """`S(h_t)` for all slots of a trajectory `[B, T, D]`, in one parallel call."""
        assert self._question is not None
        return self.reasoner.replay(self._question, latents)[0]

    def same_latents(self, latents: Tensor) -> Tensor:
        """`S(h_{t-1})` for all slots of a trajectory `[B, T, D]`, in one parallel call."""
        assert self._question is not None
        first = self.reasoner.next_latent(self._question.hidden).unsqueeze(1)
        if latents.shape[1] == 1:
            return first
        return torch.cat([first, self.next_latents(latents[:, :-1])], dim=1)

    def thought(self) -> Tensor:
        """The latents `[B, T, D]` that this model thinks by itself about the questions."""
        assert self._question is not None
        return self.reasoner.rollout(self._question).latents

    def conclude(self, latents: Tensor) -> Context:
        """The context where this model would answer, after a trajectory `[B, T, D]`."""
        assert self._question is not None
        return self.reasoner.conclude(self._question, latents)

    def _read(self) -> Context:
        assert self._followed is not None, "begin comes first"
        return self._followed


def check_compatible(reference: LatentReasoner, base: LatentReasoner, *, role: str, path: str) -> None:
    """Refuse, by a `UserError`, a reference that cannot read the base's latents or questions."""
    mine, theirs = len(base.tokenizer), len(reference.tokenizer)
    if reference.hidden_size != base.hidden_size:
        differs = f"has hidden size {reference.hidden_size}, the base {base.hidden_size}"
    elif reference.tokenizer.get_vocab() != base.tokenizer.get_vocab():
        differs = f"has another vocabulary ({theirs} tokens) than the base ({mine})"
    else:
        return
    raise UserError(f"{role} reference {path!r} {differs}; use a checkpoint of the same model")
