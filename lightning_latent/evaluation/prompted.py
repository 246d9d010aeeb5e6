"""Instruction-tuned models that are only asked."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from lightning_latent.bounds import PositiveInt
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation.answer import Answer
from lightning_latent.evaluation.answering import clock, judge
from lightning_latent.evaluation.chat import LostRows, chat, check_template, encode_chats, stop_tokens
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.evaluation.scoring import Said
from lightning_latent.reasoner.identity import identify
from lightning_latent.reasoner.loading import DType, load_model
from lightning_latent.reasoner.text import pad_left

Style = Literal["cot", "concise", "short"]

_HOW: dict[Style, str] = {
    "cot": "Think step by step. Then end with",
    "concise": "Think step by step and be concise: at most a few words a step. Then end with",
    "short": "Do not explain anything. Give nothing but",
}


class PromptedModel(AnsweringModule):
    """An instruction-tuned model, prompted in its own chat template and decoded greedily.

    Args:
        path: Directory or hub id.
        benchmark: How answers are read and judged; the data module's benchmark if not given.
        method: Its name in tables; by default the model's and the style's.
        style: `cot` asks it to think step by step, `concise` to do so in few words, `short` for the answer alone.
        system: System message, if any.
        max_new_tokens: Most tokens of an answer, steps included.
        dtype: Type of the weights; `auto` keeps the checkpoint's.
        attention: Attention implementation of transformers.
        revision: Commit, tag or branch of a hub id.
        trust_remote_code: Run code that comes with the checkpoint.
    """

    def __init__(
        self,
        *,
        path: str,
        benchmark: Benchmark | None = None,
        method: str | None = None,
        style: Style = "cot",
        system: str | None = None,
        max_new_tokens: PositiveInt = 512,
        dtype: DType = "auto",
        attention: str = "sdpa",
        revision: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(benchmark=benchmark, method=method or f"{path}, {style}")
        self.path = path
        self.style: Style = style
        self.system = system
        self.max_new_tokens = max_new_tokens
        self.dtype_name: DType = dtype
        self.attention = attention
        self.revision = revision
        self.trust_remote_code = trust_remote_code
        self.model: PreTrainedModel | None = None
        self.tokenizer: Any = None

    def configure_model(self) -> None:
        """Load the model, once; a `UserError` where it has no chat template."""
        if self.model is not None:
            return
        model, self.tokenizer = load_model(
            self.path,
            revision=self.revision,
            dtype=self.dtype_name,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        )
        check_template(self.tokenizer, path=self.path, system=self.system)
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.stops = stop_tokens(model, self.tokenizer)
        # In place of the checkpoint's own: transformers takes from it whatever a call does not set, such as the
        # repetition penalty that chat models come with, and the answers would not be greedy.
        model.generation_config = GenerationConfig(
            max_new_tokens=self.max_new_tokens,
            do_sample=False,
            eos_token_id=self.stops,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        self.model = model.eval().requires_grad_(False)
        self.identities["model"] = identify(model, path=self.path, revision=self.revision)

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]  # torch gives overloads
        """Nothing: it learns nothing, and who the model is stands in `identities`."""
        return {}

    @torch.no_grad()
    def answer(self, batch: list[Example]) -> list[Answer]:
        """See `AnsweringModule.answer`."""
        if not batch:
            return []
        assert self.model is not None
        started = clock(self.model.device)
        form = self.benchmark.answer_form
        asked = [prompt(example.question, style=self.style, form=form) for example in batch]
        chats = encode_chats(self.tokenizer, [chat(self.tokenizer, text, system=self.system) for text in asked])
        for example, row in zip(batch, chats, strict=True):
            self._check_length(example, len(row))
        ids, mask = pad_left(chats, pad=self.tokenizer.pad_token_id, device=self.model.device)
        lost = LostRows()
        output: Any = self.model.generate(  # type: ignore[operator]
            input_ids=ids, attention_mask=mask, logits_processor=[lost]
        )
        assert lost.rows is not None
        rows = [
            [] if nothing else until_stop(row, self.stops)
            for row, nothing in zip(output[:, ids.shape[1] :].tolist(), lost.rows.tolist(), strict=True)
        ]
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        said = Said(texts, [self.benchmark.extract(text) for text in texts], list(map(len, rows)), read=True)
        seconds = (clock(self.model.device) - started) / len(batch)
        return [
            judge(self.benchmark, example, said, row=row, latents=0, seconds=seconds)
            for row, example in enumerate(batch)
        ]

    def _check_length(self, example: Example, tokens: int) -> None:
        assert self.model is not None
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        if limit is not None and tokens + self.max_new_tokens > limit:
            raise UserError(
                f"{example.id}: {tokens} tokens of prompt and {self.max_new_tokens} of answer (model.max_new_tokens) "
                f"exceed the model's context of {limit}; drop the question, or use a model with a longer context"
            )


def prompt(question: str, *, style: Style, form: str) -> str:
    r"""A question with the instruction to answer it after `###`, where benchmarks look first, in a form.

    >>> print(prompt("How many?", style="short", form="a number"))
    How many?
    <BLANKLINE>
    Do not explain anything. Give nothing but one last line that reads "### " and your answer, which is a number.
    """
    return f'{question}\n\n{_HOW[style]} one last line that reads "### " and your answer, which is {form}.'


def until_stop(row: Sequence[int], stops: Sequence[int]) -> list[int]:
    """The ids of a generated row up to and including the first stop token.

    >>> until_stop([5, 6, 2, 0, 0], [2, 3])
    [5, 6, 2]
    """
    end = next((index + 1 for index, token in enumerate(row) if token in stops), len(row))
    return list(row[:end])
