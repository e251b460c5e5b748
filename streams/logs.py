"""JSON logs: one line an event, a name with fields; no secrets, no personal values."""

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

SECRET_WORDS = ("secret", "password", "token", "key", "signature", "authorization")
_ALLOWED = {"key_id", "monkey"}


def _redact(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    for name in event:
        if name not in _ALLOWED and any(word in name.lower() for word in SECRET_WORDS):
            event[name] = "[redacted]"
    return event


def configure(level: str, *, stage: str) -> None:
    """Sends our logs, and those of the libraries, to stderr as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),  # locals are personal
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in ("faust", "mode", "aiokafka", "kafka", "asyncio"):
        logging.getLogger(library).setLevel(max(logging.getLevelName(level), logging.WARNING))
    structlog.contextvars.bind_contextvars(stage=stage)
