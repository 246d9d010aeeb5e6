"""`import`: a published checkpoint of another repository as a directory that everything here loads."""

import argparse
from collections.abc import Sequence
from typing import Any

from lightning_latent.bounds import NonNegativeInt, PositiveFloat, argument
from lightning_latent.cli.closing import command, sentence
from lightning_latent.cli.command_parser import CommandParser
from lightning_latent.importing import import_reasoner
from lightning_latent.importing.published import listing
from lightning_latent.reasoner.reasoner import LatentReasoner


def parser() -> CommandParser:
    """The command's arguments; but for `--list` those of `import_reasoner`."""
    made = CommandParser(
        "import",
        description="Turn a checkpoint of another repository into a directory that everything here loads. Nothing in "
        "the checkpoint is run. See docs/checkpoints.md.",
    )
    made.add_argument("--list", action="store_true", help="print the public checkpoints, with their commands")
    made.add_argument("--format", metavar="FORMAT", help="coconut, simcot, codi or latenttts")
    made.add_argument("--checkpoint", metavar="PATH", help="a file, or a directory or hub id with one")
    made.add_argument("--base", metavar="PATH", help="directory or hub id of the model that it was trained from")
    made.add_argument("--num_latents", type=argument(NonNegativeInt), metavar="T", help="latents at inference")
    made.add_argument("--out", metavar="DIR", help="the directory to write")
    made.add_argument("--file", metavar="NAME", help="the file in the directory or hub id, where its name is unusual")
    made.add_argument("--revision", metavar="NAME", help="commit, tag or branch of a hub id")
    made.add_argument(
        "--thought", choices=("hidden", "pause"), help="what a Coconut feeds; by default what the file shows"
    )
    made.add_argument(
        "--lora_alpha",
        type=argument(PositiveFloat),
        metavar="ALPHA",
        help="scale of CODI's adapters; 32 where published",
    )
    made.add_argument(
        "--remove_eos",
        type=_flag,
        metavar="true|false",
        help="CODI's option of that name; true if not given, as in all published checkpoints",
    )
    return made


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def import_command(args: Sequence[str]) -> LatentReasoner | None:
    """Run the command, and give the reasoner; None for `--list`."""
    made = parser()
    given: dict[str, Any] = vars(made.parse_args(list(args)))
    if given.pop("list"):
        print(listing(), end="", flush=True)
        return None
    for name in ("format", "checkpoint", "out"):
        if given[name] is None:
            made.error(f"--{name} is missing")
    reasoner = import_reasoner(given.pop("checkpoint"), **given)
    said = f"{given['out']} holds {describe(reasoner)}"
    examined = command("doctor", "--config", "configs/quickstart.yaml", "--model.reasoner", given["out"])
    print(sentence(said, f"next, with the config of your questions: {examined}"), flush=True)
    return reasoner


def describe(reasoner: LatentReasoner) -> str:
    """What was imported, in words that show what was taken for granted."""
    said = reasoner.metadata
    kind = type(reasoner.model).__name__
    if not said.markers:
        return f"a {kind} that thinks in words"
    fed = "an embedding that pauses" if said.thought == "pause" else "its hidden state"
    fed += ", projected" if said.projection else ""
    outside = ", ends of sequence around them" if said.eos_outside else ""
    return f"a {kind} that thinks {said.num_latents} latents ({fed}{outside})"
