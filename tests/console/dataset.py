"""A small made-up marketplace in the console's database, by the code of the workers and of the feed."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from console.store.database import Database
from console.store.feed.applying import Part, Read, apply
from console.store.feed.positions import Place
from detectors.decision import encode_alert, encode_decision
from detectors.events import encode_record
from sellerwatch.replay import event_replay, signing_key
from simulator import live
from streams import names
from streams.policy.published import PolicyShelf
from streams.settings import Settings
from streams.upstream import micros_of
from streams.worker import usual_policy

SEED = 4
SELLERS = 70
DAYS = 14
BATCH = 500


def fill(database: Database, settings: Settings, *, seed: int = SEED, sellers: int = SELLERS, days: int = DAYS) -> None:
    """Everything that became of `days` of trade, the last of them now."""
    now = datetime.now(UTC)
    _, events = live(seed, sellers, 1.0, now=now, days=days + 1, warm_up=timedelta(days=days))
    past = (event.body for event in events if not event.due)
    replay = event_replay(PolicyShelf([signing_key(settings)], usual_policy(settings)), settings)
    ends = dict.fromkeys((names.EVENTS, names.DECISIONS, names.ALERTS), 0)
    while batch := list(islice(past, BATCH)):
        records = replay.gather(batch)
        found: dict[str, list[tuple[int, bytes]]] = {topic: [] for topic in ends}
        found[names.EVENTS] = [(record.logged_at, encode_record(record)) for record in records]
        for step in replay.fold(records):
            for effects in step.effects:
                decided = [(micros_of(each.event_time), encode_decision(each)) for each in effects.decisions]
                found[names.DECISIONS] += decided
                found[names.ALERTS] += [(micros_of(each.raised_at), encode_alert(each)) for each in effects.alerts]
        parts = []
        for topic, values in found.items():
            reads = [Read(ends[topic] + number, at, value) for number, (at, value) in enumerate(values)]
            if reads:
                parts.append(Part(Place(topic, 0), ends[topic], reads))
                ends[topic] += len(reads)
        apply(database, parts, int(now.timestamp() * 1e6))
