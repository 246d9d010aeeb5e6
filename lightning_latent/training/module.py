"""Train latent reasoners by curriculum: where weak, strong and final checkpoints come from."""

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from lightning_latent.bounds import (
    BelowOne,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    UnitInterval,
)
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.distributed import loss_without_questions, share_of_tokens
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import answer_questions
from lightning_latent.evaluation.comparison import PLAIN
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.evaluation.scoring import say
from lightning_latent.precision import check_precision
from lightning_latent.reasoner.checks import check_saved
from lightning_latent.reasoner.markers import LatentMetadata, ready_markers
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.training.base import Base, BaseModel
from lightning_latent.training.batch import collate
from lightning_latent.training.curriculum import Curriculum, Layout, Mode, Stage, draw_stage, learning_rate_factor
from lightning_latent.training.forward import training_forward

METHODS: dict[Mode, str] = {"coconut": PLAIN, "pause": "pause tokens", "cot": "CoT", "no_cot": "No-CoT"}


class CoconutTraining(AnsweringModule):
    """Coconut's training (arXiv 2412.06769) and its baselines: chain of thought, no chain of thought, pause tokens.

    A stage is a number of thoughts: at stage s the first s reasoning steps are replaced by s thoughts.

    Args:
        base: The language model to train: `ScratchProsQA` (random weights), `PretrainedBase` (directory, hub id), ...
        benchmark: How answers are read and judged; the data module's benchmark if not given.
        mode: `coconut` (hidden states fed back), `pause` (a learned token in their place), `cot` (all steps in words),
            `no_cot` (the answer alone).
        latents_per_step: Latents c that replace one step; 0 drops steps without a thought in their place.
        max_latent_stage: The last stage that leaves steps in words; T = latents_per_step * max_latent_stage at the end.
        first_stage_epochs: Epochs of stage 0, all steps in words.
        epochs_per_stage: Epochs of each further stage; the last takes all that remain of `trainer.max_epochs`.
        initial_stage: Stage to start at; `last` trains without curriculum.
        drop_remaining_steps: Add a stage after `max_latent_stage` in which no step is left in words.
        pad_latent_to_max: In that stage, give every example all latents, however few steps it has.
        end_marker: Put a marker between thoughts and words, as the reference does. Without it the first word after the
            thoughts is predicted at the last thought, which so learns to be what the next stage needs it to be.
        thought_loss: Weight of a second loss, by which each latent is to say, through the output head, the last word of
            the step that it stands for (several latents of a step, the word's tokens one after the other). 0 for none.
        uniform_prob: Probability that an example's stage is drawn uniformly from 0 to its number of steps.
        learning_rate: Peak learning rate of AdamW.
        betas: AdamW's decay rates.
        weight_decay: AdamW's weight decay.
        warmup_steps: Steps of linear warm-up at the start of the run.
        cooldown: Share of each stage, at its end, at a lower rate. 0 for a constant rate.
        cooldown_factor: The learning rate's factor there.
        reset_optimizer: When to forget the optimiser's moments.
        max_new_tokens: Most tokens of an answer in validation, words of remaining steps included.
    """

    # From `configure_model` on.
    built: Base
    said: LatentMetadata
    reasoner: LatentReasoner

    def __init__(
        self,
        *,
        base: BaseModel,
        benchmark: Benchmark | None = None,
        mode: Mode = "coconut",
        latents_per_step: NonNegativeInt = 1,
        max_latent_stage: NonNegativeInt = 6,
        first_stage_epochs: NonNegativeInt = 5,
        epochs_per_stage: NonNegativeInt = 5,
        initial_stage: NonNegativeInt | Literal["last"] = 0,
        drop_remaining_steps: bool = True,
        pad_latent_to_max: bool = True,
        end_marker: bool = True,
        thought_loss: NonNegativeFloat = 0.0,
        uniform_prob: UnitInterval = 0.0,
        learning_rate: PositiveFloat = 1e-4,
        betas: tuple[BelowOne, BelowOne] = (0.9, 0.999),
        weight_decay: NonNegativeFloat = 0.01,
        warmup_steps: NonNegativeInt = 0,
        cooldown: UnitInterval = 0.0,
        cooldown_factor: NonNegativeFloat = 0.2,
        reset_optimizer: Literal["never", "stage", "epoch"] = "stage",
        max_new_tokens: PositiveInt = 128,
    ) -> None:
        super().__init__(benchmark=benchmark, method=METHODS[mode])
        self.base = base
        self.curriculum = Curriculum(
            mode=mode,
            latents_per_step=latents_per_step,
            max_latent_stage=max_latent_stage,
            first_stage_epochs=first_stage_epochs,
            epochs_per_stage=epochs_per_stage,
            initial_stage=initial_stage,
            drop_remaining_steps=drop_remaining_steps,
            pad_latent_to_max=pad_latent_to_max,
            end_marker=end_marker,
        )
        self.thought_loss = thought_loss
        self.said_per_step = latents_per_step if thought_loss else 0
        self.uniform_prob = uniform_prob
        self.learning_rate = learning_rate
        self.betas = betas
        self.weight_decay = weight_decay
        self.rate_factor = partial(
            learning_rate_factor, warmup_steps=warmup_steps, cooldown=cooldown, cooldown_factor=cooldown_factor
        )
        self.reset_optimizer = reset_optimizer
        self.max_new_tokens = max_new_tokens
        self.trained_stage = self.curriculum.first_stage  # of the last epoch begun: evaluation and export go by it

    def setup(self, stage: str) -> None:
        """Take the data's benchmark, the base too."""
        super().setup(stage)
        if stage == "fit":
            check_precision(self.trainer.precision)
        self.base.take(self.benchmark)

    def configure_model(self) -> None:
        """Make or load the language model, once."""
        if hasattr(self, "built"):
            return
        self.built = self.base.build()
        model, tokenizer, _ = self.built
        self.said = ready_markers(model, tokenizer)
        model.train()
        self.strict_loading = all(p.requires_grad for p in model.parameters())  # see state_dict
        self.reasoner = LatentReasoner(model, tokenizer, self.metadata(), self.base.build_projection(model))

    def metadata(self) -> LatentMetadata:
        """What a reasoner of the stage that was trained last says of itself."""
        return self.curriculum.metadata(stage=self.trained_stage, base=self.said)

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The weights that are trained: a frozen base below adapters is loaded again from where it came from."""
        frozen = {name for name, p in self.named_parameters(remove_duplicate=False) if not p.requires_grad}
        state = super().state_dict(*args, **kwargs)
        return {name: value for name, value in state.items() if name not in frozen}

    def stage(self, batch_idx: int = 0) -> Stage:
        """The stage at a batch of the trainer's current epoch, while training."""
        total = self.trainer.num_training_batches
        within = batch_idx / total if total and total != float("inf") else 0.0
        return self.curriculum.stage_at(self.trainer.current_epoch + within, max_epochs=self.trainer.max_epochs or 1)

    # Training.

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over all weights that are trained."""
        weights = [p for p in self.parameters() if p.requires_grad]
        return torch.optim.AdamW(weights, lr=self.learning_rate, betas=self.betas, weight_decay=self.weight_decay)

    def on_train_batch_start(self, batch: list[Example], batch_idx: int) -> None:
        """At the first batch of an epoch, forget the optimiser's moments where asked for.

        Not in `on_train_epoch_start`, which a run resumed from a checkpoint of an epoch's last batch does not call.
        """
        if batch_idx > 0:
            return
        stage = self.stage().number
        if self.reset_optimizer == "epoch" or (self.reset_optimizer == "stage" and stage != self.trained_stage):
            self.trainer.optimizers[0].state.clear()
        self.trained_stage = stage

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the stage, on which the number of latents in evaluation depends."""
        check_saved(checkpoint["state_dict"])
        checkpoint["trained_stage"] = self.trained_stage

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the stage."""
        self.trained_stage = checkpoint["trained_stage"]

    def training_step(self, batch: list[Example], batch_idx: int) -> Tensor:
        """Token-mean cross-entropy of the words that the stage leaves."""
        stage = self.stage(batch_idx)
        rate = self._set_learning_rate(stage)
        if not batch:
            return loss_without_questions(self.trainer, self.parameters())
        layouts = [self._draw_layout(example, stage.number) for example in batch]
        laid_out = collate(self.reasoner, batch, layouts, said_per_step=self.said_per_step)
        out = training_forward(self.reasoner, laid_out)
        log = partial(self.log, prog_bar=True, batch_size=len(batch))
        log("train/loss", out.loss.detach())
        if self.thought_loss:
            log("train/thought_loss", out.thoughts.detach())
        log("train/answer", out.answer_correct.float().mean())
        log("train/stage", float(stage.number))
        self.log("train/learning_rate", rate, batch_size=1)
        return (out.loss + self.thought_loss * out.thoughts) * share_of_tokens(self.trainer, out.words)

    def _set_learning_rate(self, stage: Stage) -> float:
        # Not by a scheduler: that counts steps, and stages last epochs, whose steps a streamed source cannot tell.
        rate = self.learning_rate * self.rate_factor(step=self.trainer.global_step, progress=stage.progress)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate
        return rate

    def _draw_layout(self, example: Example, stage: int) -> Layout:
        # Seeded by question and epoch, so that the draw does not depend on the world size or on resuming.
        seed, num_steps = f"{example.id}/{self.trainer.current_epoch}", len(example.steps)
        stage = draw_stage(stage, num_steps=num_steps, uniform_prob=self.uniform_prob, seed=seed)
        return self.curriculum.layout(stage=stage, num_steps=num_steps)

    # Answering.

    def answer(self, batch: list[Example]) -> list[Answer]:
        """Greedy answers of the trained stage."""
        self.reasoner.metadata = self.metadata()
        return answer_questions(
            self.reasoner,
            batch,
            say=partial(say, self.reasoner, benchmark=self.benchmark, max_new_tokens=self.max_new_tokens),
            benchmark=self.benchmark,
            room=self.reasoner.thought_columns + self.max_new_tokens,
        )
