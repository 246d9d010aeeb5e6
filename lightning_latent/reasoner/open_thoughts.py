"""Thoughts that lie open: read in words, replaced, swapped, patched, and answered from.

Legend: B batch, T latents, D hidden size.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from lightning_latent.errors import UserError

if TYPE_CHECKING:
    from lightning_latent.reasoner.context import Context
    from lightning_latent.reasoner.reasoner import LatentReasoner

Place = int | slice | Sequence[int]
"""Questions or steps: one, some, or all (`slice(None)`); the first is 0."""

_ALL = slice(None)


class Word(NamedTuple):
    """What a latent would say: a token's text, and its probability by the model's own output head."""

    text: str
    probability: float


def nearest_tokens(logits: Tensor, *, count: int) -> tuple[Tensor, Tensor]:
    """The logit lens, what latents would say: of the head's logits `[..., V]` K probabilities, falling, and tokens."""
    top = logits.float().softmax(-1).topk(min(count, logits.shape[-1]), dim=-1)
    return top.values, top.indices


@torch.no_grad()
def nearest(reasoner: "LatentReasoner", latents: Tensor, *, count: int) -> list[list[list[Word]]]:
    """The `count` words nearest to each of the latents `[B, T, D]`, the likeliest first: by question, then by step.

    Latents are last hidden states, which is what the output head reads; where a projection makes latents of those, it
    reads what it was not trained on, and its words say less.
    """
    probabilities, ids = nearest_tokens(reasoner.logits(latents.to(reasoner.dtype)), count=count)
    return [
        [
            [Word(str(reasoner.tokenizer.decode([i])), p) for i, p in zip(*step, strict=True)]
            for step in zip(*row, strict=True)
        ]
        for row in zip(ids.tolist(), probabilities.tolist(), strict=True)
    ]


class OpenThoughts:
    """The latents of B questions, which can be changed; answers follow from them as they stand.

    Made by `LatentReasoner.think`. `latents` are a tensor to be changed at will, by the methods below or by hand;
    changes never reach the questions as they were read, so that `restore` goes back to what was thought. No gradient is
    kept.

    Args:
        reasoner: The model.
        questions: B questions.
        room: Columns that must fit into the model's context after latents and end marker, for the answer.
    """

    def __init__(self, reasoner: "LatentReasoner", questions: Sequence[str], *, room: int) -> None:
        self.reasoner = reasoner
        self.questions = list(questions)
        self._room = room
        self._context: Context = reasoner.encode(self.questions, room=reasoner.thought_columns + room)
        self.original: Tensor = reasoner.rollout(self._context).latents
        self.latents: Tensor = self.original.clone()

    # Reading.

    def words(self, count: int = 3) -> list[list[list[Word]]]:
        """The `count` nearest words of each latent; see `nearest`."""
        return nearest(self.reasoner, self.latents, count=count)

    def answers(self) -> list[str]:
        """The answer to each question, by the latents as they stand: what is said after its mark, such as `###`."""
        mark = self.reasoner.metadata.answer_start.strip()
        return [text.rpartition(mark)[2].strip() for text in self.texts()]

    @torch.no_grad()
    def texts(self) -> list[str]:
        """All that is said from the latents as they stand, steps in words and the mark of the answer included."""
        context = self.reasoner.conclude(self._context, self.latents.to(self.reasoner.dtype))
        return self.reasoner.decode_texts(context, max_new_tokens=self._room)[0]

    # Changing.

    def replace(self, by: Tensor | float, *, questions: Place = _ALL, steps: Place = _ALL) -> None:
        """Put something else in the place of latents; all others stay.

        Args:
            by: A number, or a tensor `[Q, S, D]` of Q questions and S steps, without Q or S where that is one number;
                what is the same for several may be left out: 0, another question's `latents[1]`, `latents.mean(0)`.
            questions: Whose latents.
            steps: Which of them.
        """
        rows, columns = self._chosen(questions, steps)
        whole = (len(rows), columns.shape[0], self.latents.shape[-1])
        asked = [
            size for size, place in zip(whole, (questions, steps, _ALL), strict=True) if not isinstance(place, int)
        ]
        try:
            self.latents[rows, columns] = torch.as_tensor(by).to(self.latents).expand(asked).reshape(whole)
        except RuntimeError as error:
            raise UserError(f"latents of shape {asked} cannot be replaced: {error}; give a fitting tensor") from None

    def swap(self, first: int, second: int, *, steps: Place = _ALL) -> None:
        """Let two questions change latents with each other, at some steps or at all."""
        one, other = self._chosen(first, steps), self._chosen(second, steps)
        self.latents[one], self.latents[other] = self.latents[other].clone(), self.latents[one].clone()

    @torch.no_grad()
    def patch(self, by: Tensor | float, *, step: int, questions: Place = _ALL) -> None:
        """Replace the latents of one step, and think those after it anew."""
        self.replace(by, questions=questions, steps=step)
        step %= self.latents.shape[1]
        fixed = self.latents[:, : step + 1].clone()
        thought = self.reasoner.rollout(
            self._context, refine=lambda at, fed, latent: fixed[:, at] if at <= step else latent
        ).latents
        rows = _places(questions, len(self.questions))
        self.latents[rows] = thought[rows]

    def restore(self) -> None:
        """Go back to the latents as they were thought."""
        self.latents = self.original.clone()

    def _chosen(self, questions: Place, steps: Place) -> tuple[Tensor, Tensor]:
        """Places as index tensors `[Q, 1]` and `[S]`, so that some questions and some steps can be chosen at once."""
        count, total = self.latents.shape[:2]
        try:
            return (_places(questions, count)[:, None], _places(steps, total))
        except IndexError:
            raise UserError(f"there are {count} questions and {total} steps, from 0 on; {questions}, {steps}") from None


def _places(place: Place, size: int) -> Tensor:
    chosen = torch.arange(size)[place if isinstance(place, int | slice) else list(place)]
    return chosen.reshape(-1)
