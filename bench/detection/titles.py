"""Titles of illicit and of honest goods, by who sells them, split by a hash of the seller."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import polars as pl

from bench.data.catalogue import tables
from detectors.language.folding import Folded, fold_text

PRETENDED_SELLERS = 3_000
"""Most honest titles name no seller: they are dealt out to so many."""


@dataclass(frozen=True)
class Titles:
    """Titles of one source."""

    source: str
    illicit: bool
    sellers: Sequence[str]
    texts: Sequence[Folded]
    drugs: Sequence[bool]
    """Whether the goods are drugs, as far as the source says."""

    def halves(self, seed: int) -> tuple[Mapping[str, list[Folded]], list[Folded]]:
        """Titles by seller of one half of the sellers, and all titles of the other half."""
        learned: dict[str, list[Folded]] = {}
        tested: list[Folded] = []
        for seller, text in zip(self.sellers, self.texts, strict=True):
            if chance(f"{seed}|{self.source}|{seller}") < 0.5:
                learned.setdefault(f"{self.source}|{seller}", []).append(text)
            else:
                tested.append(text)
        return learned, tested


def chance(key: str) -> float:
    """A number in 0..1 that depends on the key alone."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) / 2**64


def load(data: Path | None) -> list[Titles]:
    """Agora and Dream listings, and titles of honest goods."""
    agora = pl.read_csv(tables("darknet_agora2014", data, of="Agora") / "listings.csv.gz", infer_schema=False)
    dream = pl.read_csv(tables("darknet_dream2017", data, of="Dream") / "cocaine_listings.csv.gz", infer_schema=False)
    honest = pl.read_csv(tables("legit_titles", data, of="honest titles") / "titles.csv.gz", infer_schema=False)
    sellers = [
        seller or f"pretended {int(chance(title) * PRETENDED_SELLERS)}"
        for seller, title in honest.select("seller_id", "title").iter_rows()
    ]
    return [
        _titles("Agora", True, agora["vendor"], agora["title"], [kind == "drugs" for kind in agora["risk_class"]]),
        _titles("Dream", True, dream["vendor"], dream["title"], [True] * dream.height),
        _titles("honest", False, sellers, honest["title"], [False] * honest.height),
    ]


def _titles(
    source: str, illicit: bool, sellers: Sequence[str] | pl.Series, titles: pl.Series, drugs: Sequence[bool]
) -> Titles:
    return Titles(source, illicit, list(sellers), [fold_text(title) for title in titles], drugs)


def third_party_lists(data: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Names and terms of lists of others: to measure beside, never a part of the product."""
    table = pl.read_csv(tables("lexicon", data, of="third-party lists") / "drug_terms.csv.gz", infer_schema=False)
    for source in sorted(table["source"].unique()):
        yield source, table.filter(pl.col("source") == source)["term"].to_list()
    yield "all of them", table["term"].to_list()
