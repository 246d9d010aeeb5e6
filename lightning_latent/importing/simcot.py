"""SIM-CoT's checkpoints (InternLM/SIM-CoT): Coconut's or CODI's, beside a model that takes no part in answers."""

from lightning_latent.errors import UserError
from lightning_latent.importing.coconut import WRAPPER, read_coconut
from lightning_latent.importing.codi import read_codi
from lightning_latent.importing.draft import Base, Draft
from lightning_latent.importing.reading import State
from lightning_latent.importing.state import without


def read_simcot(
    state: State,
    base: Base,
    *,
    source: str,
    num_latents: int | None,
    lora_alpha: float | None,
    remove_eos: bool = True,
) -> Draft:
    """Leave the auxiliary model out, and read what remains as `read_coconut` or `read_codi`, whose arguments these are.

    Raises:
        UserError: It is neither, or what remains cannot be read.
    """
    if any(name.startswith(WRAPPER) for name in state):
        if lora_alpha is not None:
            raise UserError(f"{source} has no adapters that --lora_alpha could scale; leave it out")
        body = without(state, "expainable_llm.")
        return read_coconut(body, base, source=source, num_latents=num_latents)
    if any(name.startswith("codi.") for name in state):
        body = without(state, "decoder.", "pj_in.", "pj_out.")
        return read_codi(
            body, base, source=source, num_latents=num_latents, lora_alpha=lora_alpha, remove_eos=remove_eos
        )
    raise UserError(f"{source} has neither {WRAPPER}* nor codi.*: it is no checkpoint of SIM-CoT; check --format")
