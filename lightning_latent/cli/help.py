"""What `--help` says; kept apart from all that takes seconds to load."""

PRINT_COMPLETION = "--print_completion"

COMMANDS = {
    "fit": "learn what all questions share, or train a latent reasoner",
    "validate": "answer the validation questions",
    "test": "answer the test questions",
    "predict": "answer the questions of data.predict",
    "compare": "put finished runs into one table",
    "sweep": "answer the validation questions with a grid of settings, and choose",
    "import": "turn a published checkpoint into a directory that everything here loads",
    "doctor": "examine whether a reasoner's answers depend on its latents",
    "push": "upload a trained reasoner, or what fit learned, to the hub",
}

DESCRIPTION = """Refine the latent thoughts of a frozen language model, with PyTorch Lightning, and see question by
question whether it helps. Documentation: docs/cli.md."""

_LIST = "\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())

HELP = f"""usage: python train.py COMMAND [--config FILE ...] [--key value ...]

{DESCRIPTION}

commands:
{_LIST}

options:
  -h, --help                 this text; of a command: python train.py COMMAND --help
  --version                  the version
  {PRINT_COMPLETION} SHELL   a script that completes lightning-latent's words in bash, zsh, fish, ...

Begin with:  python train.py test --config configs/quickstart.yaml
"""
