"""The report of a period, on a hand-made market whose every number can be counted on one's fingers."""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from bench.reports import BOUND_MIB, measure
from detectors.assessment import Reason
from detectors.decision import Alert, Evidence, encode_alert, say_time
from detectors.events import (
    DAY,
    HOUR,
    ListingRemoved,
    LogBody,
    Micros,
    ModelPublished,
    PaymentCaptured,
    PaymentDisputed,
    PolicyPublished,
    ReportFiled,
    SellerBanned,
    SellerReinstated,
    VerdictGiven,
    encode_record,
)
from sellerwatch import cli
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.report.build import Choices, Sources, build, period_of, read_rates
from sellerwatch.report.model import Report, Section, Table
from sellerwatch.report.tables import guarded
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.files import FilesError, write_events
from streams.settings import Settings
from tests.builders import order_placed, payment, record, registered
from tests.services.clients import producer

MARCH = 1_772_323_200_000_000
"""2026-03-01T00:00Z."""


def decision(seller: str, number: int, at: Micros, **fields: Any) -> bytes:
    given = {"type": "order.placed", "outcome": "below_line", "pattern": "", "order_id": f"{seller}/o{number}"}
    told = {"event_id": f"{seller}/{number}", "seller_id": seller, "event_time": say_time(at), "score": 0.1}
    return msgspec.json.encode(told | given | fields)


def alert(seller: str, at: Micros, pattern: str = "small_repeat", number: int = 0, **fields: Any) -> bytes:
    reasons = [
        Reason("near_repeat", "9 of 12 orders like those of seller_x", 0.7, None, None, 0.5),
        Reason("rule.own", "=cmd()", 1.0, None, None, 0.2),
    ]
    told = say_time(at)
    found = Alert(
        f"alr_{seller}_{number}", seller, pattern, "high", 0.7, told, told, reasons, Evidence([], [], []), {}, **fields
    )
    return encode_alert(found)


def happened(body: LogBody, seller: str, at: Micros, event_id: str = "") -> bytes:
    named = {"event_id": event_id} if event_id else {}
    return encode_record(record(body, seller_id=seller, event_time=at, **named))


def market() -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Decisions, alerts and log of March: eight sellers, two alerted honest ones, one banned, one pardoned."""
    decisions = [decision(f"s{n}", m, MARCH + n * DAY + m * HOUR) for n in range(8) for m in range(3)]
    decisions.append(decision("s9", 0, MARCH - DAY))
    decisions.append(decision("s0", 90, MARCH + 5 * DAY, outcome="first", pattern="small_repeat"))
    alerts = [
        alert("s0", MARCH + 5 * DAY),
        alert("s0", MARCH + 6 * DAY, number=1, escalates="alr_s0_0", escalation=1),
        alert("s1", MARCH + 5 * DAY, "velocity"),
        alert("s2", MARCH + 5 * DAY),
        alert("s9", MARCH - DAY),
    ]
    log = [
        *(happened(registered(country="DE" if n < 6 else "FR"), f"s{n}", MARCH - 400 * DAY) for n in range(7)),
        happened(registered(country="FR"), "s7", MARCH - 10 * DAY),
        happened(ReportFiled("counterfeit", listing_id="l1"), "s0", MARCH + 5 * DAY + HOUR),
        happened(ReportFiled("counterfeit"), "s3", MARCH + DAY),
        happened(ReportFiled("=HYPERLINK(1)", listing_id="l9"), "s4", MARCH + DAY),
        happened(ListingRemoved("l9"), "s4", MARCH + DAY + 6 * HOUR),
        happened(VerdictGiven("confirmed", "ann", "alr_s0_1"), "s0", MARCH + 6 * DAY),
        happened(VerdictGiven("confirmed", "ann", "alr_s1_0"), "s1", MARCH + 6 * DAY),
        happened(VerdictGiven("dismissed", "ann", "alr_s1_0"), "s1", MARCH + 7 * DAY),
        happened(VerdictGiven("dismissed", "ann"), "s2", MARCH + 40 * DAY),
        happened(SellerBanned("prohibited_goods"), "s0", MARCH + 8 * DAY),
        happened(SellerBanned("no_identity"), "s5", MARCH + 9 * DAY),
        happened(SellerReinstated(), "s5", MARCH + 11 * DAY),
        happened(SellerBanned("too early"), "s9", MARCH - DAY),
        *(happened(order_placed(order_id=f"s0/b{n}"), "s0", MARCH + (n + 1) * DAY) for n in range(6)),
        happened(order_placed(order_id="s0/after"), "s0", MARCH + 9 * DAY),
        happened(payment(method="crypto", order_id="s0/after"), "s0", MARCH + 9 * DAY),
    ]
    return decisions, alerts, log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the market; each line is told twice, as after a crash."""
    for name, lines in zip(("decisions", "alerts", "log"), market(), strict=True):
        write_events(tmp_path / f"{name}.jsonl.gz", [*lines, *lines])
    return tmp_path


