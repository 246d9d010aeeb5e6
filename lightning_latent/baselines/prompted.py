"""Instruction-tuned models that are only asked."""

from collections.abc import Sequence

import torch
from transformers import GenerationConfig, PreTrainedModel

from lightning_latent.baselines.prompts import Style, prompt
from lightning_latent.baselines.row import Answered, BatchRow, judge
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.reasoner.loading import DType, load_model


class Prompted(BatchRow):
    """An instruction-tuned model, prompted in its own chat template and decoded greedily.

    Args:
        path: Directory or hub id.
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
        style: Style = "cot",
        system: str | None = None,
        max_new_tokens: int = 512,
        dtype: DType = "auto",
        attention: str = "sdpa",
        revision: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.path = path
        self.style = style
        self.system = system
        self.max_new_tokens = max_new_tokens
        self.dtype = dtype
        self.attention = attention
        self.revision = revision
        self.trust_remote_code = trust_remote_code

    def load(self, *, benchmark: Benchmark, device: torch.device) -> None:
        """See `BatchRow.load`; a `UserError` where the model has no chat template."""
        model, self._tokenizer = load_model(
            self.path,
            revision=self.revision,
            dtype=self.dtype,
            attention=self.attention,
            trust_remote_code=self.trust_remote_code,
        )
        if self._tokenizer.chat_template is None:
            raise UserError(f"the tokenizer of {self.path!r} has no chat template; name an instruction-tuned model")
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._stops = stop_tokens(model)
        # In place of the checkpoint's own: transformers takes from it whatever a call does not set, such as the
        # repetition penalty that chat models come with, and the row would not be greedy.
        model.generation_config = GenerationConfig(
            max_new_tokens=self.max_new_tokens,
            do_sample=False,
            eos_token_id=self._stops,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        self._model = model.eval().to(device)
        self._benchmark = benchmark

    def answer(self, examples: list[Example]) -> list[Answered]:
        """See `BatchRow.answer`."""
        form = self._benchmark.answer_form
        chats = [self._chat(prompt(example.question, style=self.style, form=form)) for example in examples]
        # The template has written the special tokens already.
        inputs = self._tokenizer(
            chats, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt"
        ).to(self._model.device)
        output = self._model.generate(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        rows = [until_stop(row, self._stops) for row in output[:, inputs["input_ids"].shape[1] :].tolist()]
        texts = self._tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [
            judge(self._benchmark, example, self._benchmark.extract(text), tokens=len(row), latents=0, text=text)
            for example, text, row in zip(examples, texts, rows, strict=True)
        ]

    def _chat(self, text: str) -> str:
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        messages = [*system, {"role": "user", "content": text}]
        return self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


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
