"""What others list changes the next decision and says so; a namesake or a shared address alone does not."""

from typing import Any

import pytest

from detectors.events import DAY, Screened, SellerUpdated, ValueListed
from tests.builders import MONDAY, Market, order_placed, payment, registered, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.trades import shop

NOTICE = ValueListed("payout_account", "k:payout", "partner-42", "mule account")


def like_a_listed_name(**fields: Any) -> Screened:
    given: dict[str, Any] = {
        "field": "legal_name",
        "source": "OFAC SDN",
        "entry": "8279",
        "score": 0.98,
        "summary": "2 words equal",
        "country": "same",
        "reason": "SDNTK",
    }
    return Screened(**(given | fields))


def named(*found: Screened) -> Market:
    market = Market()
    market.happens(registered(legal_name="k:name"), screened=found)
    market.happens(order_placed(), days=1.0)
    return market


def test_a_listed_payout_account_alerts_at_the_next_order_and_says_by_whom_and_when() -> None:
    market = shop(20)
    before = market.risk()
    market.happens(NOTICE)
    market.happens(order_placed(), days=0.1)

    assert before < 0.4
    assert market.patterns() == ["intel"]
    reason = market.effects.alerts[0].reasons[0]
    assert reason.code == "listed_value"
    day = "2026-03"
    assert reason.text.startswith(f"payout account listed by partner-42 on {day}")
    assert "mule account" in reason.text


def test_an_account_that_registers_with_a_listed_wallet_alerts_at_its_first_order() -> None:
    market = Market()
    listed = sighted("payout_account", role="seller", listed="OFAC SDN", listed_since=MONDAY, listed_reason="SDNTK")
    market.happens(registered(payout_account="k:payout_account"), listed)
    market.happens(order_placed(), days=0.1)

    assert market.patterns() == ["intel"]
    assert "listed by OFAC SDN on 2026-03-02 (SDNTK)" in market.effects.alerts[0].reasons[0].text


def test_a_listing_that_is_withdrawn_says_nothing_any_more() -> None:
    market = shop(20)
    market.happens(NOTICE)
    market.happens(ValueListed("payout_account", "k:payout", "another", withdrawn=True))
    still = market.seller().intel
    market.happens(ValueListed("payout_account", "k:payout", "partner-42", withdrawn=True))
    market.happens(order_placed(), days=0.1)

    assert still is not None
    assert len(still.own) == 1
    assert market.patterns() == []
    assert features(market)["listed_value"] == 0.0


def test_a_listing_expires_by_event_time() -> None:
    market = shop(20)
    until = market.now + 5 * DAY
    market.happens(ValueListed("payout_account", "k:payout", "partner-42", until=until))
    market.happens(order_placed(), days=1.0)
    in_force = features(market)["listed_value"]
    market.happens(order_placed(), days=5.0)

    assert in_force > 0.9
    assert features(market)["listed_value"] == 0.0


@pytest.mark.parametrize("kind", ["ip", "address", "name"])
def test_what_may_be_another_s_does_not_alert_alone(kind: str) -> None:
    market = shop(20)
    market.happens(ValueListed(kind, "k:1", "partner-42"))
    market.happens(order_placed(), days=0.1)

    assert market.patterns() == []
    assert features(market)["listed_value"] > 0.0


def test_a_name_as_good_as_a_listed_one_in_its_country_alerts_and_names_the_entry() -> None:
    market = named(like_a_listed_name())

    assert market.patterns() == ["intel"]
    reason = market.effects.alerts[0].reasons[0]
    assert reason.code == "listed_name"
    assert "entry 8279 of OFAC SDN" in reason.text
    assert "same country" in reason.text


@pytest.mark.parametrize(
    "found",
    [
        like_a_listed_name(country="other"),
        like_a_listed_name(country=""),
        like_a_listed_name(score=0.85),
        like_a_listed_name(score=0.59, alias="weak"),
    ],
    ids=["namesake in another country", "country not known", "a weak match", "a weak alias"],
)
def test_a_weak_name_match_or_a_namesake_elsewhere_never_alerts_alone(found: Screened) -> None:
    market = named(found, like_a_listed_name(score=found.score, country=found.country, alias=found.alias, entry="9"))

    assert market.patterns() == []
    assert market.risk() < 0.65


def test_a_weak_name_match_adds_to_other_facts() -> None:
    market = named(like_a_listed_name(country=""))
    alone = market.risk()
    market.happens(ValueListed("address", "k:1", "partner-42"))
    market.happens(order_placed(), days=0.1)

    assert market.risk() > alone


def test_another_name_takes_the_place_of_the_one_that_was_screened() -> None:
    market = named(like_a_listed_name(country=""))
    market.happens(SellerUpdated(phone="k:phone"))
    kept = features_after_an_order(market)["listed_name"]
    market.happens(SellerUpdated(legal_name="k:other"))

    assert kept > 0.5
    assert features_after_an_order(market)["listed_name"] == 0.0


def features_after_an_order(market: Market) -> dict[str, float]:
    market.happens(order_placed(), days=0.1)
    return dict(features(market))


def test_an_order_paid_from_a_listed_wallet_scores_high_itself_and_says_why() -> None:
    market = shop(20)
    market.happens(payment(method="crypto"), sighted("wallet", listed="OFAC SDN", listed_since=MONDAY), days=0.1)
    paid = market.effects.decisions[-1]
    market.happens(order_placed(), days=0.1)

    assert paid.score > 0.7
    (reason,) = (reason for reason in paid.reasons if reason.code == "listed_here")
    assert reason.text == "the buyer's wallet listed by OFAC SDN on 2026-03-02"
    assert features(market)["listed_here"] == 0.0
    assert market.patterns() == ["payment_mix"]
    assert any(
        reason.text.endswith("wallet listed by OFAC SDN on 2026-03-02") for reason in market.effects.alerts[0].reasons
    )


def test_a_seller_that_no_list_knows_has_no_state() -> None:
    market = Market()
    market.happens(registered(legal_name="k:name"), sighted("email", role="seller"))
    market.happens(order_placed(), sighted("buyer"))

    assert market.seller().intel is None


def test_what_is_kept_is_bounded() -> None:
    market = Market()
    market.happens(registered())
    for number in range(50):
        market.happens(ValueListed("x" * 99, f"k:{number}", "s" * 500, "r" * 500))
    market.happens(registered(legal_name="k"), screened=tuple(like_a_listed_name(entry="e" * 200) for _ in range(9)))

    state = market.seller().intel
    assert state is not None
    assert len(state.own) == 2
    assert len(repr(state)) < 800
