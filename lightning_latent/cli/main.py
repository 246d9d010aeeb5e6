"""Where the command begins: one of the package's own subcommands, or one of Lightning's."""

import sys
from collections.abc import Callable, Sequence

from lightning_latent.cli.compare import compare_command
from lightning_latent.cli.doctor import doctor_command
from lightning_latent.cli.exits import exit_codes
from lightning_latent.cli.importing import import_command
from lightning_latent.cli.latent_cli import LatentCLI, quiet_start
from lightning_latent.cli.push import push_command
from lightning_latent.cli.sweep import sweep_command

OWN: dict[str, Callable[[Sequence[str]], object]] = {
    "compare": compare_command,
    "sweep": sweep_command,
    "import": import_command,
    "doctor": doctor_command,
    "push": push_command,
}


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; see ``docs/cli.md`` for its exit codes.

    Args:
        args: The arguments; without, those of the command.
    """
    given = sys.argv[1:] if args is None else list(args)
    with exit_codes():
        quiet_start()
        command = OWN.get(given[0]) if given else None
        if command is not None:
            command(given[1:])
        else:
            next_step = LatentCLI(None if args is None else given).next_step()
            if next_step is not None:
                print(next_step, flush=True)
