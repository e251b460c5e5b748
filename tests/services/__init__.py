"""Real services for tests and chaos runs: Apache Kafka and Redis, as they run in production."""


class ServiceMissingError(RuntimeError):
    """The service cannot be run on this machine; the message says what is missing."""
