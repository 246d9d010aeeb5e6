"""Reference models that read along while a trajectory is refined, each by itself or several on one model."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_latent.errors import UserError
from lightning_latent.reasoner.adapters import AdapterReasoner, SharedModel
from lightning_latent.reasoner.context import Context, drop_last, select_rows
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
        return self.reasoner.replay(self.question(), latents)[0]

    def same_latents(self, latents: Tensor) -> Tensor:
        """`S(h_{t-1})` for all slots of a trajectory `[B, T, D]`, in one parallel call."""
        first = self.reasoner.next_latent(self.question().hidden).unsqueeze(1)
        if latents.shape[1] == 1:
            return first
        return torch.cat([first, self.next_latents(latents[:, :-1])], dim=1)

    def thought(self) -> Tensor:
        """The latents `[B, T, D]` that this model thinks by itself about the questions."""
        return self.reasoner.rollout(self.question()).latents

    def conclude(self, latents: Tensor) -> Context:
        """The context where this model would answer, after a trajectory `[B, T, D]`."""
        return self.reasoner.conclude(self.question(), latents)

    def question(self) -> Context:
        """The questions as this model has read them."""
        assert self._question is not None, "begin comes first"
        return self._question

    def _read(self) -> Context:
        assert self._followed is not None, "begin comes first"
        return self._followed


class JointReading:
    """Adapters of one model that read the same questions and latents, in one call for all of them.

    Those that have begun are read together when the first of them is asked; the others get what was computed then.

    Args:
        shared: The model with the adapters.
    """

    def __init__(self, shared: SharedModel) -> None:
        self.shared = shared
        self._begun: dict[str, AdapterReasoner] = {}
        self._questions: list[str] = []
        self._read: Reference | None = None
        self._asked: tuple[object, ...] = ()
        self._answer: Tensor | None = None
        self._kept: tuple[Tensor | None, ...] = ()

    def begin(self, reasoner: AdapterReasoner, questions: Sequence[str]) -> None:
        """Let an adapter take part in what is read from now on."""
        if self._read is not None or list(questions) != self._questions:
            self._begun = {}
        self._forget()
        self._begun[reasoner.names[0]] = reasoner
        self._questions = list(questions)

    def end(self, reasoner: AdapterReasoner) -> None:
        """Leave an adapter out again."""
        self._begun.pop(reasoner.names[0], None)
        self._forget()

    def question(self, reasoner: AdapterReasoner) -> Context:
        """The questions as an adapter has read them."""
        context, each = self._together().question(), len(self._questions)
        rows = torch.arange(each, device=context.mask.device) + each * self._number(reasoner)
        return select_rows(context, rows)

    def ask(self, reasoner: AdapterReasoner, method: str, latents: Tensor | None, fed: Sequence[Tensor] = ()) -> Tensor:
        """What a method of `Reference` gives for an adapter, of latents and of those that were fed before."""
        together, count = self._together(), len(self._begun)
        asked = (method, len(fed), *_place(latents), *(_place(fed[-1]) if fed else ()))
        if asked != self._asked:
            before = [[_repeated(latent, count) for latent in fed]] if method in ("next_latent", "same_latent") else []
            now = [] if latents is None else [_repeated(latents, count)]
            self._asked, self._answer = asked, getattr(together, method)(*before, *now)
            self._kept = (latents, *fed)  # so that no other tensor takes their place in memory meanwhile
        assert self._answer is not None
        return self._answer.chunk(count)[self._number(reasoner)]

    def _forget(self) -> None:
        self._read, self._asked, self._answer, self._kept = None, (), None, ()

    def _number(self, reasoner: AdapterReasoner) -> int:
        return list(self._begun).index(reasoner.names[0])

    def _together(self) -> Reference:
        if self._read is None:
            assert self._begun, "begin comes first"
            first = next(iter(self._begun.values()))
            names = list(self._begun)
            joint = AdapterReasoner(self.shared, names, tokenizer=first.tokenizer, metadata=first.metadata)
            self._read = Reference(joint)
            self._read.begin(self._questions)
        return self._read


def _place(latents: Tensor | None) -> tuple[object, ...]:
    """Which tensor it is: another one of the same memory, such as a detached one, holds the same numbers."""
    return () if latents is None else (latents.data_ptr(), latents.shape, latents.requires_grad)


def _repeated(latents: Tensor, count: int) -> Tensor:
    return latents.repeat(count, *[1] * (latents.dim() - 1))


class SharedReference(Reference):
    """A reference that is an adapter on the base's own model, and reads together with the others there.

    Args:
        reasoner: The adapter.
        reading: What the adapters of the model have in common.
    """

    def __init__(self, reasoner: AdapterReasoner, reading: JointReading) -> None:
        super().__init__(reasoner)
        self.adapter = reasoner
        self.reading = reading

    def begin(self, questions: Sequence[str]) -> None:
        """Read B questions, when they are first asked about."""
        self.reading.begin(self.adapter, questions)

    def end(self) -> None:
        """Forget the questions."""
        self.reading.end(self.adapter)

    def question(self) -> Context:
        """See `Reference.question`."""
        return self.reading.question(self.adapter)

    def next_latent(self, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        """See `Reference.next_latent`."""
        return self.reading.ask(self.adapter, "next_latent", latent, fed)

    def same_latent(self, fed: Sequence[Tensor]) -> Tensor:
        """See `Reference.same_latent`."""
        return self.reading.ask(self.adapter, "same_latent", None, fed)

    def next_latents(self, latents: Tensor) -> Tensor:
        """See `Reference.next_latents`."""
        return self.reading.ask(self.adapter, "next_latents", latents)

    def same_latents(self, latents: Tensor) -> Tensor:
        """See `Reference.same_latents`."""
        return self.reading.ask(self.adapter, "same_latents", latents)


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
