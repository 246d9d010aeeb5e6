"""Answers with how likely they are to be right, and the choice among views by it."""

from collections.abc import Sequence
from typing import Any, Literal

import lightning as L
import torch
import torch.distributed as dist
from torch import Tensor

from lightning_latent.bounds import PositiveInt
from lightning_latent.callbacks.escalation import choose_candidates
from lightning_latent.callbacks.views import SymmetricViews
from lightning_latent.data.example import Example
from lightning_latent.data.views import View
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock
from lightning_latent.evaluation.scoring import option_scores
from lightning_latent.refinement import tally
from lightning_latent.refinement.correctness import CorrectnessHead, answer_features
from lightning_latent.refinement.hooks import QuestionCallback, Refining, TeachingCallback
from lightning_latent.refinement.logistic import fit_logistic


class ConfidentViews(QuestionCallback, TeachingCallback):
    """Answers by the likeliest candidate, says how likely it is to be right, and chooses among views by that.

    The probabilities are a `CorrectnessHead`'s, which `model.learn` names. `fit` answers the train questions once, by
    the run's method, and solves for the head by which of the answers are right: by the gold answers, or, beside
    `AgreedAnswers`, without labels by those on which views agree.

    Args:
        count: Views of a question, its own telling the first.
        choose: `log_odds` adds up what views say, each by its log-odds of being right; `most_confident` takes the one
            that is likeliest to be right. An answer that is likelier wrong than chance is voted against.
        batch_size: Views answered at a time.
        seed: Seed of the tellings.
    """

    takes_all = True

    def __init__(
        self,
        *,
        count: PositiveInt = 1,
        choose: Literal["log_odds", "most_confident"] = "log_odds",
        batch_size: PositiveInt = 500,
        seed: int = 0,
    ) -> None:
        self.count = count
        self.choose: Literal["log_odds", "most_confident"] = choose
        self.batch_size = batch_size
        self.seed = seed
        self._views = SymmetricViews(count=count, batch_size=batch_size, seed=seed)
        self.head: CorrectnessHead | None = None
        self._seen: dict[str, tuple[Tensor, bool]] = {}
        self._solved = 0  # by how many

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Find the head; a `UserError` without one."""
        head = getattr(pl_module, "learn", None)
        if not isinstance(head, CorrectnessHead):
            raise UserError("ConfidentViews answers by what a head has learned; set model.learn to CorrectnessHead")
        self.head = head

    # Fit.

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse to go on in the middle, where the answers so far are not known any more."""
        if trainer.global_step and not self._seen:
            raise UserError("a correctness head is fitted in one go; fit it again, without --ckpt_path")

    @torch.no_grad()
    def teach(self, batch: list[Example], module: Refining) -> list[Example]:
        """Answer some train questions, and take down what the head may look at; nothing is left for gradients."""
        if batch:
            scores, features = self._look([self._views.told(example, 0, module) for example in batch], module)
            for example, at, row in zip(batch, scores.argmax(-1).tolist(), features, strict=True):
                self._seen[example.id] = (row, module.benchmark.matches(example.options[at], example.answer))
        return []

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Within fit: answer by what has been learned so far."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._solve(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Before the checkpoint is written."""
        self._solve(trainer)

    def _solve(self, trainer: L.Trainer) -> None:
        """The same in every process, whatever their number: by all that was seen, in the order of ids."""
        parts: list[Any] = [self._seen] * trainer.world_size
        if trainer.world_size > 1:
            dist.all_gather_object(parts, self._seen)
        seen = {id: row for part in parts for id, row in part.items()}
        if len(seen) == self._solved:  # nothing new since a validation
            return
        self._solved = len(seen)
        rows, right = zip(*(seen[id] for id in sorted(seen)), strict=True)
        found = fit_logistic(torch.stack(rows), torch.tensor(right))
        assert self.head is not None
        self.head.weight.data.copy_(found.weight)
        self.head.bias.data.copy_(found.bias)

    # Answering.

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        assert self.head is not None
        if not batch:
            return []
        started = clock(module.reasoner.device)
        views = [self._views.told(example, number, module) for number in range(self.count) for example in batch]
        scores, features = self._look(views, module)
        chosen = scores.argmax(-1).view(self.count, -1)
        confidence = self.head.confidence(features).view(self.count, -1)
        if self.choose == "most_confident":
            best = confidence.argmax(0, keepdim=True)
            chosen, confidence = chosen.gather(0, best), confidence.gather(0, best)
        candidates = torch.tensor([len(example.options) for example in batch])
        totals = tally.log_odds(chosen, confidence, candidates)
        seconds = [(clock(module.reasoner.device) - started) / len(batch)] * len(batch)
        latents = [self.count * module.reasoner.num_latents] * len(batch)
        answers = choose_candidates(batch, totals, module, latents=latents, seconds=seconds)
        sure = totals.softmax(-1).amax(-1).tolist()
        return [answer._replace(confidence=p) for answer, p in zip(answers, sure, strict=True)]

    def _look(self, views: Sequence[View], module: Refining) -> tuple[Tensor, Tensor]:
        """By N tellings: log-probabilities `[N, C]` of the original questions' candidates, features `[N, D + 3]`."""
        scores: list[list[float]] = []
        features = []
        for start in range(0, len(views), self.batch_size):
            part = views[start : start + self.batch_size]
            for view in part:
                if len(view.example.options) < 2:
                    raise UserError(f"{view.example.id} has no candidates to choose from; leave ConfidentViews out")
            told = [view.example for view in part]
            thoughts = module.think(told)
            found = option_scores(module.reasoner, thoughts.context, [example.options for example in told])
            features.append(answer_features(thoughts.latents, found))
            scores += [view.in_order(row) for view, row in zip(part, found, strict=True)]
        return tally.padded_scores(scores), torch.cat(features)
