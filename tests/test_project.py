"""The files that surround the package say of it what is so."""

import re
import tomllib
from datetime import date
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement

import lightning_latent
from tests.commands import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_is_whole_and_of_this_version():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= said.keys() and said["cff-version"] == "1.2.0"
    assert said["authors"] == [{"name": "The lightning_latent authors"}]
    assert (said["version"], said["license"]) == (lightning_latent.__version__, PROJECT["license"])
    (paper,) = said["references"]
    assert {"type", "title", "authors"} <= paper.keys() and paper["url"].endswith("2506.08552")
    assert all(author.keys() == {"given-names", "family-names"} for author in paper["authors"])


def test_the_changelog_keeps_to_its_form():
    """Versions newest first, each with a date but the unreleased one, and known headings below them."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert first == "[Unreleased]"
    dates = [date.fromisoformat(re.fullmatch(r"\[\d+\.\d+\.\d+\] - (.+)", line)[1]) for line in released]
    assert dates == sorted(dates, reverse=True)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Known limits"}
    assert set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE)) <= kinds
    assert released or lightning_latent.__version__ in text


def test_hooks_run_what_lint_runs_by_what_is_installed():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]  # nothing is fetched
    entries = {hook["id"]: hook["entry"] for hook in hooks[0]["hooks"]}
    assert all(hook["language"] == "system" for hook in hooks[0]["hooks"])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    linted = set(re.findall(r"\$\(PYTHON\) -m ((?:ruff \w+|mypy))", makefile.partition("\nlint:")[2]))
    assert {re.search(r"-m ((?:ruff \w+|mypy))", entry)[1] for entry in entries.values()} == linted


@pytest.mark.parametrize("tool", ["ruff", "mypy"])
def test_the_linters_are_those_of_pyproject(tool):
    wanted = {Requirement(line).name: Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]}
    try:
        found = version(tool)
    except ModuleNotFoundError:
        pytest.skip(f"{tool} is not installed: it is of the dev extra")
    assert wanted[tool].specifier.contains(found)
