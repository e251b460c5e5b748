"""`python -m bench.console [PLACE]`: fills a database where there is none, and times every question."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench.console.seeding import seed
from bench.console.timing import SLOW_MS, timed
from console.store.database import Database


def main() -> int:
    """Prints the table; 1 where a question takes 50 ms or more, or reads a whole table."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("place", nargs="?", help="a path, or postgresql://...; kept; default: a file that is not")
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--sellers", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(given.place or str(Path(folder) / "console.db"))
        with database.reading() as connection:
            empty = connection.exec_driver_sql("SELECT 1 FROM sellers LIMIT 1").one_or_none() is None
        if empty:
            begun = time.perf_counter()
            seed(
                database, alerts=given.alerts, of_sellers=given.sellers, told=lambda what: print(what, file=sys.stderr)
            )
            print(f"filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        slow = False
        print("| question | ms | of these busy |\n|---|---|---|")
        for each in timed(database):
            slow |= each.busy_ms >= SLOW_MS or bool(each.scans)
            print(f"| {each.name} | {each.median_ms:.1f} | {each.busy_ms:.1f} |{' '.join(each.scans)}", flush=True)
        database.close()
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
