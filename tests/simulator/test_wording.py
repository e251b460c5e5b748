"""What made-up listings are called: some illicit ones name their goods, honest ones only sound so now and then."""

import json

from detectors.language.reader import SAMPLE_READER
from simulator import staged
from simulator.kinds.shop import Shop
from simulator.kinds.small_repeat import SmallRepeat
from simulator.wording import CODED, Wording


def words(number: int) -> list[str]:
    own = Wording(1, "words", number, share=1.0)
    return [own.title("Classic candle, blue") for _ in range(4)]


def test_of_outspoken_sellers_some_disguise_names_and_the_others_write_in_code() -> None:
    disguised = [titles for titles in map(words, range(40)) if not set(titles) & set(CODED)]

    assert 10 <= len(disguised) <= 30
    found = [SAMPLE_READER.title(title).named for titles in disguised for title in titles]
    assert sum(value > 0.0 for value in found) > 0.8 * len(found)


def test_most_coded_titles_are_not_known_to_any_list() -> None:
    """They are there to be learned, not to be found."""
    named = [title for title in CODED if SAMPLE_READER.title(title).named]

    assert 0 < len(named) < 0.6 * len(CODED)


def test_a_seller_without_words_of_its_own_keeps_its_titles() -> None:
    assert Wording(1, "words", 1, share=0.0).title("Classic candle, blue") == "Classic candle, blue"


def test_titles_tell_some_illicit_sellers_and_customs_forms_never_do() -> None:
    market = staged(3, 20, {SmallRepeat: 40, Shop: 40})
    illicit = {true["seller_id"] for true in map(json.loads, market.truth()) if true["illicit"]}
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for event in map(json.loads, market.events()):
        if event["type"] == "listing.published" and SAMPLE_READER.title(event["title"]).named:
            named[event["seller_id"] in illicit].add(event["seller_id"])
        if event["type"] == "shipment.created":
            assert not SAMPLE_READER.title(event["declared_contents"]).named

    assert 4 <= len(named[True]) <= 16
    assert not named[False]
