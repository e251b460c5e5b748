"""A policy file: what is in order means the same everywhere, what is not is named with its place."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alert_policy import Policy
from detectors.events import DAY, HOUR, PolicyPublished
from sellerwatch.policy.reading import PolicyFileError, check_policy, read_policy
from streams.policy.comparing import changes
from streams.policy.document import parse_duration, say_duration
from streams.policy.published import Document, PolicyShelf, UnreadablePolicyError, pack, policy_in, unpack
from tests.policy.files import DOCUMENTS, written

HERE = Path("policy.toml")
KEY = b"a key for the policies of tests"


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyFileError) as caught:
        check_policy(HERE, text)
    return str(caught.value).splitlines()


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_what_is_published_is_what_was_checked(tables: dict[str, Any]) -> None:
    file = check_policy(HERE, written(tables))
    read = policy_in(unpack(pack(file.document, KEY), [KEY]))

    assert read == file.policy
    assert read.versions == file.policy.versions
    assert read.versions["policy"] == file.version
    assert changes(file.tables, tomllib.loads(file.document.text)) == []


@settings(max_examples=50, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_files_that_differ_in_effect_differ_in_their_diff(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = check_policy(HERE, written(one)), check_policy(HERE, written(other))
    said = [dict(vars(file.policy), name="") for file in (first, second)]

    assert (changes(first.tables, second.tables) == []) == (said[0] == said[1])


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS, st.data())
def test_a_key_that_does_not_exist_is_named_where_it_stands(tables: dict[str, Any], data: st.DataObject) -> None:
    lines = written(tables).splitlines()
    at = data.draw(st.integers(0, len(lines)))
    lines.insert(at, "lnie = 3")

    assert any(
        p.startswith(f"policy.toml:{at + 1}:1: `lnie` is no key of the file") for p in problems("\n".join(lines))
    )


def test_an_empty_file_stands_for_the_defaults() -> None:
    policy = check_policy(HERE, "# nothing\n").policy

    assert dict(vars(policy), name="") == dict(vars(Policy()), name="")


def test_comments_and_order_do_not_make_another_version() -> None:
    one = check_policy(HERE, "[alerts]\nline = 0.8\nlapse = '2d'\n")
    other = check_policy(HERE, "# why\n[alerts]\nlapse = '2d' # so\nline = 0.8\n")

    assert one.version == other.version
    assert one.version != check_policy(HERE, "[alerts]\nline = 0.81\nlapse = '2d'\n").version


WRONG = {
    "[alerts]\nline = 1.7": "2:8: `alerts.line`: write less than 1.0, not 1.7",
    "[alerts]\nline = '0.7'": "2:8: `alerts.line`: write a number without quotes, not '0.7'",
    "[alerts]\n  quiet_priod = '1h'": "2:3: `quiet_priod` is no key of [alerts]; did you mean `quiet_period`?",
    "alerts.quiet_period = '1 hour'": "1:23: `alerts.quiet_period`: write a duration in quotes with its unit",
    "[alerts]\nlapse = '9999d'": "2:9: `alerts.lapse`: write at most 3660d, not '9999d'",
    "[alerts.severities]\nhigh = 0.8": "1:9: `alerts.severities`: must rise: medium < high < critical",
    "[patterns.small_repeat]\nrepat = 2.0": "2:1: `repat` is no key of [patterns.small_repeat]; did you mean `repeat`?",
    "[patterns.smal_repeat]": "1:11: `smal_repeat` is no key of [patterns]; did you mean `small_repeat`?",
    "[patterns]\nsmall_repeat = { 'early' = -1.0 }": "2:28: `patterns.small_repeat.early`: write at least 0.0",
    "[patterns.order]\nenabled = false": "2:1: `enabled` is no key of [patterns.order]; it knows",
    "[[cohorts]]\nbuyers = 'business'": "1:3: `cohorts.0.line` is missing: write `line = ...`",
    "[[cohorts]]\nline = 0.5\n[[cohorts]]\nline = 5": "4:8: `cohorts.1.line`: write less than 1.0, not 5",
    "[lists]\ntrusted = [\n  {seller_id='a', until='2026', reason='b'}]": "3:25: `lists.trusted.0.until`: write",
    "[expectations.'ä ö']\nlightest_grams = 5.5": "2:18: `expectations.ä ö.lightest_grams`: write a whole number",
    "review = [{above=0.5, share=0.1}, {above=0.3, share=0.1}]": "1:10: `review`: must rise",
    "[alerts\nline = 1": "1:8: not TOML: Expected ']'",
    "[alerts]\nline = ": "2:8: not TOML: Invalid value",
    "[[rules]]\nname='a'\nsay='b'\nweight=1.0\nwhen = 'paec > 0.5'": "5:9: `rules.0.when`: there is no feature `paec`",
    "[[rules]]\nname='a'\nsay='b'\nweight=1.0\nwhen = 'pace > 1'": "5:16: `rules.0.when`: features are fractional",
    "[[rules]]\nname='a'\nsay='b'\nwhen = 'pace > 0.1'": "1:3: `rules.0`: write either `weight` or `severity`",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named_with_its_place_and_what_to_write_instead(text: str) -> None:
    assert [p for p in problems(text) if p.startswith(f"policy.toml:{WRONG[text]}")]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    found = problems("[alerts]\nline = 2.0\nlnie = 3\n[budget]\n[[rules]]\nname='A'\nwhen='x'\n")

    assert [re.match(r"policy.toml:(\d+)", p)[1] for p in found] == ["2", "3", "4", "5", "6", "7"]  # type: ignore[index]


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000 + "]" * 5_000, "a = " + "{a = " * 3_000 + "1" + "}" * 3_000])
def test_a_file_that_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(PolicyFileError, match=r"policy\.toml: tables or lists nested too deeply"):
        check_policy(HERE, text)


def test_a_byte_order_mark_of_an_editor_is_no_part_of_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes("[alerts]\nline = 0.6\n".encode("utf-8-sig"))

    assert read_policy(path).policy.line == 0.6
    assert read_policy(path).text.startswith("[alerts]")


def test_a_published_rule_that_names_no_feature_is_refused_before_it_is_evaluated() -> None:
    text = '[[rules]]\nname = "all"\nwhen = "true"\nsay = "x"\nweight = 1.0\n'
    with pytest.raises(UnreadablePolicyError, match="names no feature"):
        policy_in(Document(text, {"all": True}))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="check its name"):
        read_policy(tmp_path / "no.toml")
    (tmp_path / "p.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(PolicyFileError, match="not UTF-8 at byte 5"):
        read_policy(tmp_path / "p.toml")


@given(st.integers(0, 3_660 * DAY // HOUR).map(lambda hours: hours * HOUR))
def test_a_duration_is_said_as_it_can_be_read(duration: int) -> None:
    assert parse_duration(say_duration(duration)) == duration


def test_what_nobody_of_ours_signed_changes_nothing() -> None:
    document = check_policy(HERE, "[alerts]\nline = 0.8\n").document
    shelf = PolicyShelf([KEY], Policy())

    assert shelf.take(PolicyPublished("v", pack(document, b"somebody else's key"))) is None
    assert shelf.take(PolicyPublished("v", b"broken")) is None
    found = shelf.take(PolicyPublished("v", pack(document, KEY)))
    assert found is not None
    assert found.line == 0.8


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['celpy'] = None; from sellerwatch.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "policy", "check", "x.toml"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "pip install 'sellerwatch[policy]'" in done.stderr
    assert "Traceback" not in done.stderr
