"""A data set as events: one table a type of event, what is bad in it, what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl


@dataclass(frozen=True)
class Facts:
    """All events of one type: a table ordered by `event_time`, and how a row gives an event's fields."""

    type: str
    table: pl.DataFrame
    fields: Mapping[str, pl.Expr]
    """In the order in which they are written. Built late, so that the table stays small."""

    @classmethod
    def of(cls, event_type: str, table: pl.DataFrame, **fields: pl.Expr) -> "Facts":
        return cls(event_type, table.sort("event_time", maintain_order=True), fields)


class Bad(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a truth file. Who is not named in it is honest, as far as is known."""

    what: Literal["order", "seller", "buyer"]
    id: str
    why: str
    since: date | None = None
    until: date | None = None
    """The first day after it."""


@dataclass(frozen=True)
class Dataset:
    facts: tuple[Facts, ...]
    """In the order in which events of the same time are sent."""
    truth: tuple[Bad, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows that cannot become events, by reason."""

    def counts(self) -> dict[str, int]:
        return {facts.type: facts.table.height for facts in self.facts}

    def sellers(self) -> list[str]:
        """Every seller that has an event."""
        ids = [facts.table.select(seller=facts.fields["seller_id"]).unique() for facts in self.facts]
        return sorted(pl.concat(ids)["seller"].unique().to_list())

    def orders(self) -> pl.DataFrame:
        """`order_id`, `seller_id`, `event_time` of every order, in time order."""
        placed = next(facts for facts in self.facts if facts.type == "order.placed")
        return placed.table.select(
            "event_time", order_id=placed.fields["order_id"], seller_id=placed.fields["seller_id"]
        )


@dataclass(frozen=True)
class Selection:
    """The part of a data set to take: what began in some days, of a share of the sellers."""

    since: date | None = None
    until: date | None = None
    sample: float = 1.0
    payments: bool = False
    """Add the card payment of each order where the source says no more than that there was one."""

    def of(self, table: pl.DataFrame, *, seller: str, time: str = "event_time") -> pl.DataFrame:
        """Its rows of `table`; a seller comes whole or not at all."""
        if self.since is not None:
            table = table.filter(pl.col(time) >= self.since)
        if self.until is not None:
            table = table.filter(pl.col(time) < self.until)
        if self.sample >= 1:
            return table
        taken = [key for key in table[seller].unique().to_list() if share_of(str(key)) < self.sample]
        return table.filter(pl.col(seller).is_in(taken))


def share_of(key: str) -> float:
    """A number in 0..1 that depends on the key alone, on every machine and in every version."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) / 2**64


def minor_units(amount: str, per_unit: int) -> pl.Expr:
    """A column of amounts in the currency's smallest unit."""
    return (pl.col(amount) * per_unit).round().cast(pl.Int64)


def read_csv(path: Path, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The named columns of a small table."""
    return pl.read_csv(path, columns=list(columns), schema_overrides=columns)