def reported(folder: Path, choices: Choices | None = None) -> Report:
    sources = Sources(*([folder / f"{name}.jsonl.gz"] for name in ("decisions", "alerts", "log")))
    return build(period_of("2026-03-01", "2026-04-01"), sources, choices or Choices(), Settings())


def section(report: Report, key: str) -> Section:
    return next(found for found in report.sections if found.key == key)


def table(report: Report, key: str) -> Table:
    return next(found for each in report.sections for found in each.tables if found.key == key)


def rows(report: Report, key: str) -> dict[Any, list[Any]]:
    return {row[0]: row[1:] for row in table(report, key).rows}


def test_everything_counts_once_and_only_within_the_period(folder: Path) -> None:
    totals = rows(reported(folder), "totals")

    assert totals["decisions"] == [25]
    assert totals["sellers with decisions"] == [8]
    assert totals["alerts raised"] == [3]
    assert totals["escalations of alerts"] == [1]
    assert (totals["alerts confirmed"], totals["alerts dismissed"]) == ([1], [2])


def test_notices_measures_and_the_time_they_took_are_counted(folder: Path) -> None:
    found = reported(folder)
    summary = rows(found, "summary")

    assert summary["notices"][1] == 3
    assert rows(found, "notices") == {
        "counterfeit": [2, 1, pytest.approx(71)],  # 5 d 1 h to 8 d; the report on s3 led to nothing
        "=HYPERLINK(1)": [1, 1, 6],
    }
    assert summary["bans of sellers"][1] == 2
    assert summary["bans without a notice before: own initiative"][1] == 1
    assert summary["bans reversed by a reinstatement"][1] == 1
    assert summary["median time from ban to reinstatement"][2] == 48
    assert summary["median time from alert to ban"][2] == 72
    assert summary["median time from alert to verdict"][2] == 48  # 1, 2 and 35 days
    assert rows(found, "measures") == {
        "own initiative, found without an alert": [1],
        "own initiative, after an alert": [0],
        "after a notice, without an alert": [0],
        "after a notice and an alert": [1],
    }
    assert table(found, "grounds").rows == [["no_identity", "no alert", 1], ["prohibited_goods", "small_repeat", 1]]


def test_the_rate_of_error_is_of_what_people_have_judged_by_their_last_word(folder: Path) -> None:
    error = rows(reported(folder), "automated")

    assert error["small_repeat"][:4] == [2, 2, 1, 0.5]
    assert error["velocity"][:4] == [1, 1, 1, 1.0]
    assert error["all"][:4] == [3, 3, 2, pytest.approx(2 / 3)]


def test_false_alerts_are_counted_by_group_of_honest_sellers(folder: Path) -> None:
    found = reported(folder)

    assert rows(found, "by_country")["DE"][:4] == [5, 2, 2, 0.4]  # s0 is banned; s5 was, and is back
    assert rows(found, "by_country")["FR"][:3] == [2, 0, 0]
    assert rows(found, "by_age")["under 30 days"][:3] == [1, 0, 0]
    assert rows(found, "by_age")["over a year"][:3] == [6, 2, 2]
    assert rows(found, "by_size")["under 10 orders"][:3] == [7, 2, 2]
    assert section(found, "fairness").warnings == []


def test_a_group_that_carries_more_is_warned_of_and_one_that_only_seems_to_is_not(tmp_path: Path) -> None:
    def made(wrong_in: dict[str, int], name: str) -> Section:
        decisions, alerts, log = [], [], []
        for country, wrong in wrong_in.items():
            for n in range(300):
                seller = f"{country}{n}"
                decisions.append(decision(seller, 0, MARCH + DAY))
                log.append(happened(registered(country=country), seller, MARCH - 400 * DAY))
                if n < wrong:
                    alerts.append(alert(seller, MARCH + DAY))
                    log.append(happened(VerdictGiven("dismissed", "ann"), seller, MARCH + 2 * DAY))
        (tmp_path / name).mkdir()
        for kind, lines in (("decisions", decisions), ("alerts", alerts), ("log", log)):
            write_events(tmp_path / name / f"{kind}.jsonl.gz", lines)
        return section(reported(tmp_path / name), "fairness")

    (warning,) = made({"DE": 6, "FR": 5, "NG": 30}, "unfair").warnings

    assert 'country "NG"' in warning
    assert "10.00 % (30 of 300) against 1.83 % (11 of 600)" in warning
    assert made({"DE": 6, "FR": 5, "NG": 9}, "chance").warnings == []


