"""Drawings of linked sellers: who is in them, and that their names can be read."""

from itertools import combinations

import pytest

from console.drawing.graph import CROWDED, MOST, Graph, Tie, graph

LINE = 12.0
"""Height of a name, in units of the drawing."""


def drawn(*ties: Tie) -> Graph:
    found = graph("root", ties)
    assert found is not None
    return found


def star(number: int, strength: float = 0.5) -> list[Tie]:
    return [Tie("root", f"seller-{n}", "device", strength) for n in range(number)]


def test_a_seller_whose_own_ties_are_all_weak_is_drawn_with_them_among_many_strong_ones() -> None:
    far = [Tie(f"seller-{n}", f"far-{n}", "payout_account", 0.9) for n in range(CROWDED)]
    found = drawn(*star(3, 0.0), *far)
    assert {node.seller_id for node in found.nodes} >= {"root", "seller-0", "seller-1", "seller-2"}


def test_sellers_that_only_weak_ties_lead_to_are_counted_as_left_to_the_table() -> None:
    found = drawn(*star(2), *[Tie("root", f"weak-{n}", "ip", 0.0) for n in range(CROWDED)])
    assert {node.seller_id for node in found.nodes} == {"root", "seller-0", "seller-1"}
    assert found.left_out == CROWDED


@pytest.mark.parametrize("number", [1, 2, 9, 10, 11, 12, 23, CROWDED, MOST - 1])
def test_names_around_a_seller_do_not_run_into_each_other_nor_out_of_the_drawing(number: int) -> None:
    found = drawn(*star(number))
    left, _, width, _ = map(float, found.box.split())
    boxes = []
    for node in found.nodes[1:]:
        begins = {"start": node.label_x, "middle": node.label_x - 65, "end": node.label_x - 130}[node.anchor]
        assert left <= begins
        assert begins + 130 <= left + width
        boxes.append((begins, node.label_y))
    for (x, y), (other_x, other_y) in combinations(boxes, 2):
        assert abs(x - other_x) >= 130 or abs(y - other_y) >= LINE
