"""Ids may be any text: each has its pages, and every link on any page leads to where it says."""

import asyncio
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.paths import Id, segment
from console.store.feed.applying import Part, Read, apply
from console.store.feed.positions import Place
from console.store.raising import take_alerts
from console.words import now
from detectors.decision import LinkedSeller
from detectors.events import LinkFound, encode_record
from streams import names
from tests.builders import order_placed, record
from tests.console.made import raised
from tests.console.pages import Visitor, made_app, settings_of, users_in, visiting

IDS = (
    "a/b", "/", "//", "../etc", "..", ".", "~..", "~", "a?b=c", "a#b", "50%", "%2F", "%252e", "a b", " x", "x/orders",
    "a&b=c", "a+b", "a;b", "a:b@c", "a\\b", 'a"b', "<b>'", "{x}", "\u00fcn\u00ef", "\u30b7\u30fc", "\U0001f600", "a\tb",
)  # fmt: skip
EVERY = ("/", "/sellers", "/links")


@pytest.mark.parametrize("text", IDS)
def test_an_id_is_one_segment_that_browsers_leave_alone_and_comes_back_as_it_was(text: str) -> None:
    encoded = segment(text)
    assert not set(encoded) & set("/?#\\ ")
    assert encoded not in (".", "..")
    assert Id().convert(encoded) == text


def test_different_ids_have_different_segments() -> None:
    dotted = [f"{'~' * waves}{'.' * dots}" for waves in range(4) for dots in range(4) if waves + dots]
    assert len({segment(text) for text in dotted}) == len(dotted)


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder: Path = tmp_path_factory.mktemp("ids")
    app = made_app(settings_of(folder, console_open=True), alerts=0)
    database = app.state.console.database
    after = dict(zip(IDS, (*IDS[1:], IDS[0]), strict=True))
    links = [LinkFound(other, "device", f"k1:{n}", "seller", 2) for n, other in enumerate(after.values())]
    logged = [record(order_placed(order_id=f"order-{n}"), seller_id=each) for n, each in enumerate(IDS)]
    logged += [record(link, seller_id=each) for each, link in zip(after, links, strict=True)]
    read = [Read(n, now(), encode_record(each)) for n, each in enumerate(logged)]
    apply(database, [Part(Place(names.EVENTS, 0), 0, read)], now())
    with database.writing() as connection:
        found = [raised(n, at=now() + n, alert_id=each, seller_id=each) for n, each in enumerate(IDS)]
        for alert in found:
            alert.evidence.sellers[:] = [LinkedSeller(after[alert.seller_id], "device", 0.6)]
        take_alerts(connection, found, now())
    yield visiting(app)
    asyncio.run(app.state.console.close())


def links_in(page: str) -> set[str]:
    return {html.unescape(each) for each in re.findall(r'(?:href|action|data-live)="(/[^"]*)"', page)}


def test_every_link_of_every_page_leads_somewhere(visitor: Visitor) -> None:
    seen: set[str] = set()
    waiting, headed = set(EVERY), set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        headed |= {html.unescape(each) for each in re.findall(r'<h1 class="id">(.*?)</h1>', answer.text, re.S)}
        further = {each for each in links_in(answer.text) if each.startswith(("/sellers", "/alerts", "/links", "/?"))}
        waiting |= {each for each in further if not each.endswith("/verdict")} - seen
    assert headed == set(IDS), "a link has led to another seller"
    assert len([path for path in seen if path.startswith("/alerts/")]) == len(IDS)


@pytest.mark.parametrize("text", ["a/b", "..", "50%", "a?b=c", " x"])
def test_an_alert_is_judged_under_any_id_and_found_by_it(visitor: Visitor, text: str) -> None:
    path = f"/alerts/{segment(text)}"
    answer = visitor.post(f"{path}/verdict", seen=path, version=1, verdict="dismissed")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "Dismissed</b> by local" in visitor.get(path).text
    found = visitor.get("/search", params={"text": text})
    named = text == text.strip()  # what stands around a text that was typed is not searched for
    assert found.headers.get("location") == (f"/sellers/{segment(text)}" if named else None)


@pytest.mark.parametrize("text", IDS)
def test_programs_reach_every_id(visitor: Visitor, text: str) -> None:
    own = segment(text)
    assert visitor.get(f"/api/sellers/{own}").json()["seller_id"] == text
    assert visitor.get(f"/api/alerts/{own}").json()["item"]["alert_id"] == text
    assert {edge["one"] for edge in visitor.get(f"/api/sellers/{own}/links").json()["edges"]} & {text}
    assert [item["seller_id"] for item in visitor.get(f"/api/sellers/{own}/alerts").json()] == [text]


def test_the_way_back_after_logging_in_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    users_in(tmp_path)
    app: Any = made_app(settings_of(tmp_path), alerts=0)
    stranger = visiting(app)
    asked = f"/sellers/{segment('a/b?c%')}/orders?after=x%26y"
    door = stranger.get(stranger.get(asked).headers["location"]).text
    (back,) = re.findall(r'name="next" value="([^"]*)"', door)
    assert html.unescape(back) == asked
    asyncio.run(app.state.console.close())
