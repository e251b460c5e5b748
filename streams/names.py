"""Names of the topics; those of CONTRACT first, then the internal ones."""

UPSTREAM = (
    "orders",
    "payments",
    "listings",
    "shipments",
    "sellers",
    "reviews",
    "reports",
    "verdicts",
    "intel",
)

EVENTS = "sellerwatch.events"
DECISIONS = "sellerwatch.decisions"
ALERTS = "sellerwatch.alerts"
REJECTED = "sellerwatch.rejected"

WAITING = "sellerwatch.waiting"
"""Events whose seller is not known yet, because their order has not come."""
TRAINING = "sellerwatch.training"
"""Feature rows for learn; one partition, so that all sellers' labels meet."""
