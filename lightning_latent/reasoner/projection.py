"""What some reasoners put between a hidden state and the latent that it becomes."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lightning_latent.errors import UserError

FILE = "projection.safetensors"


class Projection(nn.Module):
    """`z = LayerNorm(W_2 gelu(W_1 h + b_1) + b_2)`: a hidden state `h` to a latent `z` (CODI, arXiv 2502.21074).

    Args:
        hidden_size: Width D of hidden states and latents.
        width: Width between the two layers.
        norm: Whether the norm comes last; without it, `W_2 gelu(W_1 h + b_1) + b_2`.
    """

    def __init__(self, *, hidden_size: int, width: int, norm: bool = True) -> None:
        super().__init__()
        self.up = nn.Linear(hidden_size, width)
        self.down = nn.Linear(width, hidden_size)
        self.norm: nn.Module = nn.LayerNorm(hidden_size) if norm else nn.Identity()

    def forward(self, hidden: Tensor) -> Tensor:
        """Hidden states `[..., D]` to latents `[..., D]`, in the weights' own precision."""
        return self.norm(self.down(nn.functional.gelu(self.up(hidden.to(self.up.weight.dtype)))))


def save_projection(projection: Projection, directory: str | Path) -> None:
    """Write the weights beside a model's."""
    state = {name: value.detach().cpu().contiguous() for name, value in projection.state_dict().items()}
    save_file(state, Path(directory) / FILE)


def load_projection(file: Path, *, hidden_size: int, dtype: torch.dtype) -> Projection:
    """Read the weights of a model of width D; its other sizes follow from theirs.

    Raises:
        UserError: They cannot be read, or belong to another model.
    """
    try:
        state = load_file(file)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot read {file}: {error}; import or save the reasoner again") from error
    return build_projection(state, hidden_size=hidden_size, what=str(file)).to(dtype)


def build_projection(state: dict[str, Tensor], *, hidden_size: int, what: str) -> Projection:
    """Make a projection of `up`, `down` and, where it is there, `norm`; a `UserError` names `what` they are from."""
    width = len(state["up.weight"]) if "up.weight" in state else 0
    with torch.device("meta"):
        projection = Projection(hidden_size=hidden_size, width=width, norm="norm.weight" in state)
    shapes = {name: tuple(value.shape) for name, value in projection.state_dict().items()}
    for name in sorted(shapes.keys() | state.keys()):
        found = tuple(state[name].shape) if name in state else None
        if found != shapes.get(name):
            raise UserError(
                f"{what}: the projection's {name} is {found or 'missing'}, where a hidden size of {hidden_size} takes "
                f"{shapes.get(name) or 'none'}; use the projection of this model"
            )
    projection.load_state_dict(state, assign=True)
    return projection
