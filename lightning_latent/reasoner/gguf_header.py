"""What a GGUF file says of itself: architecture, tokenizer, names of its tensors."""

from pathlib import Path
from typing import Any, NamedTuple

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import one_line

ARCHITECTURES = ("llama", "qwen2", "gpt2", "gemma3")
"""Those whose tensors transformers takes by name; of others some would be left out in silence."""

CONTROL, USER_DEFINED = 3, 4  # kinds of tokens beside the ordinary ones


class GgufHeader(NamedTuple):
    """The parts of a file's header that a conversion needs."""

    architecture: str
    tensors: tuple[str, ...]
    kind: str  # of the tokenizer: gpt2 merges pairs of bytes, others go by scores
    split: str | None  # how text is split before pairs are merged
    tokens: tuple[str, ...]  # by id
    types: tuple[int, ...]  # of each token
    merges: tuple[str, ...]  # pairs of tokens, the first to be merged first
    begin: int | None  # id of the token that begins a sequence
    end: int | None
    unknown: int | None
    padding: int | None
    adds_begin: bool | None  # whether the tokenizer puts it there; None where the file does not say
    chat_template: str | None


def read_header(file: Path) -> GgufHeader:
    """Read a file's header.

    Raises:
        UserError: The package `gguf` is missing, the file is cut short or of an architecture that is not supported, or
            it has no tokenizer.
    """
    try:
        from gguf import GGUFReader  # optional, and only files of this kind need it
    except ImportError:
        raise UserError(
            f"{file} cannot be read without the package gguf; pip install 'lightning-latent[smollm2]'"
        ) from None
    with one_line(f"cannot read {file}, which is cut short or no GGUF file; get it again"):
        reader = GGUFReader(file)
        end = max((tensor.data_offset + tensor.n_bytes for tensor in reader.tensors), default=0)
        if end == 0 or end > file.stat().st_size:
            raise ValueError(f"it should have {end} bytes")

    def say(key: str, default: Any = None) -> Any:
        field = reader.get_field(key)
        return default if field is None else field.contents()

    architecture = say("general.architecture")
    if architecture not in ARCHITECTURES:
        raise UserError(f"{file} is of architecture {architecture}; there are {', '.join(ARCHITECTURES)}")
    tokens = tuple(say("tokenizer.ggml.tokens", ()))
    if not tokens:
        raise UserError(f"{file} has no tokenizer (tokenizer.ggml.tokens); use a file of a whole language model")
    return GgufHeader(
        architecture=architecture,
        tensors=tuple(tensor.name for tensor in reader.tensors),
        kind=say("tokenizer.ggml.model"),
        split=say("tokenizer.ggml.pre"),
        tokens=tokens,
        types=tuple(say("tokenizer.ggml.token_type", (1,) * len(tokens))),
        merges=tuple(say("tokenizer.ggml.merges", ())),
        begin=say("tokenizer.ggml.bos_token_id"),
        end=say("tokenizer.ggml.eos_token_id"),
        unknown=say("tokenizer.ggml.unknown_token_id"),
        padding=say("tokenizer.ggml.padding_token_id"),
        adds_begin=say("tokenizer.ggml.add_bos_token"),
        chat_template=say("tokenizer.chat_template"),
    )
