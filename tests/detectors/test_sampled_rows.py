"""Which orders learn gets to see, what each stands for, and which labels come too late or from elsewhere."""

import msgspec

from detectors.events import DAY, PaymentDisputed
from detectors.profiles.order_rows import FORMAT, HORIZON, decode_order_row
from detectors.sampling import RISKY, SAMPLED
from tests.builders import Market, order_placed
from tests.detectors.learned import learned_models
from tests.detectors.trades import covert


def test_a_risky_order_stands_for_itself_and_any_other_of_the_sample_for_eight() -> None:
    market = Market(learned_models())
    for number in range(60):
        market.happens(order_placed(amount_minor=90_000 if number % 2 else 100), days=0.2)
    rows = [row for row in market.effects.rows if row.features]

    assert {row.weight for row in rows if row.risk >= RISKY} == {1}
    assert all(row.weight == SAMPLED for row in rows if row.risk < RISKY)
    assert any(row.extra for row in rows)
    assert all(row.risk >= RISKY for row in rows if row.extra)


def test_a_row_names_the_versions_whose_opinions_it_holds_until_its_label_comes() -> None:
    market = Market(learned_models("risk-70-ab", "challenger-81-cd"))
    market.happens(order_placed(order_id="one", amount_minor=90_000))
    market.models = learned_models()
    rows = [row for row in market.effects.rows if row.features]
    rows += market.happens(PaymentDisputed("one"), days=7).rows

    assert [row.label for row in rows] == [None, "bad"]
    assert {(row.risk_offset, row.challenger_offset) for row in rows} == {(70, 81)}
    market.happens(order_placed(order_id="two"))
    assert market.order_rows["two"].risk_offset == -1


def test_a_row_kept_before_versions_were_named_is_read_and_names_none() -> None:
    stored = FORMAT + msgspec.msgpack.encode(("s", "c", 1, 2, 3, b"\x01", False, False, 0.5, 0.25))
    row = decode_order_row(stored)

    assert (row.risk, row.risk_offset, row.challenger, row.challenger_offset) == (0.5, -1, 0.25, -1)


def test_what_no_dispute_would_tell_of_is_not_taken_for_clean_trade() -> None:
    market = covert(20)

    assert "small_repeat" in market.patterns()
    assert any(row.unjudged for row in market.order_rows.values())
    assert all(row.suspicious for row in market.order_rows.values() if row.unjudged)


def test_a_dispute_labels_an_order_of_its_seller_until_the_horizon() -> None:
    def labelled(days: float, seller_id: str = "seller-1") -> int:
        market = Market()
        market.happens(order_placed(order_id="one"))
        market.happens(PaymentDisputed("one"), days=days, seller_id=seller_id)
        return len([row for row in market.effects.rows if row.label])

    horizon = HORIZON / DAY
    assert [labelled(7.0), labelled(horizon - 0.1), labelled(horizon), labelled(7.0, "seller-2")] == [1, 1, 0, 0]
