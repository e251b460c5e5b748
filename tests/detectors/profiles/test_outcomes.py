from detectors.events import DAY, PaymentDisputed
from detectors.profiles.facet_states import Outcomes
from detectors.profiles.outcomes import REMEMBERED, SIZE, episode_of
from tests.builders import Market, known_buyer, order_placed


def shop_with(bad: set[int], orders: int = 40, *, market: Market | None = None) -> Market:
    """One order a day; those numbered in `bad` are disputed a week later."""
    market = market or Market()
    due: list[tuple[int, str]] = []
    for number in range(orders):
        body = order_placed()
        market.happens(body, days=1.0)
        if number in bad:
            due.append((number + 7, body.order_id))
        for when, order_id in list(due):
            if when == number:
                market.happens(PaymentDisputed(order_id))
                due.remove((when, order_id))
    return market


def outcomes(market: Market) -> Outcomes:
    state = market.seller().outcomes
    assert state is not None
    return state


def test_a_run_of_bad_orders_is_believed_to_go_on_until_good_ones_are_known() -> None:
    market = shop_with(set(range(20, 40)), 40)
    during = episode_of(outcomes(market), market.now)
    assert during.belief > 0.7
    assert during.run >= 10
    assert 18 < during.age < 21

    shop_with(set(), 20, market=market)
    after = episode_of(outcomes(market), market.now)
    assert after.belief < 0.05
    assert after.run == 0


def test_one_bad_order_among_good_ones_is_no_episode() -> None:
    market = shop_with({20}, 40)
    assert episode_of(outcomes(market), market.now).belief < 0.05


def test_a_bad_order_that_its_buyer_explains_is_not_the_sellers_fault() -> None:
    def after_one(*seen: object) -> float:
        market = Market()
        for _ in range(12):
            market.happens(order_placed(), days=1.0)
        body = order_placed(amount_minor=90_000)
        market.happens(body, *seen, days=1.0)  # type: ignore[arg-type]
        market.happens(PaymentDisputed(body.order_id), days=7.0)
        return episode_of(outcomes(market), market.now).belief

    usual = known_buyer(orders=30, amount_mean=4_000.0, amount_deviation=900.0)
    assert after_one(usual) < 0.5 * after_one()


def test_a_busy_seller_is_remembered_for_weeks_in_as_many_bytes() -> None:
    market = Market()
    for _ in range(3_000):
        market.happens(order_placed(), days=0.01)
    ring = outcomes(market).ring
    assert len(ring) == REMEMBERED * SIZE
    first = int.from_bytes(ring[:4], "little") * 60 * 1_000_000
    assert market.now - first > 14 * DAY


def test_a_dispute_of_an_order_that_is_no_longer_known_changes_nothing() -> None:
    market = shop_with(set(), 10)
    before = outcomes(market)
    market.happens(PaymentDisputed("never placed"))
    assert outcomes(market) == before
