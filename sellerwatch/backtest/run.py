"""Runs both sides over the same records in one pass."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console

from detectors.alert_policy import Policy
from detectors.events import ModelPublished, decode_record
from detectors.models.in_force import Models
from sellerwatch.backtest.cases import Cases, read_truth
from sellerwatch.backtest.naming import as_named
from sellerwatch.backtest.side import Side
from sellerwatch.policy.reading import read_policy
from sellerwatch.replay import Reader, event_replay, of_log, signing_key
from streams.errors import SettingsError
from streams.files import read_events
from streams.models.snapshots import ModelShelf
from streams.policy.published import OnlyPolicy, PolicyShelf, with_lists_of
from streams.replay import BATCH, EventReplay, LogReplay
from streams.settings import Settings
from streams.worker import usual_policy


class Outcome(NamedTuple):
    """Both sides, and what is known of the sellers."""

    before: Side
    after: Side
    cases: Cases
    records: int


def compare(
    paths: Sequence[Path],
    policy: Path | None,
    against: Path | None,
    model: str | None,
    truth: Path | None,
    settings: Settings,
) -> Outcome:
    """Folds the files under the present policy and under a new one.

    Args:
        policy: The new one; `None`: the present one, with another model.
        against: What stands for the present one; `None`: those that the log has published where they stand,
            and before them, or with contract events, the settings'.
        model: Version of a model in the log to score with throughout on the new side.

    Raises:
        FilesError, SettingsError: A file or a word is wrong.
    """
    if policy is None and model is None:
        raise SettingsError("say what to try: --policy FILE, --model VERSION, or both")
    log = of_log(paths)
    usual = usual_policy(settings)
    new = with_lists_of(usual, read_policy(policy).policy) if policy else None
    old = with_lists_of(usual, read_policy(against).policy) if against else None
    trusted = (settings.signing() or None) if log else [signing_key(settings)]
    shelves = [OnlyPolicy(chosen) if chosen else PolicyShelf(trusted, usual) for chosen in (old, new)]
    if log:
        models = [ModelShelf(trusted), _only(paths, model, trusted) if model else ModelShelf(trusted)]
        replays: list[LogReplay | EventReplay] = [LogReplay(m, p) for m, p in zip(models, shelves, strict=True)]
    elif model:
        raise SettingsError("--model names a model in a dump of the log; events carry none")
    else:
        replays = [event_replay(shelf, settings) for shelf in shelves]
    cases = Cases(read_truth(truth) if truth else None)
    sides = Side("present", _version(old or usual)), Side("new", _version(new or old or usual))
    with Reader(paths, Console(stderr=True), "backtesting") as reader:
        records = _side_by_side(reader.as_recorded() if log else reader.by_event_time(), replays, sides, cases)
    return Outcome(*sides, cases, records)


def _side_by_side(
    lines: Iterable[bytes], replays: Sequence[LogReplay | EventReplay], sides: Sequence[Side], cases: Cases
) -> int:
    """Decodes and gathers once, folds once a side; how many records there were."""
    waiting, count = iter(lines), 0
    while batch := list(islice(waiting, BATCH)):
        records = replays[0].gather(batch)
        cases.take(records)
        count += len(records)
        present, new = sides
        present.take(replays[0].fold(records))
        for part in as_named(records, present, new):
            new.take(replays[1].fold(part))
    return count


def _version(policy: Policy) -> str:
    return policy.versions["policy"]


class _OnlyModel(ModelShelf):
    """Always the same version of one model, whatever was published."""

    def __init__(self, keys: Sequence[bytes] | None, published: ModelPublished) -> None:
        super().__init__(keys)
        models = self.take(self.prior, published)
        if models is None:
            raise SettingsError(f"model {published.version} cannot be read; see the log line above")
        self.prior, self._fixed = models, published.model

    def take(self, models: Models, published: ModelPublished) -> Models | None:
        return None if published.model == getattr(self, "_fixed", "") else super().take(models, published)


def _only(paths: Sequence[Path], version: str, keys: Sequence[bytes] | None) -> ModelShelf:
    known = []
    for path in paths:
        for line in read_events(path):
            if b'"model.published"' not in line:
                continue
            try:
                body = decode_record(line).body
            except msgspec.DecodeError:
                continue
            if isinstance(body, ModelPublished):
                if body.version == version:
                    return _OnlyModel(keys, body)
                known.append(body.version)
    wish = ", ".join(dict.fromkeys(known[-10:])) or "none at all"
    raise SettingsError(f"--model: {version!r} was not published in these files; the last ones were: {wish}")
