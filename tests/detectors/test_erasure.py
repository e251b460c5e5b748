"""An erased seller is a new one, whatever of it lies around; replays erase at the same record."""

from zlib import crc32

from detectors.alert_policy import Policy
from detectors.erasure import MENTION, SELLER, is_erased, mentioned
from detectors.events import DAY, ActRecorded, PaymentDisputed, Record, Source, VerdictGiven
from detectors.fold import KeptText, OrderRow
from detectors.models.training import encode_row
from detectors.profiles.facet_states import BuyerMix, Copies, Far, Praised, Prices, ReviewCircle, Ring
from detectors.profiles.profile import Link, Profile, decode_profile, encode_profile
from streams.fold import PartitionState, Step, fold_step
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from tests.builders import MONDAY, PRIOR_MODELS, order_placed, registered

Sellers = dict[str, Profile]
Rows = dict[str, OrderRow]


class Partition:
    """Folds records as watch and replay do."""

    def __init__(self) -> None:
        self.state = PartitionState(PRIOR_MODELS, Policy())
        self.sellers: Sellers = {}
        self.rows: Rows = {}
        self.texts: dict[str, KeptText] = {}
        self.offset = 0

    def fold(self, *records: Record) -> Step:
        items = [(self.offset + n, record) for n, record in enumerate(records)]
        self.offset += len(records)
        shelf, policies = ModelShelf(None), PolicyShelf(None, Policy())
        return fold_step(self.state, items, self.sellers, self.rows, shelf, policies, self.texts)


def happened(number: int, body: object, seller: str = "shop") -> Record:
    time = MONDAY + number * DAY // 24
    return Record(0, Source("t", 0, number), time, f"e{number}", time, seller, body)  # type: ignore[arg-type]


def orders(first: int, last: int) -> list[Record]:
    return [happened(n, order_placed(order_id=f"o{n}")) for n in range(first, last)]


def act(number: int, name: str = SELLER, seller: str = "shop", **more: object) -> Record:
    return happened(number, ActRecorded(name, "k1:somebody", "operator", **more), seller)  # type: ignore[arg-type]


def told(step: Step) -> list[bytes]:
    return [encode_row(row) for effects in step.effects for row in effects.rows]


def test_after_its_erasure_a_seller_is_a_new_one() -> None:
    erased, new = Partition(), Partition()
    later = [happened(51, registered()), *orders(52, 60)]

    erased.fold(*orders(0, 50), act(50), *later)
    new.fold(*later)

    left = decode_profile(encode_profile(erased.sellers["shop"]))
    assert left.erased_at == MONDAY + 50 * DAY // 24
    left.erased_at = 0
    assert encode_profile(left) == encode_profile(new.sellers["shop"])


def test_until_something_comes_only_the_mark_is_left() -> None:
    partition = Partition()

    partition.fold(*orders(0, 20), act(20))

    assert is_erased(partition.sellers["shop"])
    assert len(encode_profile(partition.sellers["shop"])) < len(encode_profile(Profile())) + 30


def test_rows_from_before_teach_nothing_whether_or_not_they_have_been_deleted() -> None:
    labels = [happened(41, PaymentDisputed(order_id="o5")), happened(42, VerdictGiven("confirmed", "ann"))]
    lying, deleted = Partition(), Partition()
    for partition in (lying, deleted):
        partition.fold(*orders(0, 40), act(40))
    deleted.rows.clear()
    deleted.texts.clear()

    assert told(lying.fold(*labels)) == told(deleted.fold(*labels)) == []
    assert encode_profile(lying.sellers["shop"]) == encode_profile(deleted.sellers["shop"])


def test_rows_from_after_it_teach_as_ever() -> None:
    partition = Partition()

    partition.fold(*orders(0, 40), act(40), *orders(41, 50))

    assert told(partition.fold(happened(51, PaymentDisputed(order_id="o45"))))


def test_it_does_not_matter_where_batches_end() -> None:
    records = [*orders(0, 20), act(20), *orders(21, 30), happened(30, PaymentDisputed(order_id="o3"))]
    whole, parts = Partition(), Partition()
    whole.fold(*records)

    for record in records:
        parts.fold(record)

    assert encode_profile(parts.sellers["shop"]) == encode_profile(whole.sellers["shop"])


def test_the_same_act_sent_again_erases_once() -> None:
    partition = Partition()
    again = Record(0, Source("t", 0, 30), MONDAY + 2 * DAY, "e20", MONDAY, "shop", act(20).body)

    partition.fold(*orders(0, 20), act(20), *orders(21, 30), again)

    assert partition.sellers["shop"].orders == 9


def test_others_forget_the_erased_seller_and_nothing_else() -> None:
    partition = Partition()
    partition.fold(*orders(0, 3))
    shop = partition.sellers["shop"]
    shop.links = (Link("gone", "device", 0.9, 1, "banned"), Link("other", "device", 0.5, 2))
    shop.copies = Copies(of="gone", sellers=1)
    shop.banned_prices = Prices("gone", b"four", 1.0)
    behind = Far("behind", "phone", crc32(b"gone"), 70)
    shop.ring = Ring((Far("gone", "phone", crc32(b"other"), 70), behind, Far("kept", "phone", crc32(b"other"), 70)))
    shop.buyer_mix = BuyerMix(1, buyers=("k1:ann", "k1:bob"))
    shop.review_circle = ReviewCircle((Praised("gone", 0.5), Praised("other", 0.2)))

    step = partition.fold(
        act(4, MENTION, subject_kind="seller", subject="gone"), act(5, MENTION, details={"hash": "k1:ann"})
    )

    assert [link.seller_id for link in shop.links] == ["other"]
    assert (shop.link_strength, shop.ban_match) == (0.5, 0.0)
    assert shop.copies.of == ""
    assert partition.sellers["shop"].banned_prices is None
    assert [far.seller_id for far in shop.ring.members] == ["kept"]
    assert shop.buyer_mix.buyers == ("k1:bob",)
    assert shop.review_circle == ReviewCircle((Praised("other", 0.2),))
    assert shop.orders == 3
    assert not mentioned(shop, "gone")
    assert step.changed == {"shop"}


def test_other_acts_and_mentions_of_nobody_change_nothing() -> None:
    partition = Partition()
    partition.fold(*orders(0, 3))
    before = encode_profile(partition.sellers["shop"])

    step = partition.fold(act(4, "login"), act(5, MENTION, subject_kind="seller", subject="gone"), act(6, seller=""))

    assert encode_profile(partition.sellers["shop"]) == before
    assert step.changed == set()
