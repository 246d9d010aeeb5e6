"""Formats that are no sequential latent reasoner, refused by name."""

from collections.abc import Iterable

from lightning_latent.errors import UserError

REFUSED = {
    "pccot": "PCCoT refines all its latents in parallel by Jacobi iterations; here each latent follows from the last",
    "stop-head": "a head decides after each latent whether to think on; here the number of latents is fixed",
    "colar": "CoLaR draws each latent from a policy's distribution; here a latent is a function of the hidden state",
    "softcot": "SoftCoT's thoughts come from a second model; here one model thinks and answers",
}

# How the formats betray themselves by their files and by parts of their keys.
_FILES = {"pccot_args.json": "pccot"}
_KEYS = {
    "pytorch-lightning_version": "colar",
    "latent_policy": "colar",
    "lt_head": "colar",  # as LatentTTS has it
    "_stop_embed": "stop-head",  # of adaptive-latent-reasoning, with tied tables and without
    "_stop_embed_out": "stop-head",
    "stop_head": "stop-head",
}


def refuse(name: str, *, source: str) -> None:
    """Raise a `UserError` with the reason why a format cannot be imported."""
    raise UserError(f"{source}: {name} cannot be imported: {REFUSED[name]}; import coconut, simcot, codi or latenttts")


def refuse_files(names: Iterable[str], *, source: str) -> None:
    """Refuse a directory by the names of its files."""
    for name in sorted(_FILES.keys() & set(names)):
        refuse(_FILES[name], source=source)


def refuse_keys(keys: Iterable[str], *, source: str) -> None:
    """Refuse a state dict by parts of its keys."""
    parts = {part for key in keys for part in key.split(".")}
    for part in sorted(_KEYS.keys() & parts):
        refuse(_KEYS[part], source=source)
