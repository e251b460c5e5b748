"""The secrets of the compose file, made as an operator makes them."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

SCRIPT = Path(__file__).parents[2] / "deploy" / "make-secrets"


def make_secrets(folder: Path) -> list[str]:
    """Runs the script; what it says it has made."""
    done = subprocess.run(["sh", str(SCRIPT), str(folder)], check=True, capture_output=True, text=True)
    return [line.removeprefix("made ") for line in done.stdout.splitlines()]


def redis_url(folder: Path, user: str, port: int) -> str:
    """What a stage is given, for a Redis on loopback."""
    told = urlsplit((folder / f"redis_url_{user}").read_text().strip())
    return f"redis://{user}:{told.password}@127.0.0.1:{port}/0"


def acl_rules(folder: Path, user: str) -> list[str]:
    """The words after `ACL SETUSER`."""
    lines = (folder / "redis_users").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"user {user} "))
    return line.split()[1:]
