"""The documentation builds as a site without a warning, and no link within it is broken."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.commands import ROOT

pytest.importorskip("mkdocs", reason="the site's packages are not installed: they are of the docs extra")
pytest.importorskip("mkdocstrings")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def broken(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:|//", link):
        return False  # elsewhere; tests use no network
    path, _, anchor = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return True
    return bool(anchor) and target.suffix == ".html" and f'id="{unquote(anchor)}"' not in target.read_text()


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]
    links = {(page, link) for page in pages for link in re.findall(r'(?:href|src)="([^"]+)"', page.read_text())}
    assert len(links) > 500
    assert [(str(page.relative_to(site)), link) for page, link in sorted(links) if broken(page, link)] == []


def test_public_names_are_described(site: Path) -> None:
    for name in ("reasoner.load_reasoner", "refinement.LatentRefinement", "testing.check_benchmark", "data.ProsQA"):
        folder = name.partition(".")[0]
        assert f'id="lightning_latent.{name}"' in (site / "api" / f"{folder}.html").read_text(), name


def test_the_readme_is_the_first_page(site: Path) -> None:
    assert 'href="add_a_benchmark.html"' in (site / "index.html").read_text()
