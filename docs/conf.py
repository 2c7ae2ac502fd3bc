"""How Sphinx makes a site of this folder: `make docs`. The pages are Markdown, and read in the repository as well."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from migrator import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "migrator"
release = version = __version__
author = copyright = "the maintainers of migrator"  # noqa: A001 - what Sphinx calls it
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["conf.py", "generate.py", "make_example.py"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
html_theme = "furo"
html_title = f"migrator {release}"
html_copy_source = html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
html_static_path: list[str] = []
nitpicky = True

_OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)(#[^)]*)?\)")
_PAGE = re.compile(r"^- \[[^\]]+\]\(([\w-]+)\.md[^)]*\)", re.MULTILINE)


def _contents(_: Sphinx, name: str, source: list[str]) -> None:
    """The pages that the index lists, under each of its headings, become the navigation: they are listed once."""
    if name == root_doc:
        parts = re.split(r"^(## .+)$", source[0], flags=re.MULTILINE)
        made = [parts[0]]
        for heading, text in zip(parts[1::2], parts[2::2], strict=True):
            pages = dict.fromkeys(_PAGE.findall(text))
            caption = heading.removeprefix("## ")
            tree = "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"])
            made += [heading, text, f"\n{tree}\n" if pages else ""]
        source[0] = "".join(made)
    # What lies outside this folder is read in the repository; a site has no address of it.
    source[0] = _OUTSIDE.sub(r" (`\1`)", re.sub(r"\[([^\]]+)(?=\]\(\.\./)", r"\1", source[0]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _contents)
    return {"parallel_read_safe": True}
