import os
from pathlib import Path

from sellerwatch.checks.finding import Status
from sellerwatch.checks.lists import check_lists
from streams.settings import Settings


def test_lists_that_intake_would_read_are_counted_and_old_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("name,aliases\nIvan Example,Iwan Example\n")
    (fresh,) = check_lists(Settings(screening_lists=[path]))
    os.utime(path, (0, 0))
    (old,) = check_lists(Settings(screening_lists=[path]))

    assert (fresh.status, fresh.text) == (Status.OK, "2 names, 1 files")
    assert old.status is Status.WARNING
    assert old.mend == "download it again"


def test_a_list_that_cannot_be_read_is_a_problem_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("name,contry\nIvan Example,DE\n")
    (found,) = check_lists(Settings(screening_lists=[path]))

    assert found.status is Status.PROBLEM
    assert "line 1, column `contry`" in found.text


def test_nothing_is_said_where_no_list_is_set() -> None:
    assert check_lists(Settings()) == []
