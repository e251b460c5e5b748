"""What the receiver's answers say about the receiver itself, beyond each single alert."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from streams import metrics
from streams.delivery.webhook import Answer, Outcome

log = structlog.get_logger()

DOWN_AFTER = 5
"""So many failures without a success between mean that the receiver is down, not that one alert is odd."""
LONGEST_HALT = timedelta(seconds=60)
"""A receiver that asks to wait gets no *other* alerts for that long, but not for longer than this."""


class WebhookHealth:
    """Whether to send to the receiver now; forgotten when the process ends."""

    def __init__(self, host: str, clock: Callable[[], float]) -> None:
        self.disabled = False
        """It answered 410: it gets nothing more until dispatch is started again."""
        self.recovered = False
        """It was down and has answered again; who makes use of it sets this back."""
        self._host = host
        self._clock = clock
        self._halt_until = 0.0
        self._failures = 0
        metrics.WEBHOOK_DISABLED.set(0)

    @property
    def halted(self) -> bool:
        """Whether it has asked to be left alone for now."""
        return self._clock() < self._halt_until

    def learn(self, answer: Answer) -> None:
        """Takes note of one answer."""
        if answer.outcome is Outcome.GONE:
            self._disable()
        if answer.retry_after is not None:
            halt = min(answer.retry_after, LONGEST_HALT.total_seconds())
            self._halt_until = max(self._halt_until, self._clock() + halt)
        if answer.outcome is Outcome.DELIVERED:
            self.recovered = self.recovered or self._failures >= DOWN_AFTER
            self._failures = 0
            return
        self._failures += 1
        if self._failures == DOWN_AFTER:
            log.warning("webhook_failing", host=self._host, code=answer.code)

    def _disable(self) -> None:
        if not self.disabled:
            effect = "alerts stay in the outbox; start dispatch again to try anew"
            log.error("webhook_disabled", host=self._host, reason="410 Gone", effect=effect)
        self.disabled = True
        metrics.WEBHOOK_DISABLED.set(1)