def test_what_banned_sellers_did_is_set_against_what_they_did_before(folder: Path) -> None:
    after = {(row[0], row[1]): row[2:4] for row in table(reported(folder), "after_ban").rows}

    assert after["orders", "all"] == [6, 1]
    assert after["payments by method", "crypto"] == [0, 1]
    assert after["alerts by pattern", "small_repeat"] == [1, 0]


def test_policies_and_models_that_came_or_came_back_are_compared(tmp_path: Path) -> None:
    policy = PolicyPublished("abc", b"x")
    models = [ModelPublished("risk", f"risk-{name}", b"x") for name in ("1", "2", "3", "1")]
    at = MARCH + 10 * DAY + HOUR
    log = [
        *(happened(order_placed(), "s", MARCH + n * DAY) for n in range(20)),
        *(happened(order_placed(), "s", MARCH + n * DAY) for n in range(11, 20)),
        *(happened(policy, "", at, f"policy/{p}") for p in range(3)),
        *(happened(m, "", MARCH + (n + 2) * DAY, f"{m.version}/{p}") for n, m in enumerate(models) for p in range(3)),
    ]
    write_events(tmp_path / "log.jsonl", log)
    found = build(period_of("2026-03-01", "2026-04-01"), Sources(logs=[tmp_path / "log.jsonl"]), Choices(), Settings())
    changes = section(found, "changes")

    assert [each.caption for each in changes.tables] == [
        "policy abc, 2026-03-11",
        "model risk-1, put back into force, 2026-03-06",
        "model risk-1, for the first time, 2026-03-03",
    ]
    assert "2 regular publications" in changes.text[1]
    before, after, rate_before, rate_after, ratio, low, high = changes.tables[0].rows[0][2:]
    assert (before, after) == (10, 16)  # 1st to 10th, 12th to 19th; the 20th is not over
    assert (rate_before, rate_after) == (1.0, 2.0)
    assert ratio == pytest.approx(2.0)
    assert low < 1.0 < ratio < high  # type: ignore[operator]


def test_what_was_missed_is_estimated_from_the_verdicts_of_the_log(tmp_path: Path) -> None:
    decisions = [decision(f"s{n}", 0, MARCH, review=0.5 if n % 2 else 0.0) for n in range(20)]
    verdicts = {n: VerdictGiven("confirmed" if n < 4 else "dismissed", "ann") for n in range(1, 20, 2)}
    log = [happened(verdict, f"s{n}", MARCH) for n, verdict in verdicts.items()]
    log.append(happened(PaymentDisputed("s9/o0"), "s9", MARCH + DAY))
    write_events(tmp_path / "d.jsonl", decisions)
    write_events(tmp_path / "l.jsonl", log)
    sources = Sources([tmp_path / "d.jsonl"], (), [tmp_path / "l.jsonl"])
    missed = rows(build(period_of("2026-03-01", "2026-04-01"), sources, Choices(), Settings()), "missed")

    assert missed["bad sellers that nobody saw"][0] == pytest.approx(4.0)
    assert missed["bad decisions that nobody saw"][0] == pytest.approx(6.0)  # one more by its dispute
    assert missed["bad sellers that nobody saw"][3:] == [10, 10]


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(cli.app, ["report", *map(str, words)], catch_exceptions=False)


def files(folder: Path) -> list[str | Path]:
    named = {"--log": "log", "--decisions": "decisions", "--alerts": "alerts"}
    found: list[str | Path] = ["--from", "2026-03-01", "--to", "2026-04-01"]
    for option, name in named.items():
        found += [option, folder / f"{name}.jsonl.gz"]
    return found


def test_all_forms_are_written_from_one_report(folder: Path) -> None:
    outputs = {name: folder / f"r.{name}" for name in ("html", "markdown", "csv", "json")}
    done = run(*files(folder), *(part for name, path in outputs.items() for part in (f"--{name}", path)))
    numbers = json.loads(outputs["json"].read_text())
    lines = list(csv.DictReader(outputs["csv"].open(newline="")))

    assert done.exit_code == 0
    assert msgspec.convert(numbers, Report) == reported(folder)
    assert ["overview", "totals", "decisions", "count", "count", "25"] in [list(line.values()) for line in lines]
    assert "| decisions | 25 |" in outputs["markdown"].read_text()
    assert '<td class="n">25</td>' in outputs["html"].read_text()
    assert run(*files(folder)).output.startswith("# Sellerwatch: report of a period")


