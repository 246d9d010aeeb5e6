"""Reasoners that were trained here."""

from typing import Literal

import torch

from lightning_latent.baselines.choices import choose, option_scores, read_steps, write_steps
from lightning_latent.baselines.row import Answered, BatchRow, judge, require_options
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.reasoner.context import Context
from lightning_latent.reasoner.loading import DType, load_reasoner


class Trained(BatchRow):
    """A reasoner that `CoconutTraining` saved, of any mode: the checkpoint says how it thinks.

    Args:
        path: Directory or hub id, or an adapter; relative to the folder of runs.
        scoring: How a question is answered. `generate` decodes greedily. `likelihood` takes the most likely of the
            question's options, after the latents; without latents, after the steps that the model writes.
            `likelihood_per_character` divides by the options' length.
        num_latents: Another number of latents than the checkpoint's.
        max_new_tokens: Most tokens of an answer; the benchmark's default if not given.
        dtype: Type of the weights; `auto` keeps the checkpoint's.
        attention: Attention implementation of transformers.
        revision: Commit, tag or branch of a hub id.
        trust_remote_code: Run code that comes with the checkpoint.
    """

    def __init__(
        self,
        *,
        path: str,
        scoring: Literal["generate", "likelihood", "likelihood_per_character"] = "generate",
        num_latents: int | None = None,
        max_new_tokens: int | None = None,
        dtype: DType = "auto",
        attention: str = "sdpa",
        revision: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.path = path
        self.scoring = scoring
        self.num_latents = num_latents
        self.max_new_tokens = max_new_tokens
        self.dtype = dtype
        self.attention = attention
        self.revision = revision
        self.trust_remote_code = trust_remote_code

    def load(self, *, benchmark: Benchmark, device: torch.device) -> None:
        """See `BatchRow.load`."""
        reasoner = load_reasoner(
            self.path,
            num_latents=self.num_latents,
            revision=self.revision,
            dtype=self.dtype,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        )
        self._reasoner = reasoner.freeze().to(device)
        self._benchmark = benchmark
        self._max_new_tokens = self.max_new_tokens or benchmark.max_new_tokens

    def answer(self, examples: list[Example]) -> list[Answered]:
        """See `BatchRow.answer`."""
        reasoner = self._reasoner
        room = reasoner.num_latents + 1 + self._max_new_tokens
        context = reasoner.encode([example.question for example in examples], room=room)
        context = reasoner.answer_context(reasoner.rollout(context))
        if self.scoring == "generate":
            texts, tokens = reasoner.decode_texts(context, max_new_tokens=self._max_new_tokens)
            predictions = [self._benchmark.extract(text) for text in texts]
        else:
            predictions, texts, tokens = self._choose(context, examples)
        return [
            judge(self._benchmark, example, prediction, tokens=count, latents=reasoner.num_latents, text=text)
            for example, prediction, count, text in zip(examples, predictions, tokens, texts, strict=True)
        ]

    def _choose(self, context: Context, examples: list[Example]) -> tuple[list[str], list[str], list[int]]:
        """The likeliest options, and what was generated before they were scored: texts and numbers of tokens."""
        require_options(examples)
        texts, tokens = [""] * len(examples), [0] * len(examples)
        if self._reasoner.num_latents == 0:
            texts, tokens = write_steps(self._reasoner, context, max_new_tokens=self._max_new_tokens)
            context = read_steps(self._reasoner, context, texts)
        scores = option_scores(self._reasoner, context, [example.options for example in examples])
        per_character = self.scoring == "likelihood_per_character"
        chosen = [
            choose(row, example.options, per_character=per_character)
            for row, example in zip(scores, examples, strict=True)
        ]
        return chosen, texts, tokens
