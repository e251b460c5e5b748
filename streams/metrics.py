"""Every metric, in base units, with labels from short fixed lists: never a seller."""

import platform
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

disable_created_metrics()  # type: ignore[no-untyped-call]  # else every counter and histogram is exposed twice


class BatchHistogram(Collector):
    """A histogram that takes many values at once, at a seventh of the price of observing each."""

    def __init__(self, name: str, documentation: str, buckets: Sequence[float]) -> None:
        self._name, self._documentation, self._bounds = name, documentation, tuple(buckets)
        self._counts, self._sum = [0] * (len(buckets) + 1), 0.0
        REGISTRY.register(self)

    def observe_all(self, values: Iterable[float]) -> None:
        for value in values:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        bounds = (*map(floatToGoString, self._bounds), "+Inf")
        buckets = list(zip(bounds, map(float, accumulate(self._counts)), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum)


LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

BUILD = Info("sellerwatch_build", "Version of the running code.")

EVENTS = Counter("sellerwatch_events_total", "Records taken in by a stage.", ["stage", "result"])
"""Result: `accepted`, `rejected`, `waiting`, `tombstone` (intake); `applied`, `repeated` (watch, learn)."""
REJECTED = Counter("sellerwatch_rejected_total", "Refused events, by the reason's code.", ["reason"])
APPLY = Counter("sellerwatch_apply_total", "Commits to Redis, by answer.", ["stage", "result"])
"""Result: `ok`, `done`, `fenced`, `mismatch`, `full`, `error`."""
APPLY_SECONDS = Histogram("sellerwatch_apply_seconds", "One commit to Redis.", ["stage"], buckets=LATENCY_BUCKETS)
BATCH_SECONDS = Histogram(
    "sellerwatch_batch_seconds", "One poll, from arrival to commit.", ["stage"], buckets=LATENCY_BUCKETS
)
BATCH_RECORDS = Histogram(
    "sellerwatch_batch_records",
    "Records in one poll.",
    ["stage"],
    buckets=(1, 10, 50, 100, 250, 500, 1000, 2000, 4000),
)
LOGGED_TO_APPLIED_SECONDS = Histogram(
    "sellerwatch_logged_to_applied_seconds",
    "From a record's entry into the log to the commit of its effects.",
    buckets=LATENCY_BUCKETS,
)

PARTITION_LAG = Gauge(
    "sellerwatch_partition_lag",
    "Records behind the end of an owned partition.",
    ["stage", "topic", "partition"],
)
WATERMARK_AGE = Gauge(
    "sellerwatch_watermark_age_seconds",
    "Since an owned partition last advanced or was at its end.",
    ["stage", "topic", "partition"],
)
STOPPED = Gauge(
    "sellerwatch_partition_stopped",
    "1 while an owned partition stands still until a person acts.",
    ["stage", "topic", "partition"],
)
HOLES = Counter("sellerwatch_holes_total", "Records that went missing between Kafka and the agent; rewound.", ["stage"])
ROLLBACKS = Counter("sellerwatch_redis_rollbacks_total", "Redis was found older than what it had confirmed.", ["stage"])
CLAIMS = Counter("sellerwatch_claims_total", "Partitions taken over.", ["stage"])
COORDINATOR_ERRORS = Counter(
    "sellerwatch_coordinator_errors_total", "Errors of the consumer group's coordinator.", ["stage"]
)
STALE_RESUMES = Counter(
    "sellerwatch_stale_resumes_total", "Resumptions of an older rebalance that were prevented.", ["stage"]
)
REDIS_UP = Gauge("sellerwatch_redis_up", "1 while the last call to Redis succeeded.")
REDIS_RETRIES = Counter(
    "sellerwatch_redis_retries_total", "Calls to Redis that failed and were tried again.", ["stage"]
)
KAFKA_RETRIES = Counter("sellerwatch_kafka_retries_total", "Batches that Kafka did not take at once.", ["stage"])

DECISIONS = Counter("sellerwatch_decisions_total", "Scored orders, payments and listings.", ["type"])
SCORES = BatchHistogram(
    "sellerwatch_score", "Scores of orders, payments and listings.", buckets=[i / 20 for i in range(1, 21)]
)
ALERTS = Counter("sellerwatch_alerts_total", "Alerts by pattern and severity.", ["pattern", "severity"])
CACHED_PROFILES = Gauge("sellerwatch_cached_profiles", "Profiles held in memory.")
LINKS = Counter("sellerwatch_links_total", "Links found between sellers, by the kind of value.", ["kind"])

MODEL_AGE = Gauge(
    "sellerwatch_model_age_seconds", "Since learn last published; counted from the start of that interval.", ["model"]
)
MODEL_ROWS = Counter("sellerwatch_training_rows_total", "Rows that learn took in.", ["label"])
MODELS_PUBLISHED = Counter("sellerwatch_models_published_total", "Snapshots written to the log.", ["model"])
DRIFTS = Counter("sellerwatch_drifts_total", "Changes in what is usual among peers that were noticed.")
MODEL_AVERAGE_PRECISION = Gauge(
    "sellerwatch_model_average_precision", "Of the opinions whose orders' outcome is known by now.", ["model"]
)
MODEL_PRECISION_AT_50 = Gauge(
    "sellerwatch_model_precision_at_50", "Share of bad among the 50 highest of those opinions.", ["model"]
)
MODEL_CALIBRATION_ERROR = Gauge(
    "sellerwatch_model_calibration_error", "Mean difference between chance and outcome of those opinions.", ["model"]
)
MODEL_JUDGED = Gauge("sellerwatch_model_judged_opinions", "Opinions whose orders' outcome is known by now.", ["model"])
POLICIES_REFUSED = Counter(
    "sellerwatch_policies_refused_total", "Policies in the log that watch could not trust or read."
)
MODELS_REFUSED = Counter("sellerwatch_models_refused_total", "Snapshots in the log that watch could not trust or read.")

OUTBOX_DEPTH = Gauge("sellerwatch_outbox_depth", "Alerts not yet delivered.", ["partition"])
OUTBOX_DEAD = Gauge("sellerwatch_outbox_dead", "Alerts given up, kept until a person acts.", ["partition"])
OUTBOX_OLDEST_SECONDS = Gauge("sellerwatch_outbox_oldest_seconds", "Age of the oldest undelivered alert.")
WEBHOOK_ATTEMPTS = Counter("sellerwatch_webhook_attempts_total", "Deliveries tried, by answer.", ["code"])
WEBHOOK_DELIVERY_SECONDS = Histogram(
    "sellerwatch_webhook_delivery_seconds",
    "From an alert's entry into the log to its acceptance by the receiver.",
    buckets=(*LATENCY_BUCKETS, 120, 300, 900, 3600, 21600, 86400),
)
WEBHOOK_DEAD = Counter("sellerwatch_webhook_dead_total", "Alerts given up after the whole retry schedule.")
WEBHOOK_DISABLED = Gauge("sellerwatch_webhook_endpoint_disabled", "1 after the endpoint answered 410 Gone.")

_RESULTS = {
    "intake": ("accepted", "rejected", "waiting", "tombstone"),
    "watch": ("applied", "repeated", "rejected"),
    "learn": ("applied", "repeated"),
}
_ANSWERS = ("ok", "done", "fenced", "mismatch", "full")
_REASONS = {
    "intake": (
        "too_large",
        "not_json",
        "not_an_object",
        "not_cloudevent",
        "unknown_type",
        "missing_field",
        "bad_time",
        "wrong_type",
        "wrong_topic",
        "order_unknown",
    ),
    "watch": ("processing_failed", "not_a_record"),
}
_CODES = ("2xx", "3xx", "4xx", "429", "5xx", "timeout", "connection", "refused_address")
_COMMON = (HOLES, ROLLBACKS, CLAIMS, COORDINATOR_ERRORS, STALE_RESUMES, KAFKA_RETRIES)


def prepare(stage: str) -> None:
    """Puts in place what the stage may count: a first count is then a rise from 0, and no new series."""
    BUILD.info({"version": version("sellerwatch"), "python": platform.python_version(), "stage": stage})
    REDIS_RETRIES.labels(stage)
    for metric in _COMMON if stage != "dispatch" else ():
        metric.labels(stage)
    for result in _RESULTS.get(stage, ()):
        EVENTS.labels(stage, result)
    for reason in _REASONS.get(stage, ()):
        REJECTED.labels(reason)
    for answer in _ANSWERS if stage in ("watch", "learn") else ():
        APPLY.labels(stage, answer)
    for code in _CODES if stage == "dispatch" else ():
        WEBHOOK_ATTEMPTS.labels(code)
