"""`sellerwatch explain`: one decision computed anew from the log, and whether it is the one that was made."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from detectors.decision import Decision, encode_decision
from detectors.learning import SCORED
from detectors.patterns.features import FEATURES
from detectors.patterns.risk_reasons import PHRASES
from detectors.profiles.order_rows import restored
from sellerwatch.evidence.holdings import Holdings, needle, record_in
from sellerwatch.evidence.refolding import refold, sellers_log
from streams.errors import SettingsError
from streams.settings import Settings

_decode: Final = msgspec.json.Decoder(Decision).decode
OUTCOMES: Final = {
    "first": "an alert was raised",
    "escalated": "an open alert was sent again, more severe",
    "open_already": "the seller has an open alert of this pattern",
    "other_alert_open": "the seller has an open alert of another pattern",
    "quiet_period": "an alert was sent shortly before",
    "below_line": "below the line of an alert",
    "dismissed_by_verdict": "an analyst has dismissed this pattern for the seller",
    "confirmed_by_verdict": "an analyst has confirmed the seller: people know",
    "snoozed": "an analyst wants to hear nothing of it for now",
    "trusted_seller": "the policy trusts the seller",
    "over_budget": "kept back by the budget of alerts",
}


@dataclass(frozen=True)
class Difference:
    """Something that was said otherwise when it was decided."""

    what: str
    recorded: str
    recomputed: str


@dataclass(frozen=True)
class Explanation:
    """A decision beside the one that the log gives."""

    recorded: Decision | None
    """As it was told; `None`: it is no longer kept, or was not given."""
    recomputed: Decision
    equal: bool | None
    """Byte for byte; `None`: there is nothing to compare with."""
    differences: list[Difference]
    partition: int
    records: int
    """Of the seller, up to the event."""
    published: int
    """Models and policies among them."""
    hints: list[str]


def explain(event_id: str, holdings: Holdings, settings: Settings, seller_id: str | None = None) -> Explanation:
    """Computes the decision on an event again.

    Args:
        seller_id: Of the event, where it is known: then only one partition is read.

    Raises:
        SettingsError: No event of this id stands in the log, or it is none that is scored.
    """
    recorded = next(_recorded(event_id, holdings, seller_id), None)
    seller_id = _decode(recorded).seller_id if recorded else _seller_of(event_id, holdings, seller_id)
    log = sellers_log(holdings, seller_id)
    recomputed = None
    for step in refold(log, settings, until=event_id):
        made = (decision for effects in step.effects for decision in effects.decisions)
        recomputed = next((decision for decision in made if decision.event_id == event_id), recomputed)
    if recomputed is None:
        text = "is not in the log that was read" if recorded else "gives no decision"
        raise SettingsError(f"event {event_id} of seller {seller_id} {text}; is the dump whole, from its beginning?")
    said = _decode(recorded) if recorded else None
    return Explanation(
        said,
        recomputed,
        encode_decision(recomputed) == recorded if recorded else None,
        list(differences(said, recomputed)) if said else [],
        log.partition,
        log.records,
        log.published,
        _hints(said, recomputed) if said else [],
    )


def _recorded(event_id: str, holdings: Holdings, seller_id: str | None) -> Iterator[bytes]:
    wanted = needle(event_id)
    for line in holdings.decisions(seller_id):
        if wanted in line:
            try:
                if _decode(line).event_id == event_id:
                    yield line
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def _seller_of(event_id: str, holdings: Holdings, seller_id: str | None) -> str:
    wanted = needle(event_id)
    for line in holdings.log(seller_id):
        record = record_in(line) if wanted in line else None
        if record is not None and record.event_id == event_id:
            if type(record.body) not in SCORED:
                kind = str(type(record.body).__struct_config__.tag)
                raise SettingsError(f"{event_id} is `{kind}`: such events teach, they are not scored")
            return record.seller_id
    raise SettingsError(f"no event {event_id!r} stands in the log or among the decisions; is the id whole?")


def differences(recorded: Decision, recomputed: Decision) -> Iterator[Difference]:
    """Every member that two decisions differ in; features one by one."""
    one, other = msgspec.to_builtins(recorded), msgspec.to_builtins(recomputed)
    for name in Decision.__struct_fields__:
        before, now = one.get(name), other.get(name)
        if before == now:
            continue
        if name == "features":
            yield from _features(recorded, recomputed)
        elif name == "versions":
            for part in sorted({*before, *now}):
                if before.get(part) != now.get(part):
                    yield Difference(f"version of {part}", str(before.get(part, "-")), str(now.get(part, "-")))
        elif name == "reasons":
            yield from _reasons(before or [], now or [])
        else:
            yield Difference(name, str(before), str(now))


def _features(recorded: Decision, recomputed: Decision) -> Iterator[Difference]:
    before, now = restored(recorded.features), restored(recomputed.features)
    if len(before) != len(now):
        yield Difference("features", f"{len(before)} of them", f"{len(now)} of them")
        return
    for name, was, is_now in zip(FEATURES, before, now, strict=False):
        if was != is_now:
            yield Difference(f"feature {name}", f"{was:.3f}", f"{is_now:.3f}")


def _reasons(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[Difference]:
    said = [{reason["code"]: reason["text"] for reason in side} for side in (before, now)]
    for code in dict.fromkeys([*said[0], *said[1]]):
        pair = said[0].get(code, "-"), said[1].get(code, "-")
        if pair[0] != pair[1]:
            yield Difference(f"reason {code}", *pair)
    if said[0] == said[1]:
        yield Difference("contributions", *(str([reason["contribution"] for reason in side]) for side in (before, now)))


_HINTS: Final = {
    "features": "it was made by a version of Sellerwatch with other features: explain it with that version",
    "patterns": "other patterns were in force: explain it with the version of Sellerwatch, or the policy, that made it",
    "lexicon": "other word lists were in force: give the setting `lexicons` that watch had",
    "policy": "another policy was in force: give the settings `alert_threshold` and `quiet_period` that watch had",
}


def _hints(recorded: Decision, recomputed: Decision) -> list[str]:
    """Why it may differ without anybody having changed anything."""
    before, now = recorded.versions, recomputed.versions
    return [hint for name, hint in _HINTS.items() if before.get(name) != now.get(name)]


def features_in_words(decision: Decision) -> list[tuple[str, str, float]]:
    """(name, what it is, level from 0 to 1) of every feature, strongest first; those at 0 are left out."""
    levels = restored(decision.features)
    named = [
        (name, PHRASES.get(name) or name.replace("_", " "), level)
        for name, level in zip(FEATURES, levels, strict=False)
        if level > 0.0
    ]
    return sorted(named, key=lambda feature: (-feature[2], feature[0])) if len(levels) == len(FEATURES) else []
