"""The distributions that are built of this checkout: whole, well described, and at work where nothing else of it is."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.commands import ROOT

pytestmark = pytest.mark.slow
FEW = {
    "data": {"init_args": {split: {"init_args": {"size": 32}} for split in ("train", "validation", "test")}},
    "trainer": {"max_epochs": 1, "check_val_every_n_epoch": 1, "accelerator": "cpu", "devices": 1},
}


def run(*command: object, cwd: Path | None = None, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**kept, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Source distribution and, built from it, wheel; of a copy, as building leaves files."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in ("lightning_latent", "configs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, copy)
    return sorted(out.iterdir())


def test_both_are_there_and_well_described(distributions: list[Path]) -> None:
    assert [file.suffix for file in distributions] == [".whl", ".gz"]
    said = run(sys.executable, "-m", "twine", "check", "--strict", *distributions)
    assert said.count("PASSED") == 2


def test_the_wheel_holds_the_package_and_the_configs_and_no_more(distributions: list[Path]) -> None:
    names = {name for name in zipfile.ZipFile(distributions[0]).namelist() if ".dist-info/" not in name}
    package = {file.relative_to(ROOT) for file in ROOT.glob("lightning_latent/**/*") if "__pycache__" not in file.parts}
    configs = {"lightning_latent" / file.relative_to(ROOT) for file in ROOT.glob("configs/**/*.yaml")}
    assert names == {str(file) for file in package | configs if file.suffix == ".yaml" or (ROOT / file).is_file()}


@pytest.fixture(scope="module")
def installed(distributions: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment of its own, which sees the packages that the tests run with, and no checkout."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    )
    run(*pip, distributions[0])
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Paths in a .pth are searched, but the .pth files there, such as that of an editable install, are not read.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return python


def test_the_quickstart_runs_where_there_is_nothing_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = run(installed, "-c", "import lightning_latent; print(lightning_latent.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parents[1])
    (tmp_path / "few.yaml").write_text(yaml.safe_dump(FEW))
    command, questions = installed.with_name("lightning-latent"), ("--config", "embedded:quickstart", "--config")
    said = run(command, "fit", *questions, "embedded:methods/map", "--config", "few.yaml", cwd=tmp_path)
    assert "of 32 questions right" in said
    methods = ("embedded:methods/coconut", "embedded:methods/map")
    table = run(command, "compare", *questions, "few.yaml", *methods, cwd=tmp_path, COLUMNS="120")
    assert "learned map" in table and (tmp_path / "runs" / "quickstart" / "comparison.json").is_file()
