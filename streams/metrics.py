"""Every metric, in base units, with labels from short fixed lists: never a seller."""

from prometheus_client import Counter, Gauge, Histogram, Info

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
    "1 while a partition stands still until a person acts.",
    ["stage", "topic", "partition", "reason"],
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
SCORES = Histogram(
    "sellerwatch_score", "Scores of orders, payments and listings.", buckets=[i / 20 for i in range(1, 21)]
)
ALERTS = Counter("sellerwatch_alerts_total", "Alerts by pattern and severity.", ["pattern", "severity"])
CACHED_PROFILES = Gauge("sellerwatch_cached_profiles", "Profiles held in memory.")
LINKS = Counter("sellerwatch_links_total", "Links found between sellers, by the kind of value.", ["kind"])

MODEL_AGE = Gauge("sellerwatch_model_age_seconds", "Since the model in force was published.", ["model"])
MODEL_ROWS = Counter("sellerwatch_training_rows_total", "Rows that learn took in.", ["label"])
MODELS_PUBLISHED = Counter("sellerwatch_models_published_total", "Snapshots written to the log.", ["model"])

OUTBOX_DEPTH = Gauge("sellerwatch_outbox_depth", "Alerts not yet delivered.", ["partition"])
OUTBOX_OLDEST_SECONDS = Gauge("sellerwatch_outbox_oldest_seconds", "Age of the oldest undelivered alert.")
WEBHOOK_ATTEMPTS = Counter("sellerwatch_webhook_attempts_total", "Deliveries tried, by answer.", ["code"])
WEBHOOK_DELIVERY_SECONDS = Histogram(
    "sellerwatch_webhook_delivery_seconds",
    "From an alert's entry into the log to its acceptance by the receiver.",
    buckets=(*LATENCY_BUCKETS, 300, 3600, 21600, 86400),
)
WEBHOOK_DEAD = Counter("sellerwatch_webhook_dead_total", "Alerts given up after the whole retry schedule.")
WEBHOOK_DISABLED = Gauge("sellerwatch_webhook_endpoint_disabled", "1 after the endpoint answered 410 Gone.")
