"""Where the command begins: one of the package's own subcommands, or one of Lightning's."""

import sys
from collections.abc import Sequence

from lightning_latent.cli.compare import compare_command
from lightning_latent.cli.doctor import doctor_command
from lightning_latent.cli.exits import exit_codes
from lightning_latent.cli.importing import import_command
from lightning_latent.cli.latent_cli import LatentCLI, quiet_start
from lightning_latent.cli.sweep import sweep_command


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; see ``docs/cli.md`` for its exit codes.

    Args:
        args: The arguments; without, those of the command.
    """
    given = sys.argv[1:] if args is None else list(args)
    with exit_codes():
        quiet_start()
        if given[:1] == ["compare"]:
            compare_command(given[1:])
        elif given[:1] == ["sweep"]:
            sweep_command(given[1:])
        elif given[:1] == ["import"]:
            import_command(given[1:])
        elif given[:1] == ["doctor"]:
            doctor_command(given[1:])
        else:
            next_step = LatentCLI(None if args is None else given).next_step()
            if next_step is not None:
                print(next_step, flush=True)
