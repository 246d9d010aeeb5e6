"""Model cards: what trained numbers are, what they came from, how far they were checked, and what was not.

A card is the `README.md` of a folder, in the form of the hub: a few keys for machines, then Markdown for people.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard, ModelCardData

from lightning_latent import __version__
from lightning_latent.data.benchmark import Benchmark
from lightning_latent.doctor.verdict import headline
from lightning_latent.errors import UserError
from lightning_latent.evaluation.paired import accuracy_ci
from lightning_latent.evaluation.run import RUN, read_about
from lightning_latent.io import write_text
from lightning_latent.reasoner.reasoner import LatentReasoner

CARD = "README.md"
CONFIG = "config.yaml"
DEPENDENCE = "## Whether its answers depend on its latents"
_SPLITS = ("train", "validation")
_UNKNOWN = "The run left no config: it was started in Python, by objects.\n"


def reasoner_card(
    reasoner: LatentReasoner,
    *,
    name: str,
    benchmark: Benchmark,
    trained: str,
    checked: tuple[int, int] | None,
    run: Path,
) -> str:
    """The card of a reasoner that was trained here.

    Args:
        reasoner: The reasoner.
        name: What it is called: `weak`, `strong`, `final`.
        benchmark: The benchmark that it was trained on.
        trained: How far, in words.
        checked: Right answers and all questions of a validation in this very state, if there was one.
        run: The folder of the run, whose `config.yaml` is the recipe.
    """
    model, said = reasoner.model, reasoner.metadata
    recipe = read_recipe(run)
    plural = "" if said.num_latents == 1 else "s"
    thinks = f"{said.num_latents} latent{plural} ({said.thought})" if said.num_latents else "in words alone"
    facts = {
        "architecture": f"{type(model).__name__}, {model.num_parameters():,} parameters, {model.dtype}",
        "thinks": thinks,
        "benchmark": benchmark.name,
        "trained": trained,
        "by": f"lightning_latent {__version__}",
    }
    use = 'from lightning_latent.reasoner import load_reasoner\n\nreasoner = load_reasoner("path/to/this/folder")'
    parts = [
        f"# A latent reasoner for {benchmark.name}: {name}",
        _facts(facts),
        f"```python\n{use}\n```",
        f"## Data\n\n{_data(recipe)}",
        f"## Accuracy\n\n{_accuracy(checked, what='it')}",
        f"{DEPENDENCE}\n\nNot examined. Ask the doctor: `lightning-latent doctor --config ... --model.reasoner ...`\n",
        _not_checked(recipe),
        f"## Recipe\n\n{_recipe(recipe)}",
    ]
    base = _find(recipe, "model", "base", "path")
    return _card(parts, base=None if base is None or Path(base).exists() or ":" in base else base)


def refinement_card(run: Path) -> str:
    """The card of what `fit` learned about a frozen reasoner, read from the files of its run.

    Raises:
        UserError: A file of the run cannot be read.
    """
    recipe, answers = read_recipe(run), run / "validate" / RUN
    about = read_about(answers) if answers.is_file() else {}
    models = about.get("models", {})
    kind = _find(recipe, "model", "learn", "class_path") or "what model.learn says"
    facts = {
        "method": about.get("method") or _find(recipe, "model", "method") or kind,
        "learned": f"{kind}, with the reasoner's weights frozen",
        **{role: f"{it['path']}, weights {it['sha256'][:12]}" for role, it in models.items()},
        "benchmark": about.get("benchmark") or _find(recipe, "data", "benchmark", "class_path"),
        "by": f"lightning_latent {__version__}",
    }
    use = "lightning-latent test --config config.yaml --ckpt_path PATH_OR_HUB_ID"
    checked = (about["correct"], about["n"]) if {"correct", "n"} <= about.keys() else None
    parts = [
        f"# Learned about a frozen latent reasoner: {facts['method']}",
        _facts(facts),
        f"It holds what was learned and no language model; it is of use with the weights above alone:\n\n    {use}\n",
        f"## Data\n\n{_data(recipe)}",
        f"## Accuracy\n\n{_accuracy(checked, what='the reasoner with it')}",
        "Whether that is more than without it, a test of both on other questions says: `lightning-latent compare`.\n",
        _not_checked(recipe),
        f"## Recipe\n\n{_recipe(recipe)}",
    ]
    return _card(parts, base=None)


def write_refinement_card(run: Path) -> None:
    """Write the card of what a run's `fit` learned beside its checkpoints, where there are any."""
    if (run / "checkpoints").is_dir():
        write_text(run / "checkpoints" / CARD, refinement_card(run))


