"""From a published checkpoint to a directory that everything here loads, in one call."""

from pathlib import Path
from typing import Literal, get_args

from lightning_latent.errors import UserError
from lightning_latent.importing.coconut import Thought, read_coconut
from lightning_latent.importing.codi import read_codi
from lightning_latent.importing.draft import load_base
from lightning_latent.importing.latenttts import read_latenttts
from lightning_latent.importing.reading import find_weights, read_weights
from lightning_latent.importing.refused import REFUSED, refuse
from lightning_latent.importing.simcot import read_simcot
from lightning_latent.importing.state import unwrapped
from lightning_latent.importing.writing import check_free, write_draft
from lightning_latent.reasoner.reasoner import LatentReasoner

Format = Literal["coconut", "simcot", "codi", "latenttts"]


def import_reasoner(
    checkpoint: str,
    *,
    format: Format,
    out: str | Path,
    base: str | None = None,
    num_latents: int | None = None,
    thought: Thought | None = None,
    lora_alpha: float | None = None,
    remove_eos: bool | None = None,
    file: str | None = None,
    revision: str | None = None,
) -> LatentReasoner:
    """Turn a checkpoint of another repository into a directory: safetensors, tokenizer, latent metadata.

    Nothing that is in the checkpoint is run, and nothing is left behind where it is refused.

    Args:
        checkpoint: A file, or a directory or hub id with one.
        format: `coconut` (facebookresearch/coconut), `simcot` (InternLM/SIM-CoT), `codi` (zhenyi4/codi) or `latenttts`
            (ModalityDance/LatentTTS).
        out: The directory to write.
        base: Directory or hub id of the model that it was trained from: configuration and tokenizer are taken from
            there, no weights. Not for `latenttts`, which brings its own.
        num_latents: Latents at inference; needed but for checkpoints in words.
        thought: What a Coconut feeds, `hidden` states or an embedding that pauses; by default what the file shows.
        lora_alpha: Scale of CODI's adapters, which count `lora_alpha / rank` times.
        remove_eos: CODI's option of that name; true if not given, as in all published checkpoints.
        file: Name of the file in the directory or hub id, where it is not a usual one.
        revision: Commit, tag or branch of a hub id.

    Returns:
        The reasoner, loaded from `out` and frozen.

    Raises:
        UserError: The checkpoint is none of its format, does not belong to its base, or does not say what is needed.
    """
    if format in REFUSED:
        refuse(format, source=checkpoint)
    check_free(Path(out))
    _check_options(
        format, base=base, num_latents=num_latents, thought=thought, lora_alpha=lora_alpha, remove_eos=remove_eos
    )
    place, name = find_weights(checkpoint, file=file, revision=revision)
    origin = load_base(place.path, commit=place.commit) if base is None else load_base(base)
    source = f"{checkpoint} ({file})" if file else checkpoint
    state = unwrapped(read_weights(place, name), source=source)
    eos = remove_eos is not False
    match format:
        case "coconut":
            draft = read_coconut(state, origin, source=source, num_latents=num_latents, thought=thought)
        case "simcot":
            draft = read_simcot(
                state, origin, source=source, num_latents=num_latents, lora_alpha=lora_alpha, remove_eos=eos
            )
        case "codi":
            draft = read_codi(
                state, origin, source=source, num_latents=num_latents, lora_alpha=lora_alpha, remove_eos=eos
            )
        case "latenttts":
            draft = read_latenttts(state, origin, source=source, num_latents=num_latents)
    return write_draft(draft, Path(out), source=source)


def _check_options(
    format: str,
    *,
    base: str | None,
    num_latents: int | None,
    thought: str | None,
    lora_alpha: float | None,
    remove_eos: bool | None,
) -> None:
    """Refuse what a format has no use for, before anything is read: it would be a misunderstanding."""
    if format not in get_args(Format):
        raise UserError(f"--format {format}: no such format; there is {', '.join(get_args(Format))}")
    if num_latents is not None and num_latents < 0:
        raise UserError(f"--num_latents is {num_latents}; give a number of latents")
    if format == "latenttts" and base is not None:
        raise UserError("--base: a checkpoint of latenttts brings its own configuration and tokenizer; leave it out")
    if format != "latenttts" and base is None:
        raise UserError(f"a checkpoint of {format} does not name the model that it was trained from; give --base")
    if format != "coconut" and thought is not None:
        raise UserError(f"--thought: a checkpoint of {format} feeds hidden states; leave it out")
    if format not in ("codi", "simcot"):
        for flag, value in (("--lora_alpha", lora_alpha), ("--remove_eos", remove_eos)):
            if value is not None:
                raise UserError(f"{flag} belongs to checkpoints of codi and simcot; leave it out")
