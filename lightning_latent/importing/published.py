"""Public checkpoints that can be imported, with what was read about them; none of it was measured here."""

from typing import NamedTuple

from lightning_latent.importing.importer import Format

GPT2 = "openai-community/gpt2"
LLAMA_1B = "meta-llama/Llama-3.2-1B-Instruct"
SIMCOT = "SIM-CoT's README"


class Published(NamedTuple):
    """A public checkpoint. What is not known is None."""

    hub: str
    benchmark: str
    format: Format
    base: str | None  # None where the checkpoint brings its own
    num_latents: int
    file: str | None = None  # where it has no usual name
    lora_alpha: int | None = None
    accuracy: float | None = None  # %, as published
    source: str | None = None  # of the accuracy
    licence: str | None = None

    @property
    def name(self) -> str:
        """A name for its directory."""
        below = "" if self.file is None or "/" not in self.file else f"-{self.file.partition('/')[0]}"
        return self.hub.rpartition("/")[2].lower() + below


def _simcot(size: str, base: str, accuracy: float, *, note: str = "", licence: str | None = "MIT") -> Published:
    return Published(
        f"internlm/SIM_COT-{size}",
        "GSM8K",
        "simcot",
        base,
        num_latents=6,
        lora_alpha=32,
        accuracy=accuracy,
        source=SIMCOT + note,
        licence=licence,
    )


def _curriculum(folder: str, accuracy: float) -> Published:
    return Published(
        "bmarti44/coconut-curriculum-checkpoints",
        "ProsQA",
        "coconut",
        GPT2,
        num_latents=6,
        file=f"{folder}/checkpoint_best",
        accuracy=accuracy,
        source="its page",
    )


PUBLISHED = (
    Published(
        "internlm/SIM_COT-GPT2-Coconut",
        "GSM8K",
        "simcot",
        GPT2,
        num_latents=10,
        file="checkpoint_28",
        accuracy=44.8,
        source=SIMCOT,
        licence="MIT",
    ),
    _simcot("GPT2-CODI", GPT2, 42.6),
    _simcot("LLaMA3-CODI-1B", LLAMA_1B, 56.1, licence=None),
    _simcot("LLaMA3-CODI-3B", "meta-llama/Llama-3.2-3B-Instruct", 62.3),
    _simcot(
        "LLaMA3-CODI-8B",
        "meta-llama/Llama-3.1-8B-Instruct",
        64.1,
        note="; a user measured 34.27 (InternLM/SIM-CoT#15)",
    ),
    Published(
        "zen-E/CODI-gpt2", "GSM8K", "codi", GPT2, num_latents=6, lora_alpha=32, accuracy=43.7, source="arXiv 2502.21074"
    ),
    Published("zen-E/CODI-llama3.2-1b-Instruct", "GSM8K", "codi", LLAMA_1B, num_latents=6, lora_alpha=32),
    Published("ModalityDance/latent-tts-coconut", "GSM8K", "latenttts", None, num_latents=6),
    Published("ModalityDance/latent-tts-codi", "GSM8K", "latenttts", None, num_latents=6),
    Published("Esther22/coconut_Reproduction", "GSM8K", "coconut", GPT2, num_latents=6),
    _curriculum("coconut", 97.0),
    _curriculum("pause-curriculum", 96.6),
    _curriculum("pause-multipass", 94.8),
)


def arguments(it: Published) -> list[str]:
    """What comes after `python train.py` to import it.

    >>> arguments(PUBLISHED[0])[:5]
    ['import', '--format', 'simcot', '--checkpoint', 'internlm/SIM_COT-GPT2-Coconut']
    """
    options = {
        "format": it.format,
        "checkpoint": it.hub,
        "file": it.file,
        "base": it.base,
        "num_latents": it.num_latents,
        "lora_alpha": it.lora_alpha,
        "out": f"reasoners/{it.name}",
    }
    return [
        "import",
        *(part for key, value in options.items() if value is not None for part in (f"--{key}", str(value))),
    ]


def listing() -> str:
    """The table as text: what each is, and its command."""
    lines = []
    for it in PUBLISHED:
        accuracy = "accuracy not known" if it.accuracy is None else f"{it.accuracy} % ({it.source})"
        licence = it.licence or "licence not known"
        about = [it.benchmark, it.base or "its own base", f"{it.num_latents} latents", accuracy, licence]
        lines += [it.hub, "    " + ", ".join(about), "    python train.py " + " ".join(arguments(it)), ""]
    return "\n".join(lines)


def markdown() -> str:
    """The same for `docs/checkpoints.md`: a table, and the commands."""
    head = ["checkpoint", "benchmark", "format", "base", "latents", "accuracy, %", "source", "licence"]
    cells = [
        [
            it.hub if it.file is None else f"{it.hub}, {it.file}",
            it.benchmark,
            it.format,
            it.base or "its own",
            str(it.num_latents),
            "" if it.accuracy is None else str(it.accuracy),
            it.source or "",
            it.licence or "",
        ]
        for it in PUBLISHED
    ]
    rows = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *cells)]
    return "\n".join([*rows, "", *(f"    python train.py {' '.join(arguments(it))}" for it in PUBLISHED)]) + "\n"
