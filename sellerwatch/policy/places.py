"""Where in a TOML file each key and value stands."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


class Places:
    """Finds a path of keys, such as `("alerts", "line")` or `("rules", 2, "when")`, in the text of a file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[Path, Place] = {}
        self._values: dict[Path, Place] = {}
        tree = Parser(Language(tree_sitter_toml.language())).parse(text.encode())
        self._lines = text.encode().split(b"\n")
        self._counts: dict[Path, int] = {}
        self._take(tree.root_node, ())

    def key(self, path: Path) -> Place:
        """Of the key at the end of a path, or of the closest one above it."""
        return self._nearest(self._keys, path)

    def value(self, path: Path) -> Place:
        """Of its value, or of the closest key above it."""
        found = self._values.get(path)
        return found if found is not None else self.key(path)

    def within(self, path: Path, value: str, at: int) -> Place:
        """Of the `at`-th character (from 1) of a text that is written without escapes; else of its beginning."""
        place = self.value(path)
        line = self._lines[place.line - 1].decode(errors="replace")
        for quotes in ('"""', "'''", '"', "'"):
            begin = place.column - 1 + len(quotes)
            if line[place.column - 1 : begin] == quotes and line[begin:].startswith(value):
                return Place(place.line, begin + at)
        return place

    def _nearest(self, places: Mapping[Path, Place], path: Path) -> Place:
        while path and path not in places:
            path = path[:-1]
        return places.get(path, Place(1, 1))

    def _take(self, node: Node, at: Path) -> None:
        for child in node.named_children:
            if child.type == "table":
                self._take_table(child, self._named(child.named_children[0], at))
            elif child.type == "table_array_element":
                path = self._named(child.named_children[0], at, last=True)
                number = self._counts.get(path, 0)
                self._counts[path] = number + 1
                self._keys[(*path, number)] = self._place(child.named_children[0])
                self._take_table(child, (*path, number))
            elif child.type == "pair":
                self._take_pair(child, at)

    def _take_table(self, node: Node, at: Path) -> None:
        for child in node.named_children[1:]:
            if child.type == "pair":
                self._take_pair(child, at)

    def _take_pair(self, node: Node, at: Path) -> None:
        key, value = node.named_children[0], node.named_children[-1]
        path = self._named(key, at)
        self._values.setdefault(path, self._place(value))
        self._take_value(value, path)

    def _take_value(self, node: Node, at: Path) -> None:
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._take_pair(child, at)
        elif node.type == "array":
            for number, child in enumerate(c for c in node.named_children if c.type != "comment"):
                place = self._place(child)
                self._keys[(*at, number)] = self._values[(*at, number)] = place
                self._take_value(child, (*at, number))

    def _named(self, key: Node, at: Path, *, last: bool = False) -> Path:
        """The path that a key names; a table inside a list of tables belongs to the list's last one."""
        parts = list(_parts(key))
        for index, part in enumerate(parts):
            at = (*at, _plain(part))
            self._keys.setdefault(at, self._place(part))
            if at in self._counts and not (last and index == len(parts) - 1):
                at = (*at, self._counts[at] - 1)
        return at

    def _place(self, node: Node) -> Place:
        row, offset = node.start_point
        return Place(row + 1, len(self._lines[row][:offset].decode(errors="replace")) + 1)


def _parts(key: Node) -> Iterator[Node]:
    if key.type == "dotted_key":
        for child in key.named_children:
            yield from _parts(child)
    else:
        yield key


def _plain(key: Node) -> str:
    text = (key.text or b"").decode()
    return text[1:-1] if text[:1] in "\"'" else text
