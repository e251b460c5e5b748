"""A real Prometheus that scrapes what a test names, every second."""

import json
import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError
from urllib.parse import urlencode

import yaml

from sellerwatch.embedded.processes import ServerProcess
from tests.services import ServiceMissingError


class Prometheus(ServerProcess):
    """Runs our own configuration and rules, with places to scrape instead of names to look up.

    Args:
        config: The prometheus.yml to run; its rule files are found beside it.
        targets: Ports on loopback to scrape, by job; jobs without any are left out.
    """

    name: ClassVar[str] = "prometheus"

    def __init__(self, config: Path, targets: Mapping[str, Sequence[int]]) -> None:
        self._binary = binary("prometheus")
        super().__init__()
        self._config = self.directory / "prometheus.yml"
        self._config.write_text(yaml.safe_dump(_rewritten(config, targets)))

    def command(self) -> Sequence[str]:
        """The server, on loopback and with data of its own."""
        return [
            self._binary,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        """Whether it takes queries."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its HTTP API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def values(self, expr: str) -> list[float]:
        """The values of an expression now, one for each series."""
        return [float(series["value"][1]) for series in self.ask("query", query=expr)["result"]]


def binary(name: str) -> str:
    """The path of one of Prometheus' programs."""
    found = shutil.which(name)
    if found is None:
        raise ServiceMissingError(f"there is no {name} on the path")
    return found


def _rewritten(config: Path, targets: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    told = yaml.safe_load(config.read_text())
    told["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    told["rule_files"] = [str(config.parent / name) for name in told["rule_files"]]
    told["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
        for job in told["scrape_configs"]
        if (ports := targets.get(job["job_name"]))
    ]
    return dict(told)
