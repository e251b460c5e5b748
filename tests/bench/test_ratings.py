"""Ratings as events, and what is measured on them, on made-up traders whose course is known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

from bench.data import olist, otc
from bench.data.dataset import Selection
from bench.detection.__main__ import main
from bench.detection.ratings import honest, moments, traders
from detectors.events import OrderPlaced, ReviewLeft
from tests.bench import tables

START = datetime(2012, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The source tells times without a zone."""
RATED_LATER = "2012-05-01 00:00:00"


def ratings(folder: Path, rows: Sequence[tables.Row]) -> Path:
    return tables.bitcoin_otc(folder, rows)


def praise(rater: int, rated: int, hours: float, rating: int = 1) -> tables.Row:
    return (rater, rated, rating, START + timedelta(hours=hours))


def test_a_rating_is_a_review_of_a_few_stars_that_names_no_order(tmp_path: Path) -> None:
    rows = [(1, 9, 1, "2012-01-01 10:00:00"), (2, 9, -1, "2012-01-02 10:00:00"), (3, 9, -10, "2012-01-03 10:00:00")]
    events = tables.read(otc.reviews(otc.read(ratings(tmp_path, rows)), orders=False))

    assert [event.body for event in events] == [
        ReviewLeft("trader-1", 5), ReviewLeft("trader-2", 2), ReviewLeft("trader-3", 1),
    ]  # fmt: skip
    assert {event.seller_id for event in events} == {"trader-9"}


def test_an_order_is_made_up_a_day_before_its_review_on_request(tmp_path: Path) -> None:
    rows = [(1, 9, 1, "2012-01-02 10:00:00")]
    placed, review = tables.read(otc.reviews(otc.read(ratings(tmp_path, rows)), orders=True))

    assert isinstance(placed.body, OrderPlaced)
    assert review.body == ReviewLeft("trader-1", 5, placed.body.order_id)
    assert placed.event_time == datetime(2012, 1, 1, 10, tzinfo=UTC).timestamp() * 1e6
    assert 5_000 / 4 <= placed.body.amount_minor <= 5_000 * 4


def test_what_comes_later_says_who_turns_out_bad_and_nothing_before_does(tmp_path: Path) -> None:
    rows = [praise(rater, rated, rater) for rated in (7, 8, 9) for rater in (1, 2, 3)]
    rows += [praise(4, 8, 4), praise(1, 6, 5, -10), praise(2, 6, 6, -10), praise(3, 6, 7, 1)]
    rows += [(5, 7, -10, RATED_LATER), (6, 7, 9, RATED_LATER), (5, 8, 3, RATED_LATER), (6, 6, 1, RATED_LATER)]
    found = moments(otc.read(ratings(tmp_path, rows)))

    assert found.select("rated_id", "count", "bad").rows() == [(6, 3, False), (7, 3, True), (8, 4, False)]
    assert found["event_time"].unique().to_list() == [START + timedelta(days=91)]
    assert found["mean"].to_list() == [-19 / 3, 1.0, 1.0]


def test_traders_whom_the_same_people_praise_are_told_of(tmp_path: Path) -> None:
    ring, lone = [1, 2, 3], [4, 5, 6]
    orders = list(permutations(ring))
    rows = [praise(100 + n, rated, 24 * n + at) for n in range(30) for at, rated in enumerate(orders[n % 6])]
    rows += [praise(1000 * rated + n, rated, 24 * n + rated) for n in range(30) for rated in lone]
    rows += [(99, rated, -10 if rated in ring else 5, RATED_LATER) for rated in (*ring, *lone)]
    text = traders(otc.read(ratings(tmp_path, rows)))

    assert "## Ratings: 6 quarters of 6 traders, 50.0% bad" in text
    assert "3 quarters (3 bad) of 3 traders (3 bad)" in text
    assert "| no orders: review_circle                          | 1.000 " in text


def test_honest_reviews_are_counted_with_the_sellers_that_they_alert(tmp_path: Path) -> None:
    items = [(f"o{n}", "mug", "s", "2017-03-08 12:00:00", 10.0, 2.5, "housewares") for n in range(3)]
    reviewed = [(f"o{n}", 5, "2017-03-11 20:30:00") for n in range(3)]
    text = honest(olist.load(tables.olist(tmp_path, items, reviews=reviewed), Selection()))

    assert "| as they are                            | 3        | 1       | 0 " in text
    assert counts(text) == ["0", "0", "0"]


def counts(text: str) -> list[str]:
    """Sellers alerted: as they are, without order ids, by people who bought nothing."""
    return [line.split("|")[4].strip() for line in text.splitlines() if line.startswith("|")][2:]


def test_a_burst_of_praise_by_strangers_among_them_would_be_counted(tmp_path: Path) -> None:
    items = [(f"o{n}", "mug", "s", "2017-03-08 12:00:00", 10.0, 2.5, "housewares") for n in range(25)]
    items.append(("last", "mug", "s", "2017-03-11 21:00:00", 10.0, 2.5, "housewares"))
    reviewed = [(f"o{n}", 5, "2017-03-11 20:30:00") for n in range(25)]
    text = honest(olist.load(tables.olist(tmp_path, items, reviews=reviewed), Selection()))

    assert counts(text) == ["0", "0", "1"]


def test_ratings_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert main(["ratings", "--data", str(tmp_path)]) == 2
