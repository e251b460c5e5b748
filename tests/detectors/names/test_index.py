from detectors.names import MATCH, NameIndex, match_names

SYLLABLES = ("ka", "lo", "mi", "ren", "du", "sha", "vel", "tor", "ny", "bas", "go", "ri")


def many_names(count: int) -> list[str]:
    """Different made-up names of two words."""
    base, names = len(SYLLABLES), []
    for number in range(count):
        digits = [number // base**power % base for power in range(5)]
        given = "".join(SYLLABLES[digit] for digit in digits[:2])
        names.append(f"{given} {''.join(SYLLABLES[digit] for digit in digits[2:])}ev")
    return names


def test_a_name_is_found_among_thousands_however_it_is_written() -> None:
    index = NameIndex([*((name, "") for name in many_names(5_000)), ("NAZARBAYEV, Nursultan", "person")])

    for query in ("Nursultan Nazarbayev", "Нурсултан Назарбаев", "N. Nazarbayev", "NursultanNazarbayev"):
        assert [hit.number for hit in index.search(query, least=MATCH)][:1] == [5_000], query


def test_the_index_scores_as_the_comparison_of_two_names_does() -> None:
    names = many_names(200)
    index = NameIndex((name, "") for name in names)

    for hit in index.search(names[77], limit=5):
        assert hit.match == match_names(names[77], names[hit.number])


def test_the_exact_longer_rarer_name_comes_first() -> None:
    index = NameIndex([("John Smith", ""), ("John Zebulon Smith", ""), ("Jon Smyth", "")])

    assert index.search("John Zebulon Smith")[0].number == 1
    assert index.search("John Smith")[0].number == 0


def test_hits_below_the_asked_score_and_beyond_the_asked_number_are_left_out() -> None:
    index = NameIndex([("John Smith", "")] * 8)

    assert len(index.search("John Smith", limit=3)) == 3
    assert index.search("John Smith", least=0.999) == []
    assert [hit.number for hit in index.search("John Smith")] == list(range(8))


def test_an_empty_list_or_an_empty_name_finds_nothing() -> None:
    assert NameIndex([]).search("John Smith") == []
    assert NameIndex([("John Smith", "")]).search("") == []
    assert NameIndex([("", "")]).search("John Smith") == []
