"""Makes the site's pages out of what lies outside of docs/, and lets links between the two lead to them.

`mkdocs build` calls these functions; see https://www.mkdocs.org/user-guide/configuration/#hooks.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Files that become pages, by the page that each becomes."""
_LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and the other files of the repository that pages link to."""
    for outside, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / outside)))
    sources = {ROOT / "docs" / file.src_uri: file.src_uri for file in files if file.src_uri.endswith(".md")}
    sources |= {ROOT / outside: page for outside, page in PAGES.items()}
    for source in list(sources):
        if not source.is_file():
            continue
        for _, link, _ in _LINK.findall(source.read_text(encoding="utf-8")):
            target = _inside(source.parent, link)
            if target is None or target in PAGES or target.startswith("docs/") or not (ROOT / target).is_file():
                continue
            if files.get_file_from_path(target) is None:
                files.append(File.generated(config, target, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where their targets lie in the site."""
    outside = {name: source for source, name in PAGES.items()}.get(page.file.src_uri)
    folder = ROOT if outside else (ROOT / "docs" / page.file.src_uri).parent
    here = posixpath.dirname(page.file.src_uri)

    def moved(found: re.Match[str]) -> str:
        target = _inside(folder, found[2])
        if target is None:
            return found[0]
        within = PAGES.get(target) or target.removeprefix("docs/")
        return f"{found[1]}{posixpath.relpath(within, here or '.')}{found[3]}"

    return _LINK.sub(moved, markdown)


def _inside(folder: Path, link: str) -> str | None:
    """The path of a link's target within the repository; None for one that leads elsewhere."""
    target = (folder / link).resolve()
    return target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else None
