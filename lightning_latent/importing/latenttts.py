"""LatentTTS's checkpoints (ModalityDance/LatentTTS): Hugging Face directories with markers in the tokenizer."""

from transformers import PreTrainedConfig

from lightning_latent.errors import UserError
from lightning_latent.importing.codi import ANSWER, named_projection
from lightning_latent.importing.draft import Base, Draft, complete, count_rows, skeleton
from lightning_latent.importing.reading import State
from lightning_latent.importing.refused import refuse
from lightning_latent.importing.state import split
from lightning_latent.reasoner.markers import END, LATENT, START, LatentMetadata
from lightning_latent.reasoner.text import ANSWER_MARK

_MARKERS = {"latent_start_id": START, "latent_end_id": END, "latent_id": LATENT}


def read_latenttts(state: State, base: Base, *, source: str, num_latents: int | None) -> Draft:
    """A directory of `COCONUTGPT2` or `CODIGPT2`, with its own configuration and tokenizer.

    Args:
        state: The state dict, without wrappers' names.
        base: The directory's configuration and tokenizer.
        source: Where it is from, for messages.
        num_latents: Latents at inference, which the directory does not say.

    Raises:
        UserError: It is no such directory, or what it does not say is missing.
    """
    codi = _is_codi(base.config, source=source)
    ids = base.tokenizer.get_vocab()
    for key, token in _MARKERS.items():
        said = getattr(base.config, key, None)
        if token not in ids or said not in (None, -100, ids[token]):
            raise UserError(
                f"{source}: config.json says {key} {said}, the tokenizer {ids.get(token)} for {token}; get both again"
            )
    if num_latents is None:
        raise UserError(f"{source} does not say how many latents it thinks; give --num_latents (6 where published)")
    projection, body = split(state, "projector.")
    if bool(projection) != bool(getattr(base.config, "projector", False)):
        raise UserError(f"{source}: config.json and the weights do not agree on a projector; get both again")
    rows = count_rows(body, base, source=source)
    if rows != base.rows or max(ids[START], ids[END]) >= rows:
        raise UserError(
            f"{source} has {rows} rows of embeddings, its config.json {base.rows}, and its markers take "
            f"{max(ids[START], ids[END]) + 1}; get both again"
        )
    weights = complete(body, skeleton(base.config, rows=rows), source=source)
    metadata = LatentMetadata(
        num_latents,
        latent=LATENT if ids[LATENT] < rows else START,  # it is never read, and the table may lack it
        question_end="" if codi else "\n",
        answer_start=ANSWER if codi else ANSWER_MARK,
        projection=bool(projection),
    )
    named = named_projection(projection, norm="4", source=source)
    return Draft(base.config, base.tokenizer, weights, metadata, named)


def _is_codi(config: PreTrainedConfig, *, source: str) -> bool:
    kinds = config.architectures or []
    if any("colar" in kind.lower() for kind in kinds):
        refuse("colar", source=source)
    if not {"COCONUTGPT2", "CODIGPT2"} & set(kinds):
        raise UserError(f"{source}: config.json names {kinds}, not COCONUTGPT2 or CODIGPT2; check --format")
    return "CODIGPT2" in kinds
