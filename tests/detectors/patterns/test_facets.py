"""What every facet promises, whatever it is about."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from detectors.events import Record
from detectors.patterns.facets import FACET_FEATURES, FACETS, NOTHING, Facet, FacetNumbers, states_of
from detectors.patterns.features import FEATURES, TRADE_FEATURES
from detectors.profiles import facet_states
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Profile, decode_profile, encode_profile
from tests.builders import Market
from tests.detectors.streams import logs

MOMENT = Moment()
each_facet = pytest.mark.parametrize("facet", FACETS, ids=lambda facet: facet.state)


@each_facet
def test_a_seller_without_its_state_has_features_without_weight(facet: Facet) -> None:
    assert getattr(Profile(), facet.state) is None
    columns = facet.features_of(np.array(facet.nothing).reshape(-1, 1))

    assert len(columns) == len(facet.features)
    for column in columns:
        assert column.shape == (1,)
        assert 0.0 <= column[0] <= 1.0


@each_facet
def test_its_prior_norms_are_of_its_own_features(facet: Facet) -> None:
    assert set(facet.prior) <= set(facet.features)
    assert all(0.0 <= norm <= 1.0 for norm in facet.prior.values())


def test_no_two_features_have_the_same_name() -> None:
    assert len(set(FEATURES)) == len(FEATURES)
    assert FEATURES[: len(TRADE_FEATURES)] == TRADE_FEATURES


def test_states_are_frozen_for_scored_events_keep_them() -> None:
    structs = [kind for kind in vars(facet_states).values() if isinstance(kind, msgspec.StructMeta)]
    states = [kind for kind in structs if kind.__module__ == facet_states.__name__]

    assert states
    for kind in states:
        assert kind.__struct_config__.frozen
        assert kind.__struct_config__.array_like


@settings(max_examples=60, deadline=None)
@given(logs())
def test_features_stay_within_0_and_1_whatever_happens(log: list[Record]) -> None:
    market = Market()
    market.fold(log)
    for seller in market.sellers.values():
        numbers = FacetNumbers()
        numbers.take(0, states_of(seller), seller, MOMENT)
        columns = numbers.features(1)
        assert columns.shape == (len(FACET_FEATURES), 1)
        assert np.isfinite(columns).all()
        assert ((columns >= 0.0) & (columns <= 1.0)).all()


@settings(max_examples=40, deadline=None)
@given(logs())
def test_what_a_seller_s_facets_remember_is_read_back_as_it_was_written(log: list[Record]) -> None:
    market = Market()
    market.fold(log)
    for seller in market.sellers.values():
        assert states_of(decode_profile(encode_profile(seller))) == states_of(seller)


def test_a_profile_stored_before_a_facet_was_there_has_none() -> None:
    fields = msgspec.structs.astuple(Profile())
    older = encode_profile(Profile())[:1] + msgspec.msgpack.encode(fields[: -len(FACETS)])

    assert states_of(decode_profile(older)) == NOTHING
