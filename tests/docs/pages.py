"""The Markdown pages of the checkout, and what stands in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
FENCED = re.compile(r"^(?:```|~~~).*?\n(.*?)^(?:```|~~~)", re.M | re.S)
INDENTED = re.compile(r"(?:^\n|\A)((?:^ {4}.*\n)+)", re.M)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.M)


class Page(NamedTuple):
    """One page: where it is, relative to the checkout, and its text."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without blocks of code."""
        return INDENTED.sub("\n", FENCED.sub("", self.text))

    @property
    def code(self) -> list[str]:
        """What is set as code, in blocks and within lines."""
        return [*FENCED.findall(self.text), *INDENTED.findall(FENCED.sub("", self.text)), *SPAN.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Targets of the links, those with a scheme left out."""
        return [target for target in LINK.findall(self.prose) if not re.match(r"[a-z]+:", target)]

    @property
    def anchors(self) -> set[str]:
        """What a link may name after the `#`."""
        return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in self._headings}

    @property
    def _headings(self) -> list[str]:
        return HEADING.findall(self.prose)


def page(name: str) -> Page:
    """A page by its path in the checkout."""
    return Page(Path(name), (CHECKOUT / name).read_text())


def pages() -> Iterator[Page]:
    """All of them; what tools keep in folders with a dot is not ours."""
    for path in sorted(CHECKOUT.rglob("*.md")):
        inside = path.relative_to(CHECKOUT)
        if not any(part.startswith(".") for part in inside.parts):
            yield page(str(inside))
