"""A seller's listings, with the words in them that counted."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from console.store.queries.paging import MOST, after, cursor, read_cursor
from console.store.schema import listings
from detectors.events import Micros
from detectors.language.lexicon import Lexicon
from detectors.language.marking import Mark, marks


class ListingItem(Struct, frozen=True):
    """One listing as it was published last."""

    listing_id: str
    published_at: Micros | None
    removed_at: Micros | None
    title: str | None
    description: str | None
    """Its first 4,000 characters."""
    category: str | None
    amount_minor: int | None
    currency: str | None
    title_marks: list[Mark]
    """Words of the lists in the title: where each begins and ends, in characters."""
    description_marks: list[Mark]


class ListingsPage(Struct, frozen=True):
    """One page, the latest published first."""

    items: list[ListingItem]
    next: str | None


_LISTING: Final = tuple(listings.c[name] for name in ListingItem.__struct_fields__[:-2])
_PUBLISHED: Final = func.coalesce(listings.c.published_at, 0)


def listings_of(
    connection: Connection, seller_id: str, lexicon: Lexicon, *, limit: int = 50, after_cursor: str | None = None
) -> ListingsPage:
    """A seller's listings, 200 of which are kept.

    Args:
        lexicon: The word lists in force, as `streams.lexicons.lexicon_of` reads them.

    Raises:
        CursorError: The cursor is none of this list.
    """
    limit = min(max(limit, 1), MOST)
    by: list[tuple[Any, bool]] = [(_PUBLISHED, True), (listings.c.listing_id, True)]
    query = select(*_LISTING).where(listings.c.seller_id == seller_id)
    if after_cursor:
        query = query.where(after(by, read_cursor(after_cursor, "listings", [int, str])))
    rows = connection.execute(query.order_by(*[column.desc() for column, _ in by]).limit(limit + 1)).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return ListingsPage(
        [
            ListingItem(*row, marks(lexicon, row.title or ""), marks(lexicon, row.description or ""))  # type: ignore[call-arg]
            for row in page
        ],
        cursor("listings", [last.published_at or 0, last.listing_id]) if last else None,
    )
