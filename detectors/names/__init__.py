"""Compares names of people and organisations: pure, the same on every machine.

`match_names` compares two; `NameIndex` finds one among many. Names come in any script.
"""

from detectors.names.index import Hit, NameIndex
from detectors.names.match import MATCH, Match, match_names
from detectors.names.parts import Kind

__all__ = ["MATCH", "Hit", "Kind", "Match", "NameIndex", "match_names"]
