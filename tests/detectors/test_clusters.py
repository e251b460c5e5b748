"""Who hangs together, and by what."""

import random

from detectors.clusters import Tie, clusters


def test_a_ring_is_found_through_its_members_and_each_tie_keeps_its_reason() -> None:
    ties = [
        Tie("a", "b", "payout_account", 0.95),
        Tie("b", "c", "device", 0.6),
        Tie("b", "c", "ip", 0.15),
        Tie("x", "y", "phone", 0.7),
    ]
    ring, pair = clusters(ties)

    assert ring.sellers == ("a", "b", "c")
    assert [(tie.via, tie.strength) for tie in ring.ties] == [("payout_account", 0.95), ("device", 0.6), ("ip", 0.15)]
    assert pair.sellers == ("x", "y")


def test_an_address_alone_ties_nobody_and_with_a_network_it_does() -> None:
    address, ip = Tie("a", "b", "address", 0.2), Tie("b", "a", "ip", 0.15)

    assert clusters([address]) == []
    assert clusters([address, ip, address])[0].sellers == ("a", "b")


def test_the_order_of_ties_does_not_matter() -> None:
    ties = [Tie(f"s{n}", f"s{(n * 7) % 23}", "device", 0.6) for n in range(40)]
    expected = clusters(ties)
    random.Random(4).shuffle(ties)

    assert clusters(ties) == expected
