"""Errors raised on purpose; each class says what happens next."""


class SellerwatchError(Exception):
    """Base of all of them."""


class InvalidEventError(SellerwatchError):
    """An event cannot be read: it goes to `sellerwatch.rejected` with `reason`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class StoppedError(SellerwatchError):
    """A partition must not go on until a person has acted; the message says what to do."""


class UnavailableError(SellerwatchError):
    """A service does not answer: a worker waits for it, a command ends with exit code 1."""


class SettingsError(SellerwatchError):
    """The settings given cannot work together; the command ends with exit code 2."""
