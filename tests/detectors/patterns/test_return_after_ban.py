"""Who was banned and comes back: found before the fifth order; neighbours and namesakes are not."""

from detectors.events import DAY, LinkFound, OtherSeller, SellerReinstated, VerdictGiven
from detectors.language.sketches import IMAGE
from tests.builders import Market, known_buyer, order_placed, registered, shared_with, sighted
from tests.detectors.patterns.test_listing_reuse import copied, publishes
from tests.detectors.trades import Trade


def orders(market: Market, count: int, *seen: object) -> Market:
    for number in range(count):
        market.happens(order_placed(amount_minor=2_000 + 700 * number), *seen, days=0.3)  # type: ignore[arg-type]
    return market


def test_the_payout_account_of_a_banned_seller_alerts_at_the_first_order() -> None:
    market = Market()
    market.happens(registered(), shared_with("payout_account", "banned-1", status="banned"))
    orders(market, 1)

    assert market.patterns() == ["return_after_ban"]
    assert "same payout account as banned-1" in market.effects.alerts[0].reasons[0].text


def test_its_buyers_and_its_device_together_alert_before_the_fifth_order() -> None:
    market = Market()
    follower = sighted("buyer", events=9, others=(OtherSeller("banned-1", 0, "buyer", "banned"),))
    market.happens(registered(verification="pending"), shared_with("device", "banned-1", status="banned"))
    orders(market, 4, follower)

    assert market.patterns()[:1] == ["return_after_ban"]


def test_customers_of_a_town_that_a_banned_seller_had_too_are_no_return() -> None:
    trade = Trade()
    trade.market.happens(registered())
    follower = sighted("buyer", events=9, others=(OtherSeller("banned-1", 0, "buyer", "banned"),))
    for number in range(40):
        seen = follower if number % 6 == 5 else known_buyer()
        trade.market.happens(order_placed(amount_minor=1_500 + 300 * (number % 9)), seen, days=0.5)

    assert trade.market.effects.alerts == []
    assert trade.market.risk() < 0.5


def test_a_carrier_s_ip_shared_with_a_banned_seller_is_no_return() -> None:
    market = Market()
    market.happens(registered(), shared_with("ip", "banned-1", "banned-2", status="banned", among=40))
    orders(market, 5)

    assert market.effects.alerts == []


def test_an_old_shop_whose_housemate_gets_banned_is_left_alone() -> None:
    market = Market()
    market.happens(registered(device_id="k:device", ip="k:ip"))
    orders(market, 60)
    market.now += 60 * 86_400_000_000
    for kind, value in (("device", "k:device"), ("ip", "k:ip")):
        market.happens(LinkFound("housemate", kind, value, "seller", 2, "banned"))
    orders(market, 5)

    assert market.effects.alerts == []


def test_a_ban_that_is_lifted_lifts_what_it_said() -> None:
    market = Market()
    market.happens(registered(device_id="k:device"), shared_with("device", "seller-2", status="banned"))
    before = market.seller().ban_match
    market.happens(LinkFound("seller-2", "device", "k:device", "seller", 2, ""))

    assert before > 0.5
    assert market.seller().ban_match == 0.0


def test_a_confirmed_seller_keeps_its_standing_until_reinstated() -> None:
    market = Market()
    orders(market, 5)
    quiet = market.risk()
    market.happens(VerdictGiven("confirmed", "ann"))
    orders(market, 1)
    confirmed = market.risk()
    market.happens(SellerReinstated())
    orders(market, 1)

    assert confirmed > quiet + 0.3
    assert market.risk() < confirmed - 0.3


def came_back(*, device: bool, pictures: bool) -> Market:
    market = Market()
    market.happens(registered(verification="pending"), *([shared_with("device", "hydra", status="banned")] * device))
    return publishes(market, 4, *([copied(IMAGE, "hydra", status="banned")] * pictures))


def test_its_device_and_its_pictures_together_alert_before_anything_is_sold() -> None:
    both = came_back(device=True, pictures=True)

    assert "return_after_ban" in both.patterns()
    assert came_back(device=True, pictures=False).patterns() == []
    said = {reason.code for alert in both.effects.alerts for reason in alert.reasons}
    assert "banned_value" in said
    assert said & {"banned_listings", "banned_seller_listings"}  # one fact is told once, by its strongest pattern


def test_an_old_shop_that_shows_a_banned_seller_s_pictures_did_not_return() -> None:
    market = Market()
    market.happens(registered())
    orders(market, 60)
    market.now += 90 * DAY
    publishes(market, 4, copied(IMAGE, "hydra", status="banned"))

    assert "return_after_ban" not in market.patterns()
