"""Pictures and texts that another seller published before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, either, rise
from detectors.events import ListingPublished, Micros, Record
from detectors.language.sketches import IMAGE, TEXT
from detectors.patterns.base import Case, Term, account, against, share
from detectors.profiles.facet_states import KEPT_ID, Copies
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.sightings import hub_damping

MEMORY: Final = 20
DOUBT: Final = 2
ORIGINAL: Final = Copies()


def _learn_listing(p: Profile, record: Record, body: ListingPublished, _time: Micros, _m: Moment) -> None:
    image = text = banned = 0.0
    of, sellers = "", 0
    for sighting in record.seen:
        if sighting.kind not in (IMAGE, TEXT):
            continue
        others = [other for other in sighting.others if other.seller_id != record.seller_id]
        if not others:
            continue
        weight = hub_damping(sighting.sellers)
        if sighting.kind == IMAGE:
            image = max(image, weight)
        else:
            text = max(text, weight)
        if others[0].status:
            banned = max(banned, weight)
        if not of or others[0].status:
            of, sellers = others[0].seller_id[:KEPT_ID], sighting.sellers
    before = p.copies
    if before is None:
        if not of:
            return
        before = ORIGINAL
    elif not body.image_hashes and not body.description:
        return  # nothing that could have been copied
    rate = 1.0 / min(p.listings + DOUBT, MEMORY)
    p.copies = Copies(
        before.images + (image - before.images) * rate,
        before.texts + (text - before.texts) * rate,
        before.banned + (banned - before.banned) * rate,
        of or before.of,
        sellers or before.sellers,
    )


class CopiesFacet:
    """How much of a seller's listings was others' before."""

    state: ClassVar[str] = "copies"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 3
    features: ClassVar[tuple[str, ...]] = ("images_reused", "texts_copied", "banned_listings")
    prior: ClassVar[Mapping[str, float]] = {"images_reused": 0.03, "texts_copied": 0.02}

    def learns(self) -> Mapping[type, Learner]:
        return {ListingPublished: _learn_listing}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.copies or ORIGINAL
        return s.images, s.texts, s.banned

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (images, texts, banned) = raw
        return images, texts, banned


def _say_images(case: Case) -> str:
    s = case.state(Copies, ORIGINAL)
    shown = f"pictures that {s.sellers} other seller(s) showed before, {s.of} among them"
    return against(case, f"{share(case.observed)} of listings show {shown}")


def _say_texts(case: Case) -> str:
    s = case.state(Copies, ORIGINAL)
    return against(case, f"{share(case.observed)} of listings repeat a text of {s.of}")


def _say_banned(case: Case) -> str:
    of = case.state(Copies, ORIGINAL).of
    return against(case, f"{share(case.observed)} of listings were {of}'s, who was banned or confirmed before")


def _say_account(case: Case) -> str:
    return f"copied by an account {account(case)}"


@dataclass(frozen=True)
class ListingReuse:
    """Looks for near-equal pictures (by perceptual hash) and copied texts between sellers.

    Resellers share a maker's pictures: what many sellers share is damped to nothing, and copies alone stay below
    the line. The pictures and texts of a banned or confirmed seller, on a young account, do not.

    Misses pictures that were cropped or mirrored, and texts that were rewritten.

    Args:
        images, texts, banned, account: Weight of each fact.
    """

    name: ClassVar[str] = "listing_reuse"
    idle_below: ClassVar[Mapping[str, float]] = {"images_reused": 0.1, "texts_copied": 0.1, "banned_listings": 0.05}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("banned_seller_listings", "banned_listings", _say_banned),
        Term("images_reused", "images_reused", _say_images),
        Term("texts_copied", "texts_copied", _say_texts),
        Term("account_copies", "account_new", _say_account),
    )

    images: float = 0.5
    texts: float = 0.6
    banned: float = 2.2
    account: float = 0.5

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        images, texts = rise(f["images_reused"], 0.1, 0.3), rise(f["texts_copied"], 0.1, 0.3)
        banned = rise(f["banned_listings"], 0.05, 0.25)
        fresh = either(0.8 * f["account_new"], 0.5 * f["unverified"])
        return (
            self.banned * banned * (0.4 + 0.6 * f["account_new"]),
            self.images * images,
            self.texts * texts,
            self.account * either(images, texts) * fresh,
        )
