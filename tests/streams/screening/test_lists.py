import gzip
import json
from pathlib import Path

import pytest

from streams.files import FilesError
from streams.screening.entries import Entry, ListedName, ListedValue
from streams.screening.lists import NameLists, fingerprint, read_entries

SDN = (
    '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
    '25308,"YAN, Xiaobing","individual","SDNTK",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 25 Mar 1977; citizen China; '
    "Email Address yan@example.com; Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h; "
    "alt. Digital Currency Address - XBT 1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo; a.k.a. 'LITTLE YAN'.\"\n\x1a"
)
ALT = '36,12,"aka","AERO-CARIBBEAN",-0- \n25308,99,"aka","ZHOU, William",-0- \n'
ADD = '36,25,-0- ,"Havana","Cuba",-0- \n25308,26,"1 Long Road","Wuhan","China",-0- \n'
SIMPLE = (
    '"id","schema","name","aliases","birth_date","countries","addresses","identifiers","sanctions","phones",'
    '"emails","dataset","first_seen","last_seen","last_change"\n'
    '"Q1","Person","Ivan Example","Example, Ivan;Иван Пример","1970","ru;ua","1 Street, Town","","EU","+49 30 1",'
    '"i@x.ru","eu_fsf","2020","2024","2024"\n'
    '"W1","CryptoWallet","1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo","","","","","","","","","us_ofac_sdn","","",""\n'
)
LINES = [
    {
        "id": "NK-1",
        "schema": "Company",
        "datasets": ["us_ofac_sdn"],
        "properties": {
            "name": ["Example Trading LLC"],
            "alias": ["Extra"],
            "weakAlias": ["EXT"],
            "jurisdiction": ["ae"],
            "sanctions": [{"id": "s", "schema": "Sanction", "properties": {"program": ["IRAN"]}}],
            "addressEntity": ["addr-1", {"id": "a", "schema": "Address", "properties": {"full": ["2 Road, Dubai"]}}],
        },
    },
    {"id": "W", "schema": "CryptoWallet", "properties": {"publicKey": ["bc1qxyz"]}, "datasets": ["us_ofac_sdn"]},
    {"id": "s", "schema": "Sanction", "properties": {"program": ["IRAN"], "name": ["no party"]}},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("sdn.csv", SDN), ("alt.csv", ALT), ("add.csv", ADD), ("targets.simple.csv", SIMPLE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "entities.ftm.json").write_text("\n".join(map(json.dumps, LINES)))
    return tmp_path


def entries(*paths: Path) -> dict[str, Entry]:
    return {entry.entry_id: entry for entry in read_entries(paths)}


def test_ofacs_tables_are_joined_in_whatever_order_they_are_given(folder: Path) -> None:
    tables = [folder / name for name in ("add.csv", "alt.csv", "sdn.csv")]
    yan = entries(*tables)["25308"]

    assert yan.kind == "person"
    assert yan.names == (ListedName("YAN, Xiaobing"), ListedName("ZHOU, William"), ListedName("LITTLE YAN", weak=True))
    assert yan.countries == ("CN",)
    assert yan.reason == "SDNTK"
    assert ListedValue("wallet", "1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo") in yan.values
    assert ListedValue("email", "yan@example.com") in yan.values
    assert ListedValue("address", "CN Wuhan 1 Long Road") in yan.values
    assert entries(*reversed(tables)) == entries(*tables)


def test_a_table_with_a_header_and_a_packed_one_are_read_the_same(folder: Path) -> None:
    header = "ent_num,name,type,program,title,call_sign,vess_type,tonnage,grt,vess_flag,vess_owner,remarks\n"
    with gzip.open(folder / "other.csv.gz", "wt") as file:
        file.write(header + SDN)

    assert entries(folder / "other.csv.gz") == entries(folder / "sdn.csv")


def test_aliases_without_the_names_they_belong_to_are_names(folder: Path) -> None:
    assert entries(folder / "alt.csv")["36"].names == (ListedName("AERO-CARIBBEAN"),)


def test_both_exports_of_opensanctions_are_read(folder: Path) -> None:
    found = entries(folder / "targets.simple.csv", folder / "entities.ftm.json")

    assert found["Q1"].names[2].text == "Иван Пример"
    assert found["Q1"].countries == ("RU", "UA")
    assert found["Q1"].source == "OpenSanctions eu_fsf"
    assert found["W1"].values == (ListedValue("wallet", "1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo"),)
    assert not found["W1"].names
    assert found["NK-1"].names[-1] == ListedName("EXT", weak=True)
    assert found["NK-1"].reason == "IRAN"
    assert ListedValue("address", "2 Road, Dubai") in found["NK-1"].values
    assert found["W"].values == (ListedValue("wallet", "bc1qxyz"),)
    assert "s" not in found


def test_a_list_of_ones_own_may_hold_names_and_values(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "name,kind,value,country,reason,aliases,wallet,expires_at\n"
        "Ivan Example,person,,Germany,fraud,Iwan Example;I. Example,bc1a;bc1b,2030-01-01T00:00:00Z\n"
        ",email,a@example.com,,,,,\n"
    )
    first, second = read_entries([path])

    assert [name.text for name in first.names] == ["Ivan Example", "Iwan Example", "I. Example"]
    assert first.countries == ("DE",)
    assert first.values == (ListedValue("wallet", "bc1a"), ListedValue("wallet", "bc1b"))
    assert (first.source, first.entry_id, first.expires_at) == ("own.csv", "line 2", "2030-01-01T00:00:00Z")
    assert second.values == (ListedValue("email", "a@example.com"),)


def test_a_table_of_coins_and_addresses_lists_wallets(tmp_path: Path) -> None:
    (tmp_path / "coins.csv").write_text("coin,address\nXBT,12QtD5BF\n")

    assert [entry.values for entry in read_entries([tmp_path / "coins.csv"])] == [(ListedValue("wallet", "12QtD5BF"),)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: is empty"),
        ("nmae\nx\n", "line 1, column `name`: is missing"),
        ("name,contry\nx,DE\n", "line 1, column `contry`: is none that is known; did you mean `country`?"),
        ("name,name\nx,y\n", "line 1, column `name`: stands in the first line twice"),
        ("name,country\nx,\ny,Atlantis\n", "line 3, column `country`: 'Atlantis' is no country; write its two-letter"),
        ("name,kind\nx,firm\n", "line 2, column `kind`: is 'firm'; write `person`"),
        (
            "kind,value\nwalet,abc\n",
            "line 2, column `kind`: is 'walet', which is no kind of value; did you mean `wallet`?",
        ),
        ("name,expires_at\nx,tomorrow\n", "line 2, column `expires_at`: 'tomorrow' is no time with an offset"),
        ("name,country\n,DE\n", "line 2, column `name`: is empty"),
        ("name,country\nx,DE,z\n", "line 2, column `country`: 3 cells where the first line names 2 columns"),
        ('{"id": "x"}\n', "line 1: Object missing required field `schema`"),
        ('{"id": "x", "schema": "Person"}\n{"id\n', "line 2: is not JSON"),
        ('{"id": "x", "schema": "Person", "properties": {"name": ' + "[" * 5_000, "line 1: is not JSON"),
        ("<!DOCTYPE html>", "line 1, column `name`: is missing"),
        ('[{"id": "x", "schema": "Person"}]', "line 1, column `name`: is missing"),
        ('name,kind\n"x,person\ny,person\nz,person\n', "line 5: a quote before it is not closed"),
        ("36,1,aka,\n", "line 1, column `alt_name`: is empty; write the alias"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_with_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)

    with pytest.raises(FilesError) as error:
        list(read_entries([path]))
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


def test_a_list_of_ones_own_may_be_empty_and_an_sdn_table_may_end_with_ofacs_sign(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("name,country\n")
    (tmp_path / "coins.csv").write_text("coin,address\nXBT,12QtD5BF\n\x1a")

    assert list(read_entries([tmp_path / "own.csv"])) == []
    assert len(list(read_entries([tmp_path / "coins.csv"]))) == 1


def test_bytes_that_are_not_utf8_are_named_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("name\nx\nMüller\n".encode("latin-1"))

    with pytest.raises(FilesError, match="line 3, column `name`: is not UTF-8"):
        list(read_entries([path]))


def test_a_damaged_packed_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(b"name\n" + b"Ivan Example\n" * 1000)[:-20])

    with pytest.raises(FilesError, match="damaged"):
        list(read_entries([path]))


def test_an_entry_is_told_once_with_its_best_name_and_a_weak_alias_counts_less(folder: Path) -> None:
    lists = NameLists.load([folder / "sdn.csv", folder / "alt.csv"])

    (found,) = lists.search("Yan Xiaobing", least=0.5, limit=5)
    (weak,) = lists.search("Little Yan", least=0.5, limit=5)
    assert lists.search("Little Yan", least=0.7, limit=5) == []
    assert (found.entry.entry_id, found.name.text) == ("25308", "YAN, Xiaobing")
    assert found.score > 0.9
    assert weak.score < 0.6


def test_the_fingerprint_changes_with_the_files(folder: Path) -> None:
    paths = [folder / "sdn.csv", folder / "alt.csv"]
    before = fingerprint(paths)

    assert fingerprint(paths) == before
    (folder / "alt.csv").write_text(ALT + "\n")
    assert fingerprint(paths) != before
