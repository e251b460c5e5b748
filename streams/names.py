"""Names of the stages, and of the topics: those that other programs see first, then the internal ones."""

STAGES = ("intake", "watch", "learn", "dispatch")
"""In the order in which an event passes them."""

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

ACTS = "sellerwatch.acts"
"""What people did in the console and by commands; intake reads it as it reads the topics of upstream."""
EVENTS = "sellerwatch.events"
DECISIONS = "sellerwatch.decisions"
ALERTS = "sellerwatch.alerts"
AUDIT = "sellerwatch.audit"
"""The hash chain of each log partition."""
REJECTED = "sellerwatch.rejected"

WAITING = "sellerwatch.waiting"
"""Events whose seller is not known yet, because their order has not come."""
TRAINING = "sellerwatch.training"
"""Feature rows for learn; one partition, so that all sellers' labels meet."""
POLICIES = "sellerwatch.policies"
"""Every policy that was published, in order; one partition. `sellerwatch policy publish` copies them into the log."""
