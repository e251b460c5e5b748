"""Files of what came of a replay: alerts as they would be sent, one row a decision."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from detectors.decision import Decision, encode_alert, encode_decision
from streams.files import FilesError, extra
from streams.fold import Step

_encode = msgspec.json.Encoder().encode
TEXT_COLUMNS = ("event_id", "type", "order_id", "seller_id", "event_time", "pattern", "outcome")
NUMBER_COLUMNS = ("score", "seller_score", "review")
JSON_COLUMNS = ("reasons", "features", "versions")


class ResultFiles:
    """Writes both files whole, or leaves what was there.

    Args:
        alerts: `.jsonl`: one ALERT a line; `None` = not written.
        decisions: `.jsonl`, or `.parquet` with nested fields as JSON text; `None` = not written.
        audit: `.jsonl`: one entry of the audit chain a line, each partition's in order; `None` = not written.
    """

    def __init__(self, alerts: Path | None, decisions: Path | None, audit: Path | None = None) -> None:
        self.alerts = self.decisions = 0
        self._targets = {"alerts": alerts, "decisions": decisions, "audit": audit}
        self._files: dict[str, IO[bytes]] = {}
        self._stack = ExitStack()
        self._flat = decisions is not None and decisions.name.endswith(".parquet")

    def __enter__(self) -> Self:
        if self._flat:
            extra("polars")
        for name, target in self._targets.items():
            if target is not None:
                try:
                    self._files[name] = self._stack.enter_context(_draft(target).open("wb"))
                except OSError as refused:
                    raise FilesError(f"{target}: cannot write there ({refused.strerror})") from refused
        return self

    def __call__(self, step: Step) -> None:
        """Writes what came of one step."""
        if "audit" in self._files:
            self._files["audit"].writelines(entry + b"\n" for _, entry in step.entries)
        for effects in step.effects:
            self.alerts += len(effects.alerts)
            self.decisions += len(effects.decisions)
            if "alerts" in self._files:
                self._files["alerts"].writelines(encode_alert(alert) + b"\n" for alert in effects.alerts)
            if "decisions" in self._files:
                encode = _flat_row if self._flat else encode_decision
                self._files["decisions"].writelines(encode(decision) + b"\n" for decision in effects.decisions)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        for name, target in self._targets.items():
            if target is None or name not in self._files:
                continue
            draft = _draft(target)
            if kind is None and name == "decisions" and self._flat:
                _write_parquet(draft, target)
            elif kind is None:
                draft.replace(target)
            draft.unlink(missing_ok=True)


def _draft(target: Path) -> Path:
    return target.with_name(f".{os.getpid()}.{target.name}.draft")


def _flat_row(decision: Decision) -> bytes:
    row: dict[str, Any] = {name: getattr(decision, name) for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS)}
    row |= {name: _encode(getattr(decision, name)).decode() for name in JSON_COLUMNS}
    return _encode(row)


def _write_parquet(rows: Path, target: Path) -> None:
    polars = extra("polars")
    schema = dict.fromkeys((*TEXT_COLUMNS, *JSON_COLUMNS), polars.String) | dict.fromkeys(
        NUMBER_COLUMNS, polars.Float64
    )
    if rows.stat().st_size == 0:
        polars.DataFrame(schema=schema).write_parquet(target)
        return
    frame = polars.scan_ndjson(rows, schema=schema)
    frame.with_columns(polars.col("event_time").str.to_datetime(time_unit="us", time_zone="UTC")).sink_parquet(target)
