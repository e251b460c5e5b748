"""Labels that come days late: runs of them are found, single ones among many orders are not."""

from detectors.events import PaymentDisputed
from tests.builders import Market, registered
from tests.detectors.trades import Trade, shop


def compromised_terminal(bad: int, then_good: int = 0) -> Market:
    """An order a day; from some day on all are bad, which comes back a week late."""
    trade = Trade()
    trade.market.happens(registered())
    waiting: list[tuple[int, str]] = []
    for day in range(30 + bad + then_good):
        body = trade.order(trade.dice.randrange(1_000, 9_000), f"card-{day}", days=1.0)
        if 30 <= day < 30 + bad:
            waiting.append((day + 7, body.order_id))
        while waiting and waiting[0][0] <= day:
            trade.market.happens(PaymentDisputed(waiting.pop(0)[1]))
    return trade.market


def test_a_run_of_bad_orders_is_found_though_labels_come_a_week_late() -> None:
    market = compromised_terminal(bad=16)

    assert "disputes" in market.patterns()
    assert "bad_episode" in market.contributions()


def test_before_the_first_label_nothing_is_known() -> None:
    assert compromised_terminal(bad=6).effects.alerts == []


def test_an_episode_that_is_over_fades_as_good_orders_get_old_enough() -> None:
    during, after = compromised_terminal(bad=14), compromised_terminal(bad=14, then_good=40)

    assert after.risk() < 0.5 * during.risk()


def test_some_disputes_among_many_orders_are_everyday_trade() -> None:
    market = shop(150)
    trade = Trade(market, seed=5)
    for number in range(200):
        body = trade.order(trade.dice.randrange(900, 9_000), f"many-{number}", days=0.1)
        if number % 60 == 59:
            market.happens(PaymentDisputed(body.order_id))

    assert market.effects.alerts == []


def test_an_order_of_a_seller_in_a_bad_episode_ranks_above_any_other() -> None:
    bad, good = compromised_terminal(bad=16), shop(40)

    assert bad.effects.decisions[-1].score > max(d.score for d in good.effects.decisions)
