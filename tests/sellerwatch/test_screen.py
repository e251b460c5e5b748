import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sellerwatch import cli


def run(*words: Any) -> tuple[int, str]:
    """Exit code and what was said, as a shell would see them."""

    done = subprocess.run(
        [sys.executable, "-m", "sellerwatch", "screen", *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return table(tmp_path / "list.csv", "id,name,country\nA1,Nursultan Nazarbayev,KZ\nB2,Acme Trading Ltd,AE\n")


def test_every_name_gets_its_matches_or_a_line_without_one(tmp_path: Path, listed: Path) -> None:
    names = table(
        tmp_path / "names.csv", "ref,name,country\n7,N. Nazarbayev,KZ\n8,Acme Trading Limited,DE\n9,Jane Doe,\n"
    )
    code, said = run(names, "--list", listed, "-o", tmp_path / "out.csv")
    first, second, third = read(tmp_path / "out.csv")

    assert code == 0, said
    assert (first["ref"], first["entry"], first["country_match"]) == ("7", "A1", "same")
    assert "an initial" in first["reasons"]
    assert (second["match"], second["country_match"]) == ("Acme Trading Ltd", "other")
    assert 0.5 < float(first["score"]) < float(second["score"]) < 1.0
    assert (third["name"], third["match"], third["score"]) == ("Jane Doe", "", "0.0")


def test_several_lists_may_follow_one_option(tmp_path: Path, listed: Path) -> None:
    names = table(tmp_path / "names.csv", "name\nOther Person\n")
    other = table(tmp_path / "other.csv", "name\nOther Person\n")
    code, said = run(names, "--list", listed, other, "-o", tmp_path / "out.csv")

    assert code == 0, said
    assert read(tmp_path / "out.csv")[0]["list"] == "other.csv"


def test_pairs_are_scored_line_by_line(tmp_path: Path) -> None:
    pairs = table(tmp_path / "pairs.csv", 'left,right,is_match\n"Putin, Vladimir",Владимир Путин,true\nA B,C D,false\n')
    code, said = run(pairs, "--pairs", "-o", tmp_path / "out.csv")
    first, second = read(tmp_path / "out.csv")

    assert code == 0, said
    assert list(first)[:4] == ["left", "right", "is_match", "score"]
    assert float(first["score"]) > 0.9 > 0.5 > float(second["score"])


def test_lines_that_end_early_lack_only_their_last_cells(tmp_path: Path, listed: Path) -> None:
    names = table(tmp_path / "names.csv", "id,name,country\n1\n2,Putin\n3,Putin,RU\n")
    pairs = table(tmp_path / "pairs.csv", "left,right,note\nA B\nA B,A B,x\n")

    assert run(names, "--list", listed, "-o", tmp_path / "out.csv")[0] == 0
    assert run(pairs, "--pairs", "-o", tmp_path / "pairs-out.csv")[0] == 0
    assert [line["country"] for line in read(tmp_path / "out.csv") if line["id"] == "3"][:1] == ["RU"]
    assert next((line["score"], line["note"]) for line in read(tmp_path / "pairs-out.csv")) == ("0.0", "")


@pytest.mark.parametrize(
    ("names", "words", "said"),
    [
        ("name\nx\n", [], "--list: name a list"),
        ("left,right\nx,y\n", ["--pairs", "--list", "{listed}"], "leave out --list"),
        ("left\nx\n", ["--pairs"], "column `right`: is missing"),
        ("", ["--list", "{listed}"], "no line with a name"),
        ("nom\nx\n", ["--list", "{listed}"], "column `name`: is missing (found: `nom`)"),
        ("name,kind\nx,firm\n", ["--list", "{listed}"], "line 2, column `kind`"),
        ("name\nx\n", ["--list", "nowhere.csv"], "nowhere.csv: there is no such file"),
    ],
)
def test_wrong_words_and_files_end_with_2_and_say_what_to_do(
    tmp_path: Path, listed: Path, names: str, words: list[str], said: str
) -> None:
    given = table(tmp_path / "names.csv", names)
    code, text = run(given, *(word.format(listed=listed) for word in words), "-o", tmp_path / "out.csv")

    assert code == 2
    assert said in text
    assert not (tmp_path / "out.csv").exists()


def test_what_stood_in_the_output_stays_when_the_names_are_wrong(tmp_path: Path, listed: Path) -> None:
    out = table(tmp_path / "out.csv", "precious\n")
    names = table(tmp_path / "names.csv", "name,kind\nx,\ny,firm\n")

    assert run(names, "--list", listed, "-o", out)[0] == 2
    assert run(names, "--list", listed, "-o", names)[0] == 2
    assert out.read_text() == "precious\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_help_shows_an_example() -> None:
    said = CliRunner().invoke(cli.app, ["screen", "--help"]).output

    assert "Example: sellerwatch screen sellers.csv --list sdn.csv" in " ".join(said.split())
