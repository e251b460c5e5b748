"""In a real bash, commands, verbs and options are completed; every verb of the operator's has an example."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
VERBS = ("status", "doctor", "erase", "rejected", "outbox", "partitions", "keys")


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


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_json_and_an_example(verb: str) -> None:
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]

    for each in getattr(command, "commands", {"": command}).values():
        assert (each.epilog or "").startswith(f"Example: sellerwatch {verb}"), each.name
        assert "--json" in {name for parameter in each.params for name in parameter.opts}
        assert each.help
