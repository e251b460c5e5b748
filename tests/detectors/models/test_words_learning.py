"""From a listing to a verdict to a model that knows the next seller."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import msgspec
import pytest

from detectors.events import DAY, HOUR, ListingPublished, OrderPlaced, Record, Source, VerdictGiven
from detectors.fold import labelled_texts
from detectors.language.text_model import TextModel, TextModelError
from detectors.models.learners import COHORTS, WORDS, Learners, Published
from detectors.models.training import TrainingRow, decode_row, encode_row
from detectors.models.words_learner import (
    A_SELLER,
    CLEAN_WINDOW,
    PATIENCE,
    WordsLearner,
    proposed_terms,
    words_model,
)
from detectors.patterns.features import FEATURES
from detectors.profiles.kept_texts import (
    PLACES,
    KeptText,
    UnknownTextFormatError,
    decode_kept_text,
    encode_kept_text,
)
from tests.builders import MONDAY, PRIOR_MODELS, Market, order_placed, record, registered
from tests.detectors.language.test_text_model import bad_texts, clean_texts
from tests.detectors.patterns.test_listing_language import listed


def verdict(found: str) -> VerdictGiven:
    return VerdictGiven(found, "ann")  # type: ignore[arg-type]


def rows(market: Market) -> list[TrainingRow]:
    return [row for row in market.effects.rows if row.texts]


def test_a_verdict_hands_over_what_the_seller_s_listings_said() -> None:
    market = listed("Zorpite grade A", "Fresh ZORPITE", "Zorpite grade A")
    market.happens(verdict("confirmed"), days=1.0)

    (row,) = rows(market)
    assert (row.label, row.label_source, row.features) == ("bad", "verdict", ())
    assert set(row.texts) == {" zorpite grade a ", " fresh zorpite "}
    assert decode_row(encode_row(row)) == row


def test_a_dismissal_hands_them_over_as_good() -> None:
    market = listed("Oak shelf")
    market.happens(verdict("dismissed"))

    assert [row.label for row in rows(market)] == ["good"]


def test_what_was_said_longer_ago_than_labels_take_is_left_out() -> None:
    market = listed("Zorpite")
    market.happens(verdict("confirmed"), days=50.0)

    assert rows(market) == []


def test_however_much_is_listed_few_texts_are_kept() -> None:
    market = listed(*[f"Shelf {number}" for number in range(200)], days=0.01)

    assert len(market.texts) <= PLACES
    assert all(len(text.plain) <= 200 for text in market.texts.values())


def test_titles_of_sampled_orders_are_kept_where_a_seller_lists_nothing() -> None:
    market = Market()
    market.happens(registered())
    for _ in range(60):
        market.happens(order_placed(), days=0.01)

    assert [text.plain for text in market.texts.values()] == [" thing "]


def test_only_sellers_of_long_standing_are_shown_as_clean() -> None:
    def after(days: float) -> list[TrainingRow]:
        market = Market()
        market.happens(registered())
        for _ in range(12):
            market.happens(order_placed())
        market.now += int(days * DAY)
        return rows(listed(*[f"Oak shelf {n}" for n in range(40)], market=market, days=0.01))

    assert after(5) == []
    assert after(40) != []
    assert {(row.label, row.label_source, len(row.texts)) for row in after(40)} == {("good", "proven", 1)}
    assert len(after(40)) <= 12


def test_it_does_not_matter_where_a_batch_ends() -> None:
    def happening(market: Market) -> list[Record]:
        made: list[Record] = []
        for number in range(30):
            body = ListingPublished(f"l{number}", title=f"Zorpite {number % 5}", description="shelf " * (number % 3))
            made.append(record(body, event_time=MONDAY + number * HOUR, event_id=f"a{number}"))
            made.append(record(order_placed(), event_time=MONDAY + number * HOUR, event_id=f"b{number}"))
        made.append(record(verdict("confirmed"), event_time=MONDAY + 31 * HOUR, event_id="c"))
        return made

    at_once, one_by_one = Market(), Market()
    log = happening(at_once)
    at_once.fold(log)
    for each in log:
        one_by_one.fold([each])

    assert at_once.texts == one_by_one.texts
    assert at_once.effects.rows == one_by_one.effects.rows
    assert at_once.sellers == one_by_one.sellers


def test_the_places_of_a_verdict_s_seller_are_asked_for_and_no_others() -> None:
    bodies: Sequence[OrderPlaced | VerdictGiven] = (order_placed(), verdict("confirmed"))
    places = list(labelled_texts([record(body) for body in bodies]))

    assert len(set(places)) == PLACES
    assert all(place.endswith("/seller-1") for place in places)


def row(
    number: int, texts: Sequence[str], label: Literal["bad", "good"], features: tuple[float, ...] = ()
) -> TrainingRow:
    source, time = Source("sellerwatch.events", 0, number), MONDAY + number * HOUR
    said = tuple(texts)
    return TrainingRow(
        source, f"e{number}", None, f"s{number}", "", time, time, features, False, label, "verdict", texts=said
    )


def learned(learners: Learners) -> list[Published]:
    published: list[Published] = []
    clean = clean_texts(640)
    for number, text in enumerate(clean):
        if 300 <= number < 340:
            published += learners.learn_one(row(number, bad_texts(4, seed=number + 300), "bad"), number)
        else:
            published += learners.learn_one(row(number, [text], "good"), number)
    return published


def test_after_verdicts_a_model_is_published_that_knows_the_next_seller() -> None:
    published = learned(Learners.new())
    model = words_model(published[-1].publication, published[-1].version)
    market = Market(replace(PRIOR_MODELS, words=model))
    market.happens(registered(verification="pending"))
    listed("Zorpite fresh batch 3g", "Zorpite, new menu 5g", "zorpite top quality 2g", market=market)
    listed("zorpite limited drop 1g", "Zorpite next day 4g", "z o r p i t e grade a 2g", market=market)

    assert {each.model for each in published} == {WORDS}
    assert "listing_language" in market.patterns()
    assert market.effects.decisions[-1].versions["words"] == published[-1].version
    assert proposed_terms(published[-1].publication)[0].term == "zorpite"


def test_equal_rows_give_equal_snapshots_also_after_a_restart() -> None:
    learners = Learners.new()
    first = learned(learners)
    again = Learners.new()
    again.restore(WORDS, learners.snapshots()[WORDS])
    more = row(700, bad_texts(4, seed=1), "bad")

    assert [each.version for each in first] == [each.version for each in learned(Learners.new())]
    assert list(learners.learn_one(more, 700)) == list(again.learn_one(more, 700))
    assert learners.snapshots()[WORDS] == again.snapshots()[WORDS]


def test_ten_verdicts_on_one_seller_are_one_confirmed_seller_also_after_a_restart() -> None:
    learner = WordsLearner()
    for number in range(10):
        learner.learn_one(msgspec.structs.replace(row(number, [" zorpite "], "bad"), seller_id="the same"))
        learner = WordsLearner.restore(learner.snapshot())

    assert (learner.text.bad_sellers, learner.emerging.bad_sellers) == (1, 1)
    assert learner.emerging.candidates() == []


def proven(number: int, seller: str, text: str) -> TrainingRow:
    return msgspec.structs.replace(row(number, [text], "good"), seller_id=seller, label_source="proven")


def test_no_proven_seller_unlearns_a_code_word_by_flooding_it_also_over_a_restart() -> None:
    learner = WordsLearner()
    for number in range(12):
        learner.learn_one(row(number, bad_texts(4, seed=number), "bad"))
    for number, text in enumerate(clean_texts(300)):
        learner.learn_one(proven(number, f"shop-{number % 60}", text))
    taught = learner.text.clean
    for number, text in enumerate(bad_texts(900)):
        learner.learn_one(proven(number, "flooder", text))
        if number in (3, 500):
            learner = WordsLearner.restore(learner.snapshot())

    assert (taught, learner.text.clean - taught) == (300, A_SELLER)
    counted = {one.term: (one.confirmed, one.clean) for one in learner.emerging.candidates(10)}
    assert counted["zorpite"] == (12, 1)


def test_where_hardly_anybody_is_proven_they_teach_again_and_again() -> None:
    learner = WordsLearner()
    for number, text in enumerate(clean_texts(2 * PATIENCE * CLEAN_WINDOW + 1)):
        learner.learn_one(proven(number, f"shop-{number % 2}", text))

    assert learner.text.clean == 2 * 2 * A_SELLER + 1


def test_rows_with_texts_teach_nothing_about_cohorts_and_the_other_way_round() -> None:
    learners = Learners.new()
    before = learners.snapshots()
    list(learners.learn_one(row(1, [" zorpite "], "bad"), 1))
    assert learners.snapshots()[COHORTS] == before[COHORTS]

    words = learners.snapshots()[WORDS]
    list(learners.learn_one(row(2, [], "bad", features=(0.5,) * len(FEATURES)), 2))
    assert learners.snapshots()[WORDS] == words


@pytest.mark.parametrize("damage", [b"", b"SWWL\x01", b"SWWL\x01\x99", b"SWWO\x01\xff"])
def test_what_is_no_state_or_snapshot_is_refused(damage: bytes) -> None:
    with pytest.raises(TextModelError):
        WordsLearner.restore(damage)
    with pytest.raises(TextModelError):
        words_model(damage, "words-1")


def test_a_kept_text_is_read_back_and_another_format_refused() -> None:
    text = KeptText("s", " zorpite ", MONDAY)

    assert decode_kept_text(encode_kept_text(text)) == text
    with pytest.raises(UnknownTextFormatError, match="this version reads"):
        decode_kept_text(b"\x09abc")


def test_an_untaught_model_is_not_named_among_the_versions() -> None:
    market = Market(replace(PRIOR_MODELS, words=TextModel()))
    market.happens(order_placed())

    assert "words" not in market.effects.decisions[0].versions