def add_verdict(folder: str | Path, report: Mapping[str, Any]) -> bool:
    """Put the doctor's verdict into the card of a folder, and say whether there is one of this package.

    Args:
        folder: The reasoner's.
        report: The content of `doctor.json`.
    """
    card = Path(folder) / CARD
    if not card.is_file() or DEPENDENCE not in (text := card.read_text(encoding="utf-8")):
        return False
    asked = f"The doctor of lightning_latent {__version__} asked {report['n']:,} {report['split']} questions."
    reasons = "".join(f"- {reason}\n" for reason in report["verdict"]["reasons"])
    section = f"{DEPENDENCE}\n\n**{headline(report)}** {asked}\n\n{reasons}\n"  # ends by a blank line
    before, _, rest = text.partition(DEPENDENCE)
    after = re.search(r"^## ", rest, flags=re.MULTILINE)
    write_text(card, before + section + (rest[after.start() :] if after else ""))
    return True


def read_recipe(run: Path) -> dict[str, Any]:
    """The config of a run; empty where it left none."""
    file = run / CONFIG
    if not file.is_file():
        return {}
    try:
        recipe = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read ({' '.join(str(error).split())}); restore it, or remove it") from None
    return recipe if isinstance(recipe, dict) else {}


def _card(parts: Sequence[str], *, base: str | None) -> str:
    keys = ModelCardData(library_name="lightning_latent", tags=["latent-reasoning", "coconut"], base_model=base)
    text = "\n\n".join(part.strip("\n") for part in parts)
    return str(ModelCard(f"---\n{keys.to_yaml()}\n---\n\n{text}\n"))


def _facts(facts: Mapping[str, object]) -> str:
    return "| | |\n|---|---|\n" + "".join(f"| {key} | {value} |\n" for key, value in facts.items())


def _accuracy(checked: tuple[int, int] | None, *, what: str) -> str:
    if checked is None or not checked[1]:
        return "No validation question was answered in this state.\n"
    low, high = accuracy_ci(*checked)
    share = f"{100 * checked[0] / checked[1]:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return f"Of {checked[1]:,} validation questions {what} answers {share} right (95 % interval of Wilson).\n"


def _data(recipe: Mapping[str, Any]) -> str:
    options = recipe.get("data", {}).get("init_args", {})
    given = {split: options[split] for split in _SPLITS if options.get(split) is not None}
    return f"```yaml\n{yaml.safe_dump(given, sort_keys=False)}```\n" if given else _UNKNOWN


def _recipe(recipe: Mapping[str, Any]) -> str:
    shown = {key: recipe[key] for key in ("seed_everything", "model", "data", "trainer") if key in recipe}
    text = yaml.safe_dump(shown, sort_keys=False)
    return f"<details><summary>config.yaml</summary>\n\n```yaml\n{text}```\n\n</details>\n" if shown else _UNKNOWN


def _not_checked(recipe: Mapping[str, Any]) -> str:
    lines = ["questions of another kind or size than those above", "other seeds of the training"]
    if not recipe.get("data", {}).get("init_args", {}).get("deduplicate"):
        lines.append("whether training and validation share questions (`data.deduplicate` was off)")
    return "## Not checked\n\n" + "".join(f"- {line}\n" for line in lines)


def _find(recipe: Mapping[str, Any], *keys: str) -> Any:
    """What stands in a config below keys, `init_args` left out; None where there is nothing."""
    found: Any = recipe
    for key in keys:
        if isinstance(found, Mapping) and key not in found:
            found = found.get("init_args")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
