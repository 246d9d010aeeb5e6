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
from lightning_latent.evaluation.module import AnsweringModule
from lightning_latent.evaluation.scoring import Said
from lightning_latent.reasoner.identity import identify
from lightning_latent.reasoner.loading import DType, load_model

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
        if self.tokenizer.chat_template is None:
            raise UserError(f"the tokenizer of {self.path!r} has no chat template; name an instruction-tuned model")
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.stops = stop_tokens(model)
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
        chats = [self._chat(prompt(example.question, style=self.style, form=form)) for example in batch]
        # The template has written the special tokens already.
        inputs: Any = self.tokenizer(
            chats, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt"
        ).to(self.model.device)
        output = self.model.generate(  # type: ignore[operator]
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        )
        rows = [until_stop(row, self.stops) for row in output[:, inputs["input_ids"].shape[1] :].tolist()]
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        said = Said(texts, [self.benchmark.extract(text) for text in texts], list(map(len, rows)))
        seconds = (clock(self.model.device) - started) / len(batch)
        return [
            judge(self.benchmark, example, said, row=row, latents=0, seconds=seconds)
            for row, example in enumerate(batch)
        ]

    def _chat(self, text: str) -> str:
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        messages = [*system, {"role": "user", "content": text}]
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def prompt(question: str, *, style: Style, form: str) -> str:
    r"""A question with the instruction to answer it after `###`, where benchmarks look first, in a form.

    >>> print(prompt("How many?", style="short", form="a number"))
    How many?
    <BLANKLINE>
    Do not explain anything. Give nothing but one last line that reads "### " and your answer, which is a number.
    """
    return f'{question}\n\n{_HOW[style]} one last line that reads "### " and your answer, which is {form}.'


def stop_tokens(model: PreTrainedModel) -> list[int]:
    """The tokens at which a model ends its turn, of which chat models may have several."""
    stops = model.generation_config.eos_token_id
    return [stops] if isinstance(stops, int) else list(stops or [])


def until_stop(row: Sequence[int], stops: Sequence[int]) -> list[int]:
    """The ids of a generated row up to and including the first stop token.

    >>> until_stop([5, 6, 2, 0, 0], [2, 3])
    [5, 6, 2]
    """
    end = next((index + 1 for index, token in enumerate(row) if token in stops), len(row))
    return list(row[:end])
