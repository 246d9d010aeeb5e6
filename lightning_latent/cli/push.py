"""`push`: a trained reasoner, or what a run has learned, to the hub."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi, get_token, is_offline_mode
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from lightning_latent.cli.checkpoint import check_content, read_content
from lightning_latent.cli.command_parser import CommandParser
from lightning_latent.errors import UserError
from lightning_latent.io import write_text
from lightning_latent.model_card import CARD, CONFIG, refinement_card
from lightning_latent.reasoner.checks import reason_of
from lightning_latent.refinement.exchange import LEARNED, save_learned

# Weights without code, configuration, tokenizer, card.
_OF_A_REASONER = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", CARD)


def parser() -> CommandParser:
    """The command's arguments."""
    made = CommandParser(
        "push",
        description="Upload a trained reasoner (weights as safetensors, tokenizer, model card), or what fit learned "
        "in a run (safetensors, config, card), to a repository of the Hugging Face hub; it is made if there is none. "
        "The hub's id is then taken wherever a reasoner's folder or --ckpt_path is.",
    )
    made.add_argument("folder", metavar="DIR", help="the folder of a reasoner, or of a run that fit has made")
    made.add_argument("repo_id", metavar="REPO_ID", help="the repository, as in owner/name")
    made.add_argument("--private", action="store_true", help="make the repository private, where it is made")
    return made


def push_command(args: Sequence[str]) -> str:
    """Run the command, and give the address of what was uploaded.

    Raises:
        UserError: There is nothing to upload, or the hub does not take it; the message says why.
    """
    given = parser().parse_args(list(args))
    folder = Path(given.folder)
    check_reachable()
    with TemporaryDirectory() as staged:
        flag = stage(folder, Path(staged))
        url = upload(Path(staged), given.repo_id, private=given.private)
    print(f"{folder} is at {url}; take it from there by {flag} {given.repo_id}", flush=True)
    return url


def check_reachable() -> None:
    """Refuse, by a `UserError`, to begin offline or without a token."""
    if is_offline_mode():
        raise UserError("push needs the hub, and HF_HUB_OFFLINE is set; unset it")
    if get_token() is None:
        raise UserError("push needs a token of the hub; log in by `hf auth login`, or set HF_TOKEN")


def stage(folder: Path, target: Path) -> str:
    """Put what is to be uploaded into an empty folder, and give the flag that takes it.

    Raises:
        UserError: The folder is neither a reasoner's nor that of a run which has learned something.
    """
    checkpoint = folder / "checkpoints" / "last.ckpt"
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        for file in sorted({file for pattern in _OF_A_REASONER for file in folder.glob(pattern)}):
            shutil.copy(file, target / file.name)
        return "--model.reasoner"
    if not checkpoint.is_file():
        raise UserError(
            f"{folder}: neither a reasoner (config.json and *.safetensors) nor a run that has learned something "
            "(checkpoints/last.ckpt); name such a folder"
        )
    content = read_content(str(checkpoint))
    check_content(content, path=str(checkpoint), going_on=False)
    save_learned(content, target / LEARNED)
    write_text(target / CARD, refinement_card(folder))
    if (folder / CONFIG).is_file():
        shutil.copy(folder / CONFIG, target / CONFIG)
    return "--ckpt_path"


def upload(folder: Path, repo_id: str, *, private: bool) -> str:
    """Upload a folder to a repository, which is made if there is none, and give its address.

    Raises:
        UserError: The hub cannot be reached, or does not take it.
    """
    api = HfApi()
    try:
        url = api.create_repo(repo_id, private=private or None, exist_ok=True)
        api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message="Upload by lightning_latent")
    except HFValidationError as error:
        raise UserError(f"{repo_id}: no name of a repository ({reason_of(error)}); give it as owner/name") from None
    except HfHubHTTPError as error:
        status = "" if error.response is None else f"{error.response.status_code}: "
        why = error.server_message or reason_of(error)
        raise UserError(f"{repo_id}: the hub refuses it ({status}{why}); check name and token") from None
    except Exception as error:  # of the HTTP client, whose kinds are not the hub's
        raise UserError(f"{repo_id}: the hub cannot be reached ({reason_of(error)}); try again") from error
    return str(url)
