"""CODI's checkpoints (zhenyi4/codi): adapters beside their base, and a projection from hidden state to latent."""

from lightning_latent.errors import UserError
from lightning_latent.importing.draft import Base, Draft, complete, count_rows, left_over, skeleton, table_names
from lightning_latent.importing.frozen import check_frozen
from lightning_latent.importing.lora import BELOW, has_adapters, merged
from lightning_latent.importing.reading import State
from lightning_latent.importing.state import split
from lightning_latent.reasoner.markers import LatentMetadata

ANSWER = "The answer is: "
_MODEL, _ADAPTED, _PROJECTION = "codi.", "base_model.model.", "prj."
_AUXILIARY = ("decoder.", "pj_in.", "pj_out.")


def read_codi(
    state: State,
    base: Base,
    *,
    source: str,
    num_latents: int | None,
    lora_alpha: float | None,
    remove_eos: bool = True,
) -> Draft:
    """A state dict of `codi.*` and, with a projection, `prj.*`. With V rows of the base, V + 1 and V + 2 mark thoughts.

    Args:
        state: The state dict, without wrappers' names.
        base: What it was trained from.
        source: Where it is from, for messages.
        num_latents: Latents at inference, which the file does not say.
        lora_alpha: Scale of the adapters, which the file does not say.
        remove_eos: Whether no end of sequence stands before and after the thoughts, as in all published checkpoints.

    Raises:
        UserError: It is no such checkpoint, or not one of this base, or what the file does not say is missing.
    """
    body, others = split(state, _MODEL)
    projection, others = split(others, _PROJECTION)
    for name in sorted(others):
        hint = "; a checkpoint of SIM-CoT? use --format simcot" if name.startswith(_AUXILIARY) else ""
        left_over(name, source=source, kind=f"checkpoint of CODI{hint}")
    adapted, plain = split(body, _ADAPTED)
    body = {**plain, **adapted}
    rows, known = count_rows({n.replace(BELOW, "."): v for n, v in body.items()}, base, source=source), base.rows
    if rows != known + 3:
        raise UserError(
            f"{source} has {rows} rows of embeddings; a checkpoint of {base.path} has {known + 3}; check --base"
        )
    if num_latents is None:
        raise UserError(f"{source} does not say how many latents it thinks; give --num_latents (6 where published)")
    model = skeleton(base.config, rows=rows)
    if has_adapters(body):
        if lora_alpha is None:
            raise UserError(f"{source} does not say the scale of its adapters; give --lora_alpha (32 where published)")
        check_frozen(body, base, tables=table_names(model), source=source)
        body = merged(body, model, alpha=lora_alpha, source=source)
    elif lora_alpha is not None:
        raise UserError(f"{source} has no adapters that --lora_alpha could scale; leave it out")
    metadata = LatentMetadata(
        num_latents,
        start=known + 1,
        end=known + 2,
        latent=known,  # the padding's, which nothing reads
        question_end="",
        tidy_question=True,
        eos_outside=not remove_eos,
        answer_start=ANSWER,
        sayable=known + 2,
        projection=bool(projection),
    )
    state = complete(body, model, source=source)
    named = named_projection(projection, norm="ln", source=source)
    return Draft(base.config, base.tokenizer, state, metadata, named)


def named_projection(layers: State, *, norm: str, source: str) -> State | None:
    """The layers of a projection, in the original code a sequence of modules, by our names; None where there are none.

    `norm` is the name of the norm in the sequence. A `UserError` where there is a layer of another name.
    """
    names = {"1": "up", "3": "down", norm: "norm"}
    named: State = {}
    for name, value in layers.items():
        layer, _, kind = name.partition(".")
        if layer not in names:
            left_over(name, source=source, kind="projection")
        named[f"{names[layer]}.{kind}"] = value
    return named or None
