"""The tokenizer of a GGUF file, made from its tokens and merges, and held against them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from lightning_latent.errors import UserError
from lightning_latent.reasoner.checks import one_line, shown
from lightning_latent.reasoner.gguf_header import CONTROL, USER_DEFINED, GgufHeader

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LATER = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Splitting(NamedTuple):
    """How text is split into the pieces within which pairs are merged."""

    patterns: tuple[str, ...]  # one after the other, each on the pieces of the one before
    whole_first: bool = False  # a piece that is a token stays whole, whatever the merges say
    adds_begin: bool = False  # where the file does not say


# By the names that files give them. transformers takes GPT-2's for all, which reads other tokens where digits stand.
SPLITTINGS = {
    "gpt-2": Splitting((_GPT2,)),
    "smollm": Splitting((r"\p{N}", _GPT2)),
    "qwen2": Splitting((_LATER % "",)),
    "llama-bpe": Splitting((_LATER % "{1,3}",), whole_first=True, adds_begin=True),
}

_PROBES = (
    "How many apples are there?",
    " Alex has 12,345 apples and 0.50 pears;  3*4=12.\n\n  two\n### 1234567890",
    "\tif x1 == 2:\r\n        return 'l\u2019\u00e9t\u00e9 \u6771\u4eac 42'\n\n\n",
    "Every lorpus is a wumpus. Is Max a wumpus or lorpus?\n### Max is a wumpus.",
    "<<12/60=0.2>>\n<<0.2*50=10>>\n#### 10   ",
)


def make_tokenizer(header: GgufHeader, file: Path) -> PreTrainedTokenizerBase:
    """Make the tokenizer that a file describes, and check it.

    Raises:
        UserError: The file does not say how text is split, or says it by a name that is not known here; or what was
            made reads other tokens than the file's own merges give, or does not give a text back.
    """
    if header.end is None:
        raise UserError(f"{file} does not say which token ends a sequence (tokenizer.ggml.eos_token_id)")
    if header.kind == "gpt2":
        if header.split not in SPLITTINGS:
            raise UserError(
                f"{file} splits text by {shown(header.split)} (tokenizer.ggml.pre); there are {', '.join(SPLITTINGS)}"
            )
        tokenizer: PreTrainedTokenizerBase = _byte_pairs(header, SPLITTINGS[header.split])
    else:  # by scores, as SentencePiece does
        with one_line(f"cannot make a tokenizer of {file}"):
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    check_tokenizer(tokenizer, header, file)
    return tokenizer


def _byte_pairs(header: GgufHeader, splitting: Splitting) -> PreTrainedTokenizerFast:
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in header.merges)]
    ids = {token: number for number, token in enumerate(header.tokens)}
    inner = Tokenizer(models.BPE(vocab=ids, merges=merges, ignore_merges=splitting.whole_first))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in splitting.patterns),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    kinds = {CONTROL: True, USER_DEFINED: False}
    for token, kind in zip(header.tokens, header.types, strict=True):
        if kind in kinds:
            inner.add_tokens([AddedToken(token, special=kinds[kind], normalized=False)])
    adds_begin = splitting.adds_begin if header.adds_begin is None else header.adds_begin
    if adds_begin and header.begin is not None:
        begin = header.tokens[header.begin]
        inner.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A {begin} $B", special_tokens=[(begin, header.begin)]
        )
    named = {"bos": header.begin, "eos": header.end, "unk": header.unknown, "pad": header.padding}
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        chat_template=header.chat_template,
        clean_up_tokenization_spaces=False,
        **{f"{name}_token": header.tokens[number] for name, number in named.items() if number is not None},
    )


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, header: GgufHeader, file: Path) -> None:
    """Refuse, by a `UserError`, a tokenizer that reads other tokens than a file's merges give, or loses text."""
    for probe in _PROBES:
        ids = tokenizer(probe, add_special_tokens=False)["input_ids"]
        told = f"the tokenizer made of {file} reads {shown(probe)}"
        if tokenizer.decode(ids) != probe:
            raise UserError(f"{told} as {shown(tokenizer.decode(ids))}; the file cannot be used")
        if header.kind == "gpt2" and (expected := merged_ids(probe, header)) != ids:
            raise UserError(f"{told} as {shown(ids)}, its own merges as {shown(expected)}; the file cannot be used")
    for number, (token, kind) in enumerate(zip(header.tokens, header.types, strict=True)):
        if kind == CONTROL and tokenizer.encode(token, add_special_tokens=False) != [number]:
            raise UserError(f"the tokenizer made of {file} does not read {token} as one token; the file cannot be used")


def merged_ids(text: str, header: GgufHeader) -> list[int]:
    """Token ids by the definition, slowly: split, then merge the pair that comes first among the file's merges."""
    assert header.split is not None
    splitting = SPLITTINGS[header.split]
    ids = {token: number for number, token in enumerate(header.tokens)}
    ranks = {merge: rank for rank, merge in enumerate(header.merges)}
    visible = bytes_to_unicode()
    pieces = [text]
    for pattern in splitting.patterns:
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        pieces = [part for piece in pieces for part, _ in split.pre_tokenize_str(piece)]
    found = []
    for piece in pieces:
        spelled = "".join(visible[byte] for byte in piece.encode())
        parts = [spelled] if splitting.whole_first and spelled in ids else _merge(list(spelled), ranks)
        found += [ids[part] for part in parts]
    return found


def _merge(parts: list[str], ranks: dict[str, int]) -> Sequence[str]:
    """Merge the first of the pairs that come first, until none is left."""
    while len(parts) > 1:
        pairs = [ranks.get(f"{left} {right}", len(ranks)) for left, right in pairwise(parts)]
        best = min(pairs)
        if best == len(ranks):
            break
        at = pairs.index(best)
        parts = [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]
    return parts
