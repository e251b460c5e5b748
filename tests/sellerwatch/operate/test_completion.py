"""In a real bash, commands, verbs and options are completed; every verb has an example."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sellerwatch.cli import app

SCRIPT = f"""#!{sys.executable}
from sellerwatch.cli import main
main()
"""
ASK = """
eval "$(_SELLERWATCH_COMPLETE=source_bash sellerwatch)"
COMP_WORDS=({words}); COMP_CWORD={place}
_sellerwatch_completion sellerwatch
echo "${{COMPREPLY[@]}}"
"""
OPERATORS = ("status", "doctor", "erase", "rejected", "outbox", "partitions", "keys")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on the path")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sellerwatch rej", {"rejected"}),
        ("sellerwatch rejected re", {"replay"}),
        ("sellerwatch keys rotate --o", {"--output"}),
    ],
)
def test_bash_completes_what_was_begun(words: str, offered: set[str], tmp_path: Path) -> None:
    script = tmp_path / "sellerwatch"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[3])}

    done = subprocess.run(
        ["bash", "-c", ASK.format(words=words, place=len(words.split()) - 1)],
        env=os.environ | path,
        capture_output=True,
        text=True,
    )

    assert set(done.stdout.split()) == offered, done.stderr


def verbs(command: Any, path: str = "sellerwatch") -> Iterator[tuple[str, Any]]:
    """Every verb that people see, by how it is called."""
    for name, each in getattr(command, "commands", {}).items():
        if not each.hidden:
            yield from verbs(each, f"{path} {name}")
    if not hasattr(command, "commands") or command.invoke_without_command:
        yield path, command


ALL = dict(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize("verb", ALL)
def test_every_verb_has_an_example_that_calls_it_with_what_it_knows(verb: str) -> None:
    each = ALL[verb]
    given = shlex.split((each.epilog or "").removeprefix("Example: ").partition(" > ")[0])
    assert given[: len(verb.split())] == verb.split()
    known = {name for parameter in each.params for name in parameter.opts}
    assert {word for word in given if word.startswith("-")} <= known
    with each.make_context(verb, given[len(verb.split()) :], resilient_parsing=False):
        assert each.help


@pytest.mark.parametrize("verb", [name for name in ALL if name.split()[1] in OPERATORS])
def test_every_verb_of_the_operators_has_json(verb: str) -> None:
    assert "--json" in {name for parameter in ALL[verb].params for name in parameter.opts}
