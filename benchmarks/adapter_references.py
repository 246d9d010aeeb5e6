"""What two references cost that are adapters on the reasoner's own model, in time and memory.

    python benchmarks/adapter_references.py [--base pip:smollm2] [--batch 32] [--rounds 3] [--threads 1]

The same questions are answered in three ways, each in a process of its own: plainly; refined by contrastive feedback
whose two references are adapters on the one model; and with references that are merged copies of it. The adapters have
random weights and a small scale. The table has the median of the processor's seconds for a batch, the most memory that
the process held, and the weights in it, each also relative to the plain way. The last two ways must say the same.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import lightning as L
import torch
from rich.console import Console
from rich.table import Table

from lightning_latent.callbacks import ContrastiveFeedback
from lightning_latent.data import BalancedProsQA, ProsQA
from lightning_latent.reasoner import LatentMetadata, LatentReasoner, load_reasoner
from lightning_latent.refinement import LatentRefinement
from lightning_latent.training import PretrainedBase
from lightning_latent.training.export import save_trained

WAYS = ("plain", "adapters", "copies")


def save_adapters(folder: Path, *, base: str, latents: int, rank: int) -> None:
    """Write `final`, `strong` and `weak` with random weights."""
    for seed, name in enumerate(("final", "strong", "weak")):
        torch.manual_seed(seed)
        built = PretrainedBase(path=base, lora_rank=rank).build()
        with torch.no_grad():
            for parameter in built.model.parameters():
                if parameter.requires_grad:
                    parameter += 0.01 * torch.randn_like(parameter)
        reasoner = LatentReasoner(built.model, built.tokenizer, LatentMetadata(num_latents=latents, end=None))
        save_trained(built, reasoner, folder / name, lora="adapter")


def measure(folder: Path, way: str, *, slot: Any, batch: int, rounds: int, new_tokens: int) -> dict[str, Any]:
    """Answer a batch in one way, some times after a smaller one that warms up."""
    module = LatentRefinement(reasoner=str(folder / "final"), benchmark=ProsQA(), max_new_tokens=new_tokens)
    if way == "copies":
        module.load = partial(load_reasoner)  # whatever loads in another way gives each reference a model of its own
    feedback = [] if way == "plain" else [ContrastiveFeedback(strong="beside:strong", weak="beside:weak", slot=slot)]
    module.trainer = L.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[*feedback])
    module.setup("test")
    module.configure_model()
    questions = BalancedProsQA(size=batch, split="evaluation", dead_ends=2, min_hops=3, max_hops=4)
    examples, seconds = list(questions), []
    with torch.no_grad():
        module.answer_once(examples[:2])
        for _ in range(rounds):
            started = time.process_time()
            answers = module.answer_once(examples)
            seconds.append(time.process_time() - started)
    return {
        "seconds": median(seconds),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "weights": sum(p.nbytes for r in models(module, feedback) for p in r.parameters()) / 2**20,
        "said": [answer.text for answer in answers],
    }


def models(module: LatentRefinement, feedback: list[ContrastiveFeedback]) -> list[torch.nn.Module]:
    """The models that are held, each once."""
    held = [module.reasoner.model, *(r.reasoner.model for c in feedback for r in c.references.values())]
    return list({id(model): model for model in held}.values())


def main() -> None:
    """Measure each way in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="pip:smollm2", help="model below the adapters")
    parser.add_argument("--batch", type=int, default=32, help="questions at a time")
    parser.add_argument("--rounds", type=int, default=3, help="times that they are answered")
    parser.add_argument("--latents", type=int, default=4, help="latents of a question")
    parser.add_argument("--rank", type=int, default=16, help="of the adapters")
    parser.add_argument("--new_tokens", type=int, default=24, help="most tokens of an answer")
    parser.add_argument("--slot", choices=("next", "same"), default="same", help="of the feedback")
    parser.add_argument("--threads", type=int, default=1, help="threads")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.way:
        counts = {"batch": given.batch, "rounds": given.rounds, "new_tokens": given.new_tokens}
        print(json.dumps(measure(given.folder, given.way, slot=given.slot, **counts)))
        return
    with tempfile.TemporaryDirectory() as folder:
        save_adapters(Path(folder), base=given.base, latents=given.latents, rank=given.rank)
        results = {}
        for way in WAYS:
            command = [sys.executable, __file__, *sys.argv[1:], "--way", way, "--folder", folder]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            results[way] = json.loads(said.splitlines()[-1])
    if results["adapters"].pop("said") != results["copies"].pop("said"):
        raise SystemExit("the references that are adapters lead to other answers than merged copies")
    table = Table(
        "way", "seconds", "MiB at most", "MiB of weights", title=f"a batch of {given.batch}, slot {given.slot}"
    )
    plain = results["plain"]
    for way, found in results.items():
        cells = [f"{found[key]:.4g} ({found[key] / plain[key]:.2f})" for key in ("seconds", "mib", "weights")]
        table.add_row(way, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
