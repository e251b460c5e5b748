"""`python -m bench.console.pages PLACE`: how long every page of the console takes on a database of `bench.console`.

Redis and Kafka are away, so that it is the console that is timed; pages that are about them are left out.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final

from sqlalchemy import select

from bench.console.seeding import LARGE
from console.app import create_app
from console.store.schema import alerts, links, sellers
from streams.settings import Settings

REPEATS: Final = 9
SLOW_MS: Final = 200.0


def main() -> int:
    """Prints the table; 1 where a page takes 200 ms of a processor or more."""
    parser = argparse.ArgumentParser(prog="python -m bench.console.pages", description=__doc__)
    parser.add_argument("place", help="a path, or postgresql://...")
    settings = Settings(
        console_database=parser.parse_args().place,
        console_open=True,
        redis_url="redis://127.0.0.1:1/0",  # type: ignore[arg-type]
        kafka_brokers=["127.0.0.1:1"],
    )
    app = create_app(settings)
    slow = False
    print("| page | ms | of these busy | KiB |\n|---|---|---|---|")
    for name, path in _paths(app):
        took, busy, size = asyncio.run(_timed(app, path))
        slow |= busy >= SLOW_MS
        print(f"| {name} | {took:.0f} | {busy:.0f} | {size / 1024:.0f} |", flush=True)
    return int(slow)


def _paths(app: Any) -> Iterator[tuple[str, str]]:
    with app.state.console.database.reading() as connection:
        alert = connection.execute(select(alerts.c.alert_id).where(alerts.c.state == "open").limit(1)).scalar_one()
        risky = connection.execute(
            select(sellers.c.seller_id).order_by(sellers.c.score.desc()).limit(1).where(sellers.c.score.is_not(None))
        ).scalar_one()
        tied = connection.execute(select(links.c.seller_id).limit(1)).scalar_one()
    yield "queue, most severe first", "/"
    yield "queue, newest first", "/?order=newest"
    yield "queue, one pattern and severity", "/?pattern=velocity&severity=high&order=score"
    yield "queue, by words", "/?text=orders"
    yield "queue, every state", "/?state=open&state=confirmed&state=dismissed&state=snoozed"
    yield "alert", f"/alerts/{alert}"
    yield "seller", f"/sellers/{risky}"
    yield "the largest seller", f"/sellers/{LARGE}"
    yield "its orders", f"/sellers/{LARGE}/orders"
    yield "its decisions", f"/sellers/{LARGE}/decisions"
    yield "its listings", f"/sellers/{LARGE}/listings"
    yield "sellers by score", "/sellers"
    yield "links to begin with", "/links"
    yield "a cluster, two steps", f"/links?seller={tied}&steps=2"
    yield "search", "/search?text=seller-00"


async def _timed(app: Any, path: str) -> tuple[float, float, int]:
    """Median of the milliseconds that it took, of those of a processor, and the bytes of the page."""
    times, busy, size = [], [], 0
    for _ in range(REPEATS):
        began, worked = time.perf_counter(), time.process_time()
        status, size = await _get(app, path)
        times.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
        assert status == 200, f"{path}: {status}"
    return median(times), median(busy), size


async def _get(app: Any, path: str) -> tuple[int, int]:
    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], sum(len(body) for body in _bodies(sent))


def _bodies(sent: Sequence[dict[str, Any]]) -> list[bytes]:
    return [message.get("body", b"") for message in sent]


if __name__ == "__main__":
    sys.exit(main())
