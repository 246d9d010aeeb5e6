"""The LightningModule that refines the latents of a frozen reasoner, and learns what all questions share."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from lightning_latent.bounds import NonNegativeInt, PositiveFloat, PositiveInt
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.distributed import loss_without_questions, share_of_tokens, taking_part
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import answer_questions, read_questions
from lightning_latent.evaluation.comparison import PLAIN
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.evaluation.scoring import Said, Scoring, option_scores, say
from lightning_latent.precision import check_precision
from lightning_latent.reasoner.adapters import SharedModel
from lightning_latent.reasoner.checks import check_saved
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.identity import identify, identify_adapter
from lightning_latent.reasoner.loading import DType, load_reasoner
from lightning_latent.reasoner.reasoner import LatentReasoner
from lightning_latent.reasoner.thoughts import Thoughts, think
from lightning_latent.refinement.checkpoint import KEY, check_checkpoint, check_shapes, pack
from lightning_latent.refinement.hooks import LatentCallback, QuestionCallback, TeachingCallback, session
from lightning_latent.refinement.learned import Learned, unrefined
from lightning_latent.refinement.likelihood import answer_loss, linear_decay, said_steps
from lightning_latent.refinement.loop import refine_stepwise, refine_trajectory
from lightning_latent.refinement.places import beside
from lightning_latent.refinement.reference import JointReading, Reference, SharedReference, check_compatible


class LatentRefinement(AnsweringModule):
    """Answers questions by a frozen reasoner whose latents are refined on the way.

    The trainer's callbacks refine them (`ContrastiveFeedback`, `ResidualBlending`, ...), each question's own where it
    is answered, and `learn`, what all questions share, which `fit` learns. Without any of them it is plain Coconut, or
    whatever the reasoner was trained to be. Legend: B batch, T latents, D hidden size.

    Args:
        reasoner: Directory or hub id of the reasoner, or of a PEFT adapter; `embedded:final` is the one that comes with
            the package.
        benchmark: How answers are read and judged; the data module's benchmark if not given.
        method: The name of this way of answering in tables; by default that of what refines, or `Coconut`.
        learn: What all questions share, which `fit` learns: a `LatentMap` or another `Learned`.
        learning_rate: Adam's learning rate in `fit`; it falls to zero.
        loop: `stepwise` refines a latent before the next is thought (the paper); `trajectory` rolls out once and then
            refines all latents at a time.
        iterations: Moves of each latent (stepwise) or of the trajectory.
        scoring: `generate` decodes the answer; `likelihood` takes the likeliest of a question's options, and
            `likelihood_per_character` divides by their length.
        num_latents: Latents T, where the checkpoint does not say or another number is wanted.
        max_new_tokens: Most tokens of an answer; the benchmark's default if not given.
        dtype: Type of the frozen weights; `auto` keeps the checkpoint's. Latents are refined in at least float32.
        attention: Attention implementation of transformers.
        revision: Commit, tag or branch of a hub id.
        trust_remote_code: Run code that comes with the checkpoint.
    """

    def __init__(
        self,
        *,
        reasoner: str,
        benchmark: Benchmark | None = None,
        method: str | None = None,
        learn: Learned | None = None,
        learning_rate: PositiveFloat = 1e-2,
        loop: Literal["stepwise", "trajectory"] = "stepwise",
        iterations: PositiveInt = 1,
        scoring: Scoring = "generate",
        num_latents: NonNegativeInt | None = None,
        max_new_tokens: PositiveInt | None = None,
        dtype: DType = "float32",
        attention: str = "sdpa",
        revision: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(benchmark=benchmark, method=method or PLAIN)
        if iterations < 1:
            raise UserError(f"model.iterations is {iterations}; it must be at least 1")
        self.strict_loading = False  # checkpoints leave the language model out
        self.path = reasoner
        self.learn = learn
        self.learning_rate = learning_rate
        self.loop: Literal["stepwise", "trajectory"] = loop
        self.iterations = iterations
        self.scoring: Scoring = scoring
        self.num_latents = num_latents
        self.max_new_tokens = max_new_tokens
        self.dtype_name: DType = dtype
        self.attention = attention
        self.revision = revision
        self.trust_remote_code = trust_remote_code
        self.load: Callable[..., LatentReasoner] = load_reasoner  # runs that share models have another
        self.frozen: LatentReasoner | None = None
        self.latent_callbacks: list[LatentCallback] = []
        self.asking: list[QuestionCallback] = []
        self.teachers: list[TeachingCallback] = []
        self._reading: JointReading | None = None
        self._named = method is not None
        self._prepared: list[LatentCallback | QuestionCallback] = []

    # Getting ready.

    @property
    def reasoner(self) -> LatentReasoner:
        """The frozen language model, loaded when it is first asked for."""
        self.configure_model()
        assert self.frozen is not None
        return self.frozen

    def setup(self, stage: str) -> None:
        """Find out what refines, and refuse a fit that would learn nothing."""
        super().setup(stage)
        callbacks = self.trainer.callbacks  # type: ignore[attr-defined]
        self.latent_callbacks = [c for c in callbacks if isinstance(c, LatentCallback) and c.active]
        self.asking = [c for c in callbacks if isinstance(c, QuestionCallback) and c.active]
        self.teachers = sorted((c for c in callbacks if isinstance(c, TeachingCallback)), key=lambda c: c.takes_all)
        kinds = [type(callback).__name__ for callback in (*self.latent_callbacks, *self.asking)]
        if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise UserError(f"{twice[0]} would refine twice; name it once, by a key of its own or as a callback")
        if len(self.asking) > 1:
            raise UserError(f"{kinds[-2]} and {kinds[-1]} would both answer the questions; leave one out")
        if not self._named:
            self.method = " + ".join([*([] if self.learn is None else [type(self.learn).__name__]), *kinds]) or PLAIN
        if stage == "fit" and self.learn is None:
            raise UserError(
                f"{self.method} learns nothing: validate, test and predict answer by it; for fit give model.learn, "
                "such as --model.learn LatentMap"
            )
        if stage == "fit":
            check_precision(self.trainer.precision)

    def configure_model(self) -> None:
        """Load the language model, freeze it, and make what is learned, once; then what the callbacks need."""
        if self.frozen is None:
            loaded = self._load(self.path, num_latents=self.num_latents, revision=self.revision)
            self.identities["reasoner"] = identify(
                loaded.model, path=self.path, revision=self.revision, projection=loaded.projection
            )
            if self.learn is not None:
                if not loaded.num_latents:
                    raise UserError(f"{self.path} thinks no latents that model.learn could correct; leave it out")
                self.learn.build(loaded)
            self.frozen = loaded
        callbacks: list[LatentCallback | QuestionCallback] = [*self.latent_callbacks, *self.asking]
        for callback in callbacks:
            if callback not in self._prepared:
                self._prepared.append(callback)
                callback.prepare(self)

    def load_reference(self, path: str, *, role: str) -> Reference:
        """Load another checkpoint of the same model; see `Refining.load_reference`."""
        if (reference := self._share(beside(path, self.path), role=role)) is not None:
            return reference
        model = self.load_beside(path, num_latents=self.reasoner.num_latents)
        check_compatible(model, self.reasoner, role=role, path=path)
        self.identities[role] = identify(model.model, path=path, projection=model.projection)
        return Reference(model.to(self.trainer.strategy.root_device))  # the module is moved only later

    def _share(self, path: str, *, role: str) -> Reference | None:
        """An adapter on the reasoner's own model, so that the model is there once; None where it cannot be shared."""
        if self.load is not load_reasoner or self.learn is not None:
            return None  # other runs use the model, too, or what is learned may change its weights
        reasoner = self.reasoner  # asking for it may prepare other callbacks, which share it, too
        self._reading = reading = self._reading or JointReading(SharedModel(reasoner))
        name = f"{role}-{len(reading.shared.rows)}"  # two callbacks may have a reference of one role
        loaded = reading.shared.load(path, beside=self.path, revision=self.revision, name=name)
        if loaded is None:
            return None
        check_compatible(loaded, reasoner, role=role, path=path)
        self.identities[role] = identify_adapter(path=path, below=self.identities["reasoner"])
        return SharedReference(loaded, reading)

    def load_beside(self, path: str, *, num_latents: int | None) -> LatentReasoner:
        """Load another checkpoint as the reasoner is, frozen; `beside:NAME` is the one of that name beside it."""
        return self._load(beside(path, self.path), num_latents=num_latents)

    def _load(self, path: str, *, num_latents: int | None, revision: str | None = None) -> LatentReasoner:
        return self.load(
            path,
            num_latents=num_latents,
            revision=revision,
            dtype=self.dtype_name,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        ).freeze()

    # Checkpoints hold what was learned, and whose it is.

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """What was learned, without the language model."""
        state = super().state_dict(*args, **kwargs)
        return {name: value for name, value in state.items() if not name.startswith("frozen.")}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take up what was learned; that the language model is not there is as it should be."""
        keys = super().load_state_dict(state_dict, strict=False, assign=assign)
        return keys._replace(missing_keys=[name for name in keys.missing_keys if not name.startswith("frozen.")])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what the learned numbers belong to."""
        check_saved(checkpoint["state_dict"])
        checkpoint[KEY] = pack(self.identities)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Refuse what was fitted for other weights, or with another number of latents or rank."""
        self.configure_model()
        check_checkpoint(checkpoint, identities=self.identities)
        check_shapes(checkpoint["state_dict"], self.state_dict())

    # Fit.

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Adam on what is learned; its rate falls linearly to zero over the steps of the run."""
        assert self.learn is not None
        optimizer = torch.optim.Adam(self.learn.parameters(), lr=self.learning_rate, betas=(0.9, 0.98))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._decay)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _decay(self, step: int) -> float:
        # Asked for after a step only, for asking makes Lightning load the data: before a checkpoint's state is there,
        # the resumed epoch would begin anew.
        return linear_decay(step, self.trainer.estimated_stepping_batches) if step else 1.0

    def training_step(self, batch: list[Example], batch_idx: int) -> Tensor:
        """Mean negative log-likelihood of the gold answers' tokens, those of all processes together."""
        assert self.learn is not None
        for teacher in self.teachers:
            batch = teacher.teach(batch, self)
        if not batch:
            return loss_without_questions(self.trainer, self.learn.parameters())
        answers = [example.answer for example in batch]
        steps = said_steps(batch, self.reasoner.metadata.replaced_steps)
        longest = max(map(len, self.reasoner.word_ids(answers, steps)))
        context = read_questions(self.reasoner, batch, room=self._room(longest))
        thoughts = self._refine(batch, context)
        loss, tokens = answer_loss(self.reasoner, thoughts.context, answers, steps=steps)
        mean = loss / tokens
        self.log("train/answer_loss", mean.detach(), prog_bar=True, batch_size=len(batch))
        self.log("train/learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"], batch_size=1)
        return mean * share_of_tokens(self.trainer, tokens) + taking_part(self.learn.parameters())

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Leave a step out whose gradient is not finite, in every process alike: it would spoil what was learned."""
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not all(bool(parameter.grad.isfinite().all()) for parameter in parameters):
            rank_zero_warn("The gradient is not finite; the step is left out. Try a smaller model.learning_rate.")
            optimizer.zero_grad()

    # Answering.

    def on_test_start(self) -> None:
        """Refuse to answer by what has not been learned, but for the validations within fit."""
        if self.learn is not None and self.learn.is_identity and self.trainer.state.fn != "fit":
            raise UserError(f"{self.method} has learned nothing yet; run fit first, or give its --ckpt_path")

    on_validation_start = on_predict_start = on_test_start

    def answer(self, batch: list[Example]) -> list[Answer]:
        """See `AnsweringModule.answer`."""
        return self.asking[0].answer(batch, self) if self.asking else self.answer_once(batch)

    def answer_once(self, batch: list[Example], *, plain: bool = False) -> list[Answer]:
        """See `Refining.answer_once`."""
        refining, room = self.refines and not plain, self._room(self._words)
        thinking = partial(self._refine, batch) if refining else None
        ask = partial(answer_questions, self.reasoner, batch, say=self.say, benchmark=self.benchmark, room=room)
        with unrefined(self.learn, plain=plain):
            return ask(thinking=thinking, unrefined=partial(unrefined, self.learn))

    def read(self, examples: Sequence[Example]) -> Context:
        """See `Refining.read`."""
        return read_questions(self.reasoner, examples, room=self._room(self._words))

    @torch.no_grad()
    def think(
        self,
        examples: Sequence[Example],
        *,
        plain: bool = False,
        context: Context | None = None,
        iterations: int | None = None,
    ) -> Thoughts:
        """See `Refining.think`."""
        with unrefined(self.learn, plain=plain):
            context = self.read(examples) if context is None else context
            return think(self.reasoner, context) if plain else self._refine(examples, context, iterations=iterations)

    def say(self, context: Context, examples: Sequence[Example]) -> Said:
        """See `Refining.say`."""
        rule, words = self.benchmark, self._words
        return say(self.reasoner, context, examples, benchmark=rule, max_new_tokens=words, scoring=self.scoring)

    @torch.no_grad()
    def score_options(self, examples: Sequence[Example], *, plain: bool = False) -> list[list[float]]:
        """See `Refining.score_options`."""
        with unrefined(self.learn, plain=plain):
            thoughts = self.think(examples, plain=plain)
            return option_scores(self.reasoner, thoughts.context, [example.options for example in examples])

    def _refine(self, batch: Sequence[Example], context: Context, *, iterations: int | None = None) -> Thoughts:
        if not self.refines:
            return think(self.reasoner, context)
        refine = refine_stepwise if self.loop == "stepwise" else refine_trajectory
        moves = self.iterations if iterations is None else iterations
        with session(self.latent_callbacks, [example.question for example in batch]) as callbacks:
            return refine(self.reasoner, context, callbacks, iterations=moves, learned=self.learn)

    @property
    def refines(self) -> bool:
        """See `Refining.refines`."""
        return self.learn is not None or bool(self.latent_callbacks)

    @property
    def _words(self) -> int:
        """Most tokens of an answer."""
        return self.max_new_tokens or self.benchmark.max_new_tokens

    def _room(self, words: int) -> int:
        """Columns after a question: latents, end marker and words."""
        return self.reasoner.thought_columns + words
