"""The pages are laid out so that their links work, and a broken one is found."""

from pathlib import Path

import pytest

from tests.docs import site
from tests.docs.pages import pages


def test_every_page_and_what_it_links_to_is_laid_out(tmp_path: Path) -> None:
    site.stage(tmp_path / "pages")

    assert (tmp_path / "pages" / "index.md").is_file()
    missing = [page.path for page in pages() if not (tmp_path / "pages" / page.path).exists()]
    assert [str(path) for path in missing] == ["README.md"]
    assert (tmp_path / "pages" / "docs" / "reference" / "asyncapi.json").is_file()
    assert "](../index.md#" in (tmp_path / "pages" / "docs" / "start.md").read_text()


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("b.html", []),
        ("b.html#here", []),
        ("https://example.org/x", []),
        ("c.html", ["a.html: c.html"]),
        ("b.html#gone", ["a.html: b.html#gone"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str, found: list[str]) -> None:
    (tmp_path / "a.html").write_text(f'<a href="{link}">x</a>')
    (tmp_path / "b.html").write_text('<h1 id="here">x</h1>')

    assert list(site.broken(tmp_path)) == found
