import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from simulator import simulate
from simulator.dice import Dice

FINGERPRINT = """
import hashlib
from simulator import simulate
market = simulate(5, 60, 20)
digest = hashlib.sha256()
for line in (*market.events(), *market.truth()):
    digest.update(line)
print(digest.hexdigest())
"""
# Of the code above. Every Python version must give it; change it when the marketplace is meant to change.
GOLDEN = "afcc945a8bca1800c879495e9d2336c81c18f17ccdd1cc9011f459fe0fcf74ff"


def fingerprint(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.check_output([sys.executable, "-c", FINGERPRINT], env=environment, text=True).strip()


def test_a_seed_gives_the_same_bytes_in_every_process_and_python_version() -> None:
    assert [fingerprint("1"), fingerprint("20261121")] == [GOLDEN, GOLDEN]


def test_events_and_truth_can_be_asked_for_again_in_any_order() -> None:
    market = simulate(5, 40, 12)
    truth, events = list(market.truth()), list(market.events())

    assert list(market.events()) == events
    assert list(market.truth()) == truth
    assert list(simulate(5, 40, 12).events()) == events


def test_another_seed_gives_other_ids_so_that_two_marketplaces_do_not_mix() -> None:
    def ids(seed: int) -> set[bytes]:
        return {event.split(b'"', 4)[3] for event in simulate(seed, 20, 5).events()}

    assert ids(1).isdisjoint(ids(2))


def test_the_start_moves_the_marketplace_to_its_midnight() -> None:
    evening = datetime(2025, 1, 6, 23, 59, tzinfo=UTC)
    orders = [line for line in simulate(5, 30, 3, evening).events() if b"order.placed" in line and b'"2025-' in line]

    assert orders
    assert min(line[line.index(b"2025-") :][:10] for line in orders) == b"2025-01-06"


@pytest.mark.parametrize(("sellers", "days", "share"), [(0, 1, 0.05), (1, 0, 0.05), (1, 1, 1.5)])
def test_an_impossible_marketplace_is_refused(sellers: int, days: int, share: float) -> None:
    with pytest.raises(ValueError, match="needs at least"):
        simulate(1, sellers, days, illicit_share=share)


def test_a_start_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        simulate(1, 1, 1, datetime(2026, 1, 1))  # noqa: DTZ001 (that is the point)


def test_draws_have_the_distribution_that_they_name() -> None:
    dice = Dice("test")
    small, large = ([dice.poisson(mean) for _ in range(4_000)] for mean in (0.3, 80.0))
    heights = sorted(dice.lognormal(20.0, 0.5) for _ in range(4_000))

    assert sum(small) / 4_000 == pytest.approx(0.3, abs=0.04)
    assert sum(large) / 4_000 == pytest.approx(80.0, abs=0.8)
    assert heights[2_000] == pytest.approx(20.0, rel=0.05)
    assert sorted(dice.shuffled(range(50))) == list(range(50))
