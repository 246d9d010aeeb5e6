"""Whether a refinement's checkpoint belongs to this run's models."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from torch import Tensor
from typing_extensions import TypedDict

from lightning_latent.errors import UserError
from lightning_latent.reasoner.identity import Identity

KEY = "latent_refinement"


class _Packed(TypedDict):
    identities: dict[str, Identity]


_SCHEMA: TypeAdapter[_Packed] = TypeAdapter(_Packed)


def pack(identities: Mapping[str, Identity]) -> dict[str, Any]:
    """What a checkpoint says beside the learned numbers: role to identity of the models that they were learned with."""
    return {"identities": {role: dict(identity) for role, identity in identities.items()}}


def check_checkpoint(checkpoint: Mapping[str, Any], *, identities: Mapping[str, Identity]) -> None:
    """Refuse, by a `UserError`, a checkpoint of another kind, or of other weights in a role that this run fills too."""
    try:
        _SCHEMA.validate_python(checkpoint.get(KEY), strict=True)
    except ValidationError as error:
        place = ".".join(map(str, (KEY, *error.errors(include_url=False, include_input=False)[0]["loc"])))
        raise UserError(
            f"the checkpoint of --ckpt_path is not one of LatentRefinement; give one that fit wrote (see {place})"
        ) from None
    for role, then in checkpoint[KEY]["identities"].items():
        now = identities.get(role)
        if now is not None and now["sha256"] != then["sha256"]:
            raise UserError(
                f"the checkpoint was fitted for other weights: its {role} is {then['path']!r} ({then['sha256'][:12]}), "
                f"this run's {now['path']!r} ({now['sha256'][:12]}); use the same model"
            )


def check_shapes(stored: Mapping[str, Tensor], mine: Mapping[str, Tensor]) -> None:
    """Refuse, by a `UserError`, a state in which a shape differs from mine, or something is missing or left over."""
    for name in sorted(stored.keys() | mine.keys()):
        if name in stored and not (isinstance(stored[name], Tensor) and bool(stored[name].isfinite().all())):
            raise UserError(f"the checkpoint's {name} is no tensor of finite numbers; give one that fit wrote")
        then, now = (tuple(state[name].shape) if name in state else None for state in (stored, mine))
        if then != now:
            raise UserError(
                f"the checkpoint's {name} is {then or 'missing'}, this run's {now or 'missing'}; set model.learn and "
                "model.num_latents as they were fitted"
            )
