"""The pages as a site: `python -m tests.docs.site stage` lays them out, `check` follows the links of what was built.

The checkout's own layout is kept, so that the links between pages work in both; what pages link to besides comes along.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.docs.pages import CHECKOUT, LINK, pages

STAGED = CHECKOUT / ".cache" / "docs" / "pages"
SITE = CHECKOUT / ".cache" / "docs" / "site"


def stage(to: Path = STAGED) -> None:
    """Copies every page, and every file of the checkout that one links to; the README is the first page."""
    shutil.rmtree(to, ignore_errors=True)
    for page in pages():
        _copy(page.path, page.text, to)
        for target in page.links:
            file = (CHECKOUT / page.path.parent / target.partition("#")[0]).resolve()
            if file.is_dir():
                if not (file / "README.md").exists():
                    _index(file, to)
            elif file.suffix != ".md":
                place = to / file.relative_to(CHECKOUT.resolve())
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, place)
    (to / "README.md").rename(to / "index.md")


def _index(folder: Path, to: Path) -> None:
    """A page for a folder that pages link to: it lists what is in it."""
    found = sorted(file for file in folder.glob("*.md") if file.name != "README.md")
    place = to / folder.relative_to(CHECKOUT.resolve()) / "index.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    titles = {file: file.read_text().partition("\n")[0].lstrip("# ") for file in found}
    place.write_text("".join([f"# {folder.name.capitalize()}\n\n", *(f"- [{titles[f]}]({f.name})\n" for f in found)]))


def _copy(path: Path, text: str, to: Path) -> None:
    """Links to the README lead to where it is here; a link to a folder, to the folder's page."""
    place = to / path
    place.parent.mkdir(parents=True, exist_ok=True)
    top = "../" * len(path.parent.parts)
    text = re.sub(rf"\]\({re.escape(top)}README\.md(?=[)#])", f"]({top}index.md", text)
    folder = path.parent
    for target in {link for link in LINK.findall(text) if link.endswith("/") and (CHECKOUT / folder / link).is_dir()}:
        name = "README.md" if (CHECKOUT / folder / target / "README.md").exists() else "index.md"
        text = text.replace(f"]({target})", f"]({target}{name})")
    place.write_text(text)


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in ("href", "src") and value and tag in ("a", "img", "link", "script"):
                self.links.append(value)


def broken(site: Path = SITE) -> Iterator[str]:
    """Links inside the site that lead nowhere, and anchors that are not there."""
    found = {file.resolve(): _Links(file.read_text()) for file in site.rglob("*.html")}
    for file, page in found.items():
        if file.name == "404.html":  # its links are made for any depth
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            missing = not target.exists()
            lost = parts.fragment and target in found and unquote(parts.fragment) not in found[target].ids
            if missing or lost:
                yield f"{file.relative_to(site.resolve())}: {link}"


def main() -> None:
    if sys.argv[1:] == ["stage"]:
        stage()
        return
    wrong = sorted(set(broken()))
    print("\n".join(wrong) or "every link leads somewhere")
    if wrong or not list(SITE.rglob("*.html")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
