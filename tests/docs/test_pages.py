"""What the pages name exists: commands, options, files, links, settings, metrics."""

import re
from collections.abc import Iterator

import pytest
import typer
from prometheus_client import REGISTRY

from sellerwatch.cli import app
from streams import metrics
from streams.settings import Settings
from tests.docs.pages import CHECKOUT, Page, page, pages

PAGES = list(pages())
COMMAND = re.compile(r"(?:^|[\s;&|(/`])sellerwatch((?: +[^\s|;&`)\"]+)*)", re.M)
OTHER_VARIABLES = {
    "SELLERWATCH_CONFIG",
    "SELLERWATCH_RECEIVER_HOST",
    "SELLERWATCH_RECEIVER_PORT",
    "SELLERWATCH_RECEIVER_SECRET",
    "SELLERWATCH_REQUIRE_SERVICES",
}
FILE = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|toml|yml|yaml|json|xml|lock))?|[\w-]+\.(?:md|toml|yml)|Makefile")
MACHINE = re.compile(r"(?<![\w.:/])/(?:tmp|home|root|Users|work|var/tmp)/|\bfile://")


@pytest.fixture(params=PAGES, ids=lambda each: str(each.path))
def each_page(request: pytest.FixtureRequest) -> Page:
    found: Page = request.param
    return found


def commands(of: Page) -> Iterator[list[str]]:
    """The words after `sellerwatch`, for each call of the command that a page shows."""
    for code in of.code:
        for line in code.replace("\\\n", " ").splitlines():
            for words in COMMAND.findall(line.partition(" #")[0]):
                if words.strip():
                    yield words.split()


def test_every_command_that_a_page_shows_exists_with_its_options(each_page: Page) -> None:
    root = typer.main.get_command(app)
    wrong = []
    for words in commands(each_page):
        command, rest = root, list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]  # type: ignore[attr-defined]
        known = {"--help", *(name for parameter in command.params for name in parameter.opts)}
        named = [word.partition("=")[0] for word in rest if word.startswith("-") and len(word) > 1]
        unknown = [name for name in named if name not in known]
        alone = getattr(command, "invoke_without_command", False) and not rest  # `sellerwatch console`
        unfinished = hasattr(command, "commands") and not alone and not set(rest[:1]) & known  # `sellerwatch topics`
        if unfinished or unknown:
            wrong.append("sellerwatch " + " ".join(words))

    assert wrong == []


def test_the_readme_shows_every_command() -> None:
    shown = {tuple(words[:depth]) for words in commands(page("README.md")) for depth in (1, 2)}
    root = typer.main.get_command(app)
    verbs = [(name, getattr(found, "commands", {})) for name, found in root.commands.items() if not found.hidden]  # type: ignore[attr-defined]
    wanted = {(name, sub) if sub else (name,) for name, subs in verbs for sub in subs or [""]}

    assert wanted - shown == set()


def test_every_link_leads_somewhere(each_page: Page) -> None:
    assert [target for target in each_page.links if not _leads_somewhere(each_page, target)] == []


def _leads_somewhere(from_page: Page, target: str) -> bool:
    name, _, anchor = target.partition("#")
    here = CHECKOUT.resolve() / from_page.path
    file = (here.parent / name).resolve() if name else here
    return file.exists() and (not anchor or anchor in page(str(file.relative_to(CHECKOUT.resolve()))).anchors)


def test_no_page_names_a_place_on_some_machine(each_page: Page) -> None:
    assert MACHINE.findall(each_page.text) == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_that_a_page_names_exists(name: str) -> None:
    named = {code for code in page(name).code if FILE.fullmatch(code)}
    missing = [file for file in sorted(named) if not (CHECKOUT / file).exists()]

    assert named
    assert missing == []


def test_every_settings_variable_that_a_page_names_exists(each_page: Page) -> None:
    known = {f"SELLERWATCH_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    named = set(re.findall(r"SELLERWATCH_[A-Z_]+[A-Z]", each_page.text))
    known |= {f"{name}_FILE" for name in known}

    assert named - known == set()


def test_every_metric_that_a_page_names_exists(each_page: Page) -> None:
    known = {family.name for family in REGISTRY.collect()} | {_name(value) for value in vars(metrics).values()}
    named = {word for code in each_page.code for word in re.findall(r"\bsellerwatch_[a-z0-9_]+[a-z0-9]", code)}
    short = {re.sub(r"_(total|bucket|sum|count|info)$", "", name) for name in named}

    assert short - known == set()


def _name(metric: object) -> str:
    return str(getattr(metric, "_name", ""))
