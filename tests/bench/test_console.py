"""The console's questions on a database that fills itself: no table is read whole, and the rows are like real ones."""

from pathlib import Path

from bench.console.seeding import LARGE, seed
from bench.console.timing import timed
from console.store.database import Database
from console.store.queries.alert import alert_page
from console.store.queries.queue import QueueFilter, queue
from console.store.raising import take_alerts
from console.store.schema import alert_bodies, alert_words, alerts


def test_every_question_is_answered_by_an_index(tmp_path: Path) -> None:
    database = Database.open(str(tmp_path / "console.db"))
    seed(database, alerts=20_000, of_sellers=4_000)
    found = list(timed(database))
    assert len(found) > 30
    assert [each for each in found if each.scans] == []
    assert all(each.busy_ms > 0 for each in found)
    database.close()


def test_seeded_alerts_are_those_that_the_feed_would_write(tmp_path: Path) -> None:
    seeded = Database.open(str(tmp_path / "seeded.db"))
    seed(seeded, alerts=300, of_sellers=100)
    with seeded.reading() as connection:
        item = queue(connection, QueueFilter(seller_id=LARGE)).items[0]
        page = alert_page(connection, item.alert_id)
    assert page is not None
    assert (page.alert.alert_id, page.alert.severity, page.alert.pattern) == (
        item.alert_id,
        item.severity,
        item.pattern,
    )
    fed = Database.open(str(tmp_path / "fed.db"))
    with fed.writing() as connection:
        take_alerts(connection, [page.alert], 0)
    with fed.reading() as one, seeded.reading() as other:
        for table in (alerts, alert_bodies, alert_words):
            kinds = [
                [type(value) for value in connection.execute(table.select().limit(1)).one()[:7]]
                for connection in (one, other)
            ]
            assert kinds[0] == kinds[1]
    for database in (seeded, fed):
        database.close()
