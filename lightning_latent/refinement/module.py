"""The LightningModule whose parameters are the latents, the language model frozen."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from torch import Tensor, nn

from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.metrics.comparison import BASE_ROW
from lightning_latent.metrics.record import StepOutput
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.loading import DType
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.text import encode_words
from lightning_latent.refinement.answering import answer_rows, encode_batch, make_records
from lightning_latent.refinement.frozen import FrozenReasonerModule
from lightning_latent.refinement.hooks import LatentCallback, session
from lightning_latent.refinement.latent_map import LatentMap
from lightning_latent.refinement.loop import Refined, conclude, refine_stepwise, refine_trajectory
from lightning_latent.refinement.map_fit import answer_loss, linear_decay, said_steps, share_gradients

Phase = Literal["feedback", "map"]


class LatentRefinement(FrozenReasonerModule):
    """Refines the latents of a frozen reasoner and compares the answers with plain Coconut's, question by question.

    The rows of a comparison are `coconut` (unrefined), `feedback` (refined by the callbacks, if there are any) and
    `map` (refined by the learned map, once it is fitted). Legend: B batch, T latents, D hidden size.

    Args:
        reasoner: Directory or hub id of the latent reasoner, or of a PEFT adapter; `embedded:final` is the one that
            comes with the package.
        benchmark: How answers are read and judged.
        fit: What `fit` does with the train split. `feedback` refines every batch by the callbacks' method and keeps
            their running state; `map` learns the shared map by answer likelihood; `[feedback, map]` does one epoch of
            feedback, then map.
        loop: `stepwise` refines a latent before the next is thought (the paper); `trajectory` rolls out once and then
            refines all latents at a time.
        iterations: Moves of each latent (stepwise) or of the trajectory.
        rank: Rank of the shared map; 0 learns the shared offset alone.
        learning_rate: Adam's learning rate for the map.
        num_latents: Latents T, where the checkpoint does not say or another number is wanted.
        max_new_tokens: Most tokens of an answer; the benchmark's default if not given.
        dtype: Type of the frozen weights. Latents are refined in at least float32.
        attention: Attention implementation of transformers.
        revision: Commit, tag or branch of a hub id.
        trust_remote_code: Run code that comes with the checkpoint.
    """

    not_saved = ("reasoner.", "latents")

    def __init__(
        self,
        *,
        reasoner: str,
        benchmark: Benchmark,
        fit: list[Phase] | None = None,
        loop: Literal["stepwise", "trajectory"] = "stepwise",
        iterations: int = 1,
        rank: int = 8,
        learning_rate: float = 1e-2,
        num_latents: int | None = None,
        max_new_tokens: int | None = None,
        dtype: DType = "float32",
        attention: str = "sdpa",
        revision: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            path=reasoner,
            num_latents=num_latents,
            dtype=dtype,
            attention=attention,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
        for name, value, least in (("iterations", iterations, 1), ("rank", rank, 0)):
            if value < least:
                raise UserError(f"model.{name} is {value}; it must be at least {least}")
        if fit is not None and (not fit or "feedback" in fit[1:]):
            raise UserError(f"model.fit is {fit}; it must be [feedback], [map] or [feedback, map]")
        self.save_hyperparameters(ignore=["benchmark"])
        self.automatic_optimization = False
        self.benchmark = benchmark
        self.phases: list[Phase] = ["feedback"] if fit is None else fit
        self.loop = loop
        self.iterations = iterations
        self.rank = rank
        self.learning_rate = learning_rate
        self.max_new_tokens = max_new_tokens or benchmark.max_new_tokens
        # What callbacks read and write, beside `best_row` and `identities`.
        self.benchmark_name = benchmark.name
        self.skip_ids: set[str] = set()
        self.trajectories: dict[str, Tensor] = {}

    def make_parameters(self, reasoner: LatentReasoner) -> None:
        """The latents, which each batch replaces, and the shared map, in at least single precision."""
        sizes = {"num_latents": reasoner.num_latents, "hidden_size": reasoner.hidden_size}
        dtype = torch.promote_types(reasoner.dtype, torch.float32)
        self.latents = nn.Parameter(torch.zeros(0, *sizes.values(), dtype=dtype))
        self.map = LatentMap(**sizes, rank=self.rank).to(dtype)

    def setup(self, stage: str) -> None:
        """Refuse a fit that would do nothing."""
        if stage == "fit" and "feedback" in self.phases and not self.latent_callbacks:
            raise UserError(
                "model.fit: feedback needs ContrastiveFeedback or ResidualBlending in trainer.callbacks; add one, or "
                "set model.fit to [map]"
            )

    @property
    def latent_callbacks(self) -> list[LatentCallback]:
        """The trainer's callbacks that refine latents."""
        return [callback for callback in self.trainer.callbacks if isinstance(callback, LatentCallback)]

    # Fit.

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Gradient descent with unit rate applies a batch's refinement to the latents; Adam learns the map.

        Refinement could write the latents itself, but Lightning counts steps, saves checkpoints and calls the optimiser
        hooks only for optimisers it knows.
        """
        return [
            torch.optim.SGD([self.latents], lr=1.0),
            torch.optim.Adam(self.map.parameters(), lr=self.learning_rate, betas=(0.9, 0.98)),
        ]

    def on_fit_start(self) -> None:
        """Let the map start from the same random numbers in all processes, also where nobody seeded them."""
        for parameter in self.map.parameters():
            parameter.data.copy_(self.trainer.strategy.broadcast(parameter.data.cpu()))

    @property
    def phase(self) -> Phase:
        """What the current epoch of fit does; the last phase lasts."""
        return self.phases[min(self.trainer.current_epoch, len(self.phases) - 1)]

    def training_step(self, batch: list[Example], batch_idx: int) -> None:
        """One batch of feedback, or one step of the map. An empty batch takes part in the sums over ranks."""
        step = self._feedback_step if self.phase == "feedback" else self._map_step
        step(batch)

    def _feedback_step(self, batch: list[Example]) -> None:
        optimizer = self.optimizers()[0]
        self.latents.grad = None
        if batch:
            context = self._encode(batch)
            with torch.no_grad():
                plain = self.reasoner.rollout(context).latents.to(self.latents.dtype)
                refined = self._refine(batch, context)
            self.latents.data = plain
            self.latents.grad = torch.where(refined.finite[:, None, None], plain - refined.latents.to(plain), 0)
            moved = (self.latents.grad.norm(dim=-1) / plain.norm(dim=-1)).mean()
            values = {"train/relative_move": moved, "train/fallbacks": (~refined.finite).sum().float()}
            self.log_dict(values, prog_bar=True, batch_size=len(batch))
        optimizer.step()

    def _map_step(self, batch: list[Example]) -> None:
        optimizer = self.optimizers()[1]
        self._decay(optimizer)
        optimizer.zero_grad()
        loss, tokens = self.latents.new_zeros(()), self.latents.new_zeros(())
        if batch:
            answers = [example.answer for example in batch]
            steps = said_steps(batch, self.reasoner.metadata.replaced_steps)
            context = self._encode(batch, encode_words(self.reasoner.tokenizer, answers, steps))
            loss, tokens = answer_loss(self.reasoner, context, answers, steps=steps, refine=self._apply_map)
        totals = self._sum(torch.stack([loss.detach(), tokens]))
        if batch:
            self.manual_backward(loss / totals[1])
        if not share_gradients(self.map.parameters(), self._sum):
            rank_zero_warn("The map's gradient is not finite; the step is left out. Try a smaller learning_rate.")
        optimizer.step()
        self.map_steps += 1
        self.log("train/answer_loss", totals[0] / totals[1], prog_bar=True, batch_size=max(1, len(batch)))

    def _sum(self, tensor: Tensor) -> Tensor:
        return self.trainer.strategy.reduce(tensor, reduce_op="sum")

    def _decay(self, optimizer: Any) -> None:
        """Let the learning rate fall to zero, linearly over the map's steps."""
        before = self.trainer.num_training_batches if self.phases[0] == "feedback" else 0
        done, total = self.trainer.global_step - before, self.trainer.estimated_stepping_batches - before
        rate = self.learning_rate * linear_decay(done, total)
        for group in optimizer.param_groups:
            group["lr"] = rate
        self.log("train/learning_rate", rate, batch_size=1)

    def _apply_map(self, step: int, fed: Sequence[Tensor], latent: Tensor) -> Tensor:
        return self.map(step, latent)

    # Evaluation.

    def validation_step(self, batch: list[Example], batch_idx: int) -> StepOutput:
        """Answer a batch in every row."""
        return self.answer(batch)

    test_step = validation_step

    def predict_step(self, batch: list[Example], batch_idx: int) -> StepOutput:
        """Answer the questions of a batch that have no answer yet, in every row."""
        return self.answer([example for example in batch if example.id not in self.skip_ids])

    @property
    def rows(self) -> list[str]:
        """The rows of a comparison."""
        return [BASE_ROW] + ["feedback"] * bool(self.latent_callbacks) + ["map"] * (self.map_steps > 0)

    @torch.no_grad()
    def answer(self, batch: list[Example]) -> StepOutput:
        """Answer questions plainly and refined; they are read once for all rows."""
        self.trajectories = {}
        if not batch:
            return StepOutput([], dict.fromkeys(self.rows, 0.0))
        rows, seconds = answer_rows(
            self.reasoner,
            batch,
            {row: partial(self._treat, row, batch) for row in self.rows},
            encode=partial(self._encode, batch),
            benchmark=self.benchmark,
            max_new_tokens=self.max_new_tokens,
        )
        self.trajectories = {name: row.latents for name, row in rows.items()}
        return StepOutput(make_records(batch, rows), seconds)

    def _treat(self, row: str, batch: list[Example], context: Context) -> Refined:
        """What a row does to the latents. For the base row there is nothing to fall back to."""
        if row == "feedback":
            return self._refine(batch, context)
        rollout = self.reasoner.rollout(context, refine=self._apply_map if row == "map" else None)
        refined = conclude(self.reasoner.answer_context(rollout), rollout.latents)
        return refined if row != BASE_ROW else refined._replace(finite=torch.ones_like(refined.finite))

    def _refine(self, batch: list[Example], context: Context) -> Refined:
        """The callbacks' method, by the chosen loop."""
        refine = refine_stepwise if self.loop == "stepwise" else refine_trajectory
        with session(self.latent_callbacks, [example.question for example in batch]) as callbacks:
            return refine(self.reasoner, context, callbacks, iterations=self.iterations)

    @torch.no_grad()
    def _encode(self, batch: list[Example], words: Sequence[Sequence[int]] = ()) -> Context:
        """Read the questions, with room for latents, end marker and the longest words."""
        longest = max(self.max_new_tokens, *map(len, words), 0)
        return encode_batch(self.reasoner, batch, room=self.reasoner.num_latents + 1 + longest)