def test_a_formula_that_a_seller_wrote_reaches_no_spreadsheet(folder: Path) -> None:
    run(*files(folder), "--csv", folder / "r.csv", "--statements", folder / "s.csv", "--html", folder / "r.html")
    tables = [list(csv.reader((folder / name).open(newline=""))) for name in ("r.csv", "s.csv")]
    cells = [cell for table in tables for row in table for cell in row]

    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
    assert "=cmd()" not in " ".join(cells)


def test_a_statement_of_reasons_says_the_facts_and_leaves_the_decision_to_a_person(folder: Path) -> None:
    run(*files(folder), "--statements", folder / "s.jsonl", "--json", folder / "r.json")
    first, *others = [json.loads(line) for line in (folder / "s.jsonl").read_text().splitlines()]

    assert len(others) == 2
    assert first["facts"] == [
        "Many of the last orders have nearly the same price.",
        "A rule of the marketplace applies to the trade.",
    ]
    assert "seller_x" not in first["text"]
    assert (first["noticed"], first["automated_detection"], first["automated_decision"]) == (False, True, False)
    assert all(f"article 17(3)({part})" in first["text"] for part in "adf")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say --from DATE and --to DATE"),
        (["--from", "March", "--to", "2026-04-01"], "--from: 'March' is no date"),
        (["--from", "2026-03-01T00:00:00", "--to", "2026-04-01"], "has no offset"),
        (["--from", "2026-04-01", "--to", "2026-04-01"], "is not after"),
    ],
)
def test_a_period_that_is_off_is_said(words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        run(*words)


def test_a_file_of_something_else_is_said_with_its_line(folder: Path) -> None:
    with pytest.raises(FilesError, match=r"alerts.jsonl.gz, line 1: no decisions"):
        run("--from", "2026-03-01", "--to", "2026-04-01", "--decisions", folder / "alerts.jsonl.gz")
    (folder / "no.jsonl").write_text("{}\n")
    with pytest.raises(FilesError, match="neither records of the log nor contract events"):
        run("--from", "2026-03-01", "--to", "2026-04-01", "--log", folder / "no.jsonl")
    with pytest.raises(FilesError, match="named for something else"):
        run(*files(folder), "--html", folder / "log.jsonl.gz")


def test_rates_are_read_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    for wrong in ("zero", "0", "-1", "NaN", "1e30", ""):
        path.write_text(f"currency,usd\nEUR,1.10\nJPY,{wrong}\n")
        with pytest.raises(SettingsError, match=r"rates.csv, line 3: needs `currency` and `usd`"):
            read_rates(path)
    path.write_text("currency,usd\nEUR,1.10\nJPY,zero\n")
    with pytest.raises(SettingsError, match=r"rates.csv, line 3: needs `currency` and `usd`"):
        run("--from", "2026-03-01", "--to", "2026-04-01", "--log", tmp_path / "none.jsonl", "--rates", path)


def sales(seller: str, times: Iterable[Micros], **fields: Any) -> list[bytes]:
    captured = (payment(PaymentCaptured, **fields) for _ in times)
    return [happened(body, seller, at) for at, body in zip(times, captured, strict=True)]


def test_the_clock_of_high_volume_sellers_runs_by_orders_that_were_paid(tmp_path: Path) -> None:
    times = [MARCH + n * HOUR for n in range(200)]
    log = [
        *sales("high", times, amount_minor=2_500, currency="USD"),  # 5,000.00 USD with the 200th sale, on 9 March
        *sales("cheap", times, amount_minor=2_499, currency="USD"),
        *sales("few", times[:199], amount_minor=10_000, currency="USD"),
        *sales("euros", times, amount_minor=2_300, currency="EUR"),
        *sales("yen", times, amount_minor=40_000, currency="JPY"),
        *sales("split", times, amount_minor=9_900, currency="USD", order_id="one order"),
        happened(registered(verification="verified"), "euros", MARCH + 12 * DAY),
    ]
    write_events(tmp_path / "log.jsonl", log)
    (tmp_path / "rates.csv").write_text("currency,usd\nEUR,1.10\n")
    choices = Choices(rates=tmp_path / "rates.csv", high_volume=tmp_path / "all.csv")
    found = build(period_of("2026-03-01", "2026-04-01"), Sources(logs=[tmp_path / "log.jsonl"]), choices, Settings())
    sellers = rows(found, "high_volume_sellers")
    clock = datetime.fromtimestamp((MARCH + 199 * HOUR) // 1_000_000, UTC).date().isoformat()

    timers = ["2026-03-19", "2026-03-29", "2027-03-09"]

    assert clock == "2026-03-09"
    assert sellers == {
        "high": ["overdue by 2 days", clock, 200, 500_000, "no", *timers, "no"],
        "euros": ["verified", clock, 200, 506_000, "2026-03-13", *timers, "no"],
    }
    assert rows(found, "high_volume")["not decided, for want of rates"] == [1]
    assert table(found, "unrated").rows == [["JPY", 200, 1]]
    assert {row["seller_id"] for row in csv.DictReader((tmp_path / "all.csv").open(newline=""))} == set(sellers)


def test_one_payment_for_a_whole_basket_is_a_sale_of_each_order(tmp_path: Path) -> None:
    times = [MARCH + n * HOUR for n in range(200)]
    log = sales("basket", times, payment_id="one for all", amount_minor=2_500, currency="USD")
    log += [happened(registered(verification="verified"), "basket", MARCH)]
    log += [happened(registered(verification="failed"), "basket", MARCH + DAY)]
    write_events(tmp_path / "log.jsonl", [*log, log[0]])
    found = build(period_of("2026-03-01", "2026-04-01"), Sources(logs=[tmp_path / "log.jsonl"]), Choices(), Settings())
    (row,) = rows(found, "high_volume_sellers").values()
    assert row[2:4] == [200, 500_000]
    assert (row[0], row[4]) == ("overdue by 2 days", "no"), "a verification that failed later counts no more"


def test_the_first_moment_of_a_period_counts_and_its_end_does_not(tmp_path: Path) -> None:
    april = MARCH + 31 * DAY
    log = [
        happened(SellerReinstated(), "first", MARCH - DAY),
        happened(SellerBanned("fraud"), "first", MARCH),
        happened(SellerBanned("fraud"), "end", april),
        *sales("end", [*(april - n * HOUR for n in range(1, 200)), april], amount_minor=9_900, currency="USD"),
    ]
    write_events(tmp_path / "log.jsonl", log)
    found = build(period_of("2026-03-01", "2026-04-01"), Sources(logs=[tmp_path / "log.jsonl"]), Choices(), Settings())
    assert rows(found, "summary")["bans of sellers"][1] == 1
    assert rows(found, "summary")["bans reversed by a reinstatement"][1] == 0, "it was reinstated before"
    assert not rows(found, "high_volume_sellers")


def test_a_formula_behind_spaces_is_one_too() -> None:
    assert guarded("  =1+1") == "'  =1+1"


def test_without_files_the_topics_are_read(tmp_path: Path, folder: Path, mock_kafka: EmbeddedKafka) -> None:
    with EmbeddedKafka() as own:
        settings = Settings(kafka_brokers=own.bootstrap.split(","), kafka_api_version="0.11")
        period = period_of("2026-03-01", "2026-04-01")
        with pytest.raises(SettingsError, match=r"topic sellerwatch\.decisions is missing"):
            build(period, Sources(), Choices(), settings)
        with producer(settings) as sending:
            for topic, lines in zip((names.DECISIONS, names.ALERTS, names.EVENTS), market(), strict=True):
                own.create_topic(topic, 3)
                for number, line in enumerate([*lines, b"no record of ours", *lines]):
                    sending.send(topic, value=line, partition=number % 3)
        found = build(period, Sources(), Choices(), settings)

    numbers = [table for section in found.sections for table in section.tables]
    assert numbers == [table for section in reported(folder).sections for table in section.tables]
    assert "3 lines" in section(found, "overview").warnings[0]


def test_a_broker_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.topics.PATIENCE_MS", 300)
    settings = Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11")
    with pytest.raises(UnavailableError, match="no Kafka broker answers"):
        build(period_of("2026-03-01", "2026-04-01"), Sources(), Choices(), settings)


@pytest.mark.slow
def test_ten_times_as_much_takes_no_more_memory(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, _, counted_few = measure(3_000, 3_000, tmp_path / "few")
    many, _, counted = measure(30_000, 30_000, tmp_path / "many")

    assert (counted_few, counted) == (3_000, 30_000)
    assert many < few + 48
    assert many < BOUND_MIB
