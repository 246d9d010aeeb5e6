"""Answering by several samples around a question's latents: what views are compared with at the same compute."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lightning_latent.bounds import NonNegativeFloat, PositiveInt, check_at_least_one
from lightning_latent.callbacks.escalation import choose_candidates, sum_until_sure
from lightning_latent.callbacks.views import most_frequent
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge
from lightning_latent.evaluation.scoring import Said, option_scores
from lightning_latent.reasoner.context import Context, select_rows
from lightning_latent.refinement import tally
from lightning_latent.refinement.controls import random_directions, random_moves
from lightning_latent.refinement.hooks import QuestionCallback, Refining

Combine = Literal["mean_log_probability", "majority", "most_confident", "oracle"]
_RULES = {
    "mean_log_probability": tally.mean_log_probability,
    "majority": tally.majority,
    "most_confident": tally.most_confident,
}


class NoiseSamples(QuestionCallback):
    """Answers each question from its latents and from samples around them, and puts the answers together.

    A sample is `h_t + s ||h_t|| z_t`, each `z_t` a direction of length 1 drawn by the question's text, the sample's
    number and the seed. A question is read and thought about once; all samples of a batch are then replayed in one
    pass, so `data.eval_batch_size` times `count` rows must fit. Where questions have no candidates, each sample's
    answer is decoded, which `majority`, `most_confident` and `oracle` can put together.

    Args:
        count: Samples of a question, at most; its own latents, unmoved, are the first.
        noise: s, how far a sample is from them, as a fraction of each latent's norm.
        threshold: Margin in nats between the best and the second candidate, summed over samples, at which a question
            gets no further sample; without, each gets all.
        combine: `mean_log_probability` of the candidates over samples; `majority` of the samples' answers;
            `most_confident`, the answer of the sample that finds its own the likeliest; `oracle`, right if any sample
            is: it looks at the gold answer, and is an upper bound, not a method.
        seed: Seed of the directions.
    """

    def __init__(
        self,
        *,
        count: PositiveInt = 8,
        noise: NonNegativeFloat = 0.3,
        threshold: NonNegativeFloat | None = None,
        combine: Combine = "mean_log_probability",
        seed: int = 0,
    ) -> None:
        check_at_least_one({"count of NoiseSamples": count})
        if threshold is not None and combine != "mean_log_probability":
            raise UserError(f"a threshold goes by summed log-probabilities; leave combine: {combine} out")
        self.count = count
        self.noise = noise
        self.threshold = threshold
        self.combine: Combine = combine
        self.seed = seed

    @torch.no_grad()
    def answer(self, batch: list[Example], module: Refining) -> list[Answer]:
        """See `QuestionCallback.answer`."""
        if not batch:
            return []
        started = clock(module.reasoner.device)
        question = module.read(batch)
        latents = module.think(batch, context=question).latents
        thought = _Thought(batch, question, latents, (clock(module.reasoner.device) - started) / len(batch))
        if self.threshold is not None:
            return self._until_sure(thought, module)
        if self.combine != "oracle" and all(example.options for example in batch):
            return self._scored(thought, module)
        return self._by_answers(thought, module)

    def _scored(self, thought: "_Thought", module: Refining) -> list[Answer]:
        """Score the candidates by all samples in one pass."""
        started, size = clock(module.reasoner.device), len(thought.batch)
        totals = _RULES[self.combine](self._scores(range(self.count), list(range(size)), thought, module))
        seconds = thought.seconds + (clock(module.reasoner.device) - started) / size
        latents = [self.count * thought.latents.shape[1]] * size
        return choose_candidates(thought.batch, totals, module, latents=latents, seconds=[seconds] * size)

    def _until_sure(self, thought: "_Thought", module: Refining) -> list[Answer]:
        """Score the candidates by one sample after the other, each only for the questions that are not sure yet."""
        assert self.threshold is not None
        totals, spent, courses = sum_until_sure(
            lambda number, rows: self._scores([number], rows, thought, module)[0],
            thought.batch,
            threshold=self.threshold,
            rounds=self.count,
            device=module.reasoner.device,
            method="threshold of NoiseSamples",
        )
        latents = [rounds * thought.latents.shape[1] for rounds in spent.rounds]
        seconds = [thought.seconds + own for own in spent.seconds]
        return choose_candidates(thought.batch, totals, module, latents=latents, seconds=seconds, courses=courses)

    def _by_answers(self, thought: "_Thought", module: Refining) -> list[Answer]:
        """Put together what each sample answers, which is decoded where there are no candidates."""
        if self.combine == "mean_log_probability":
            raise UserError("without candidates NoiseSamples averages nothing; set its combine to majority")
        started, size = clock(module.reasoner.device), len(thought.batch)
        said, likely = self._answered(thought, module)
        seconds = thought.seconds + (clock(module.reasoner.device) - started) / size
        latents = self.count * thought.latents.shape[1]
        answers = []
        for row, example in enumerate(thought.batch):
            own = said.answers[row::size]
            if self.combine == "majority":
                winner = most_frequent(own, module.benchmark)
            elif self.combine == "most_confident":
                winner = own[int(likely[row::size].argmax())]
            else:
                winner = next((one for one in own if module.benchmark.matches(one, example.answer)), own[0])
            together = Said(["\n".join(own)], [winner], [sum(said.tokens[row::size])])
            answers.append(judge(module.benchmark, example, together, row=0, latents=latents, seconds=seconds))
        return answers

    def _answered(self, thought: "_Thought", module: Refining) -> tuple[Said, Tensor]:
        """What all K samples of all B questions answer, sample by sample, and how likely they find it: `[K B]`."""
        size = len(thought.batch)
        context = self._replayed(range(self.count), list(range(size)), thought, module)
        examples = thought.batch * self.count
        if all(example.options for example in examples):
            scores = tally.padded_scores(option_scores(module.reasoner, context, [e.options for e in examples]))
            best = [example.options[at] for example, at in zip(examples, scores.argmax(-1).tolist(), strict=True)]
            return Said([""] * len(best), best, [0] * len(best)), scores.amax(-1)
        said = module.say(context, examples)
        return said, module.reasoner.score(context, said.answers)[0]

    def _scores(self, numbers: Sequence[int], rows: list[int], thought: "_Thought", module: Refining) -> Tensor:
        """Log-probabilities `[K, N, C]` of the candidates, by K samples of the N questions of these rows."""
        context = self._replayed(numbers, rows, thought, module)
        options = [thought.batch[row].options for row in rows] * len(numbers)
        scores = tally.padded_scores(option_scores(module.reasoner, context, options))
        return scores.view(len(numbers), len(rows), -1)

    def _replayed(self, numbers: Sequence[int], rows: list[int], thought: "_Thought", module: Refining) -> Context:
        """The contexts at the end marker of K samples of N questions, sample by sample: K N rows."""
        kept = torch.tensor(rows, device=thought.latents.device)
        questions, latents = [thought.batch[row].question for row in rows], thought.latents[kept]
        samples = torch.cat([self._sample(number, questions, latents) for number in numbers])
        return module.reasoner.conclude(select_rows(thought.question, kept.repeat(len(numbers))), samples)

    def _sample(self, number: int, questions: list[str], latents: Tensor) -> Tensor:
        """One sample `[N, T, D]` of N questions' latents."""
        if number == 0:
            return latents
        # The number is part of the text that directions are drawn by: no two samples, of whatever seeds, share theirs.
        texts = [f"sample {number}/{question}" for question in questions]
        drawn = random_directions(texts, steps=latents.shape[1], size=latents.shape[2], seed=self.seed)
        return latents + random_moves(latents, drawn.to(latents), fraction=self.noise)


class _Thought(NamedTuple):
    """Questions that have been read and thought about once."""

    batch: list[Example]
    question: Context
    latents: Tensor  # [B, T, D]
    seconds: float  # a question
