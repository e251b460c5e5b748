"""Which data sets can be had, and where their folder of tables is."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from bench.data import agora, handbook, olist, sparkov
from bench.data.dataset import Dataset, Selection


class Loader(Protocol):
    def __call__(self, folder: Path, selection: Selection) -> Dataset: ...


LOADERS: Mapping[str, tuple[str, Loader]] = {
    "handbook": (handbook.FOLDER, handbook.load),
    "olist": (olist.FOLDER, olist.load),
    "agora": (agora.FOLDER, agora.load),
    "sparkov": (sparkov.FOLDER, sparkov.load),
}
VARIABLE = "SELLERWATCH_DATA"


class NoDataError(Exception):
    """The tables are not where they were said to be."""


def folder_of(name: str, data: Path | None) -> Path:
    """The folder with the tables of data set `name`."""
    return tables(LOADERS[name][0], data, of=name)


def tables(folder_name: str, data: Path | None, *, of: str) -> Path:
    """A folder of tables of something, or NoDataError."""
    root = data or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if root is None:
        raise NoDataError(f"Say where the data are: --data DIR, or {VARIABLE}.")
    folder = root / folder_name
    if not folder.is_dir():
        raise NoDataError(f"There is no folder {folder} with the tables of {of}.")
    return folder


def load(name: str, data: Path | None, selection: Selection) -> Dataset:
    """Data set `name` as events."""
    return LOADERS[name][1](folder_of(name, data), selection)
