"""Where the command begins: help, which loads nothing; then one of the package's own subcommands, or Lightning's."""

import sys
from collections.abc import Sequence
from importlib import import_module

from lightning_latent import __version__
from lightning_latent.cli.help import COMMANDS, HELP, PRINT_COMPLETION

# Imported where they are asked for: torch and Lightning take seconds.
_INTERRUPTED = 130  # as `exits` has it, which is not there yet
OWN = {"compare": "compare", "sweep": "sweep", "import": "importing", "doctor": "doctor", "push": "push"}


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; see ``docs/cli.md`` for its exit codes.

    Args:
        args: The arguments; without, those of the command.
    """
    given = sys.argv[1:] if args is None else list(args)
    if given in (["-h"], ["--help"]):
        print(HELP, end="")
    elif given == ["--version"]:
        print(f"lightning_latent {__version__}")
    else:
        run(given, from_shell=args is None)


def run(given: Sequence[str], *, from_shell: bool) -> None:
    """Run a command that has work to do.

    Args:
        given: Its arguments.
        from_shell: Whether they are the process's own, by which Lightning may start the command again.
    """
    try:
        from lightning_latent.cli.exits import exit_codes
        from lightning_latent.cli.latent_cli import LatentCLI
        from lightning_latent.cli.quiet import quiet_start
        from lightning_latent.errors import UserError
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    with exit_codes():
        quiet_start()
        if not given:
            raise UserError(f"no command is given; there is {', '.join(COMMANDS)}; see --help")
        if given[0] in OWN:
            module = import_module(f"lightning_latent.cli.{OWN[given[0]]}")
            getattr(module, f"{given[0]}_command")(given[1:])
        elif given[0].partition("=")[0] == PRINT_COMPLETION:
            from lightning_latent.cli.completion import completion_script

            print(completion_script(" ".join(given).removeprefix(PRINT_COMPLETION).strip(" =")), end="")
        else:
            LatentCLI(None if from_shell else list(given))
