"""The console in a real browser: every page and role, keys, two people at once, and what axe-core finds."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import select

from console.store.raising import take_alerts
from console.store.schema import alerts, given
from console.words import now
from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.console.made import raised
from tests.console.site import Person, Site, chromium, person, running_site
from tests.services.redis import RealRedis

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        and os.environ.get("SELLERWATCH_REQUIRE_SERVICES") != "1",
        reason="needs Chromium: install it, for example by `apt-get install chromium`",
    ),
]
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROLES = ("auditor", "analyst", "lead", "admin")
Scheme = Literal["light", "dark"]
TALLEST = "Math.max(0, ...[...document.querySelectorAll('thead th')].map((cell) => cell.offsetHeight))"
"""Pixels of the tallest cell at the head of a table."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, redis_server: RealRedis, own_kafka: EmbeddedKafka) -> Iterator[Site]:
    with running_site(
        tmp_path_factory.mktemp("site"), f"redis://127.0.0.1:{redis_server.port}/{RealRedis.databases - 1}", own_kafka
    ) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = chromium(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def people(browser: Browser, site: Site) -> Iterator[dict[str, Person]]:
    """Somebody of each role."""
    made = {role: person(browser, site, role) for role in ROLES}
    yield made
    for each in made.values():
        each.context.close()


def alert_ids(site: Site) -> list[str]:
    """Open alerts, the most severe last."""
    with site.database.reading() as connection:
        query = select(alerts.c.alert_id).where(alerts.c.state == "open").order_by(alerts.c.score)
        return list(connection.execute(query).scalars())


def paths(site: Site) -> dict[str, str]:
    """Every page, by what it is called."""
    with site.database.reading() as connection:
        row = connection.execute(
            select(alerts.c.alert_id, alerts.c.seller_id).order_by(alerts.c.score.desc()).limit(1)
        ).one()
    seller = f"/sellers/{row.seller_id}"
    system = ("", "/refused", "/deliveries", "/models", "/policy", "/words")
    return {
        "queue": "/",
        "alert": f"/alerts/{row.alert_id}",
        "seller": seller,
        "orders": f"{seller}/orders",
        "listings": f"{seller}/listings",
        "decisions": f"{seller}/decisions",
        "sellers": "/sellers",
        "links": "/links",
        "cluster": f"/links?seller={row.seller_id}&steps=2",
        "search": "/search?text=seller_",
        **{f"system{name}": f"/system{name}" for name in system},
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_for_every_role_without_a_complaint_of_the_browser(
    people: dict[str, Person], site: Site, role: str
) -> None:
    somebody = people[role]
    for name, path in paths(site).items():
        assert somebody.open(path) == 200, name
        expect(somebody.page.locator("h1")).to_have_count(1)
        judges = somebody.page.locator("button[name=verdict]").count()
        assert bool(judges) == (name in ("queue", "alert") and role != "auditor"), name
    assert somebody.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_of_level_a_or_aa(browser: Browser, site: Site, scheme: Scheme) -> None:
    admin = person(browser, site, "admin", scheme=scheme)
    stranger = person(browser, site, scheme=scheme)
    shown = [(stranger, "/login"), *((admin, path) for path in paths(site).values()), (admin, "/nowhere")]
    found: dict[str, Any] = {}
    for somebody, path in shown:
        somebody.open(path)
        somebody.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        results = Axe().run(somebody.page, options={"runOnly": {"type": "tag", "values": LEVELS}})
        for violation in results.response["violations"]:
            found[f"{path}: {violation['id']}"] = [node["html"][:200] for node in violation["nodes"][:3]]
    assert found == {}


def test_nothing_runs_out_of_a_screen_of_360_pixels(browser: Browser, site: Site) -> None:
    narrow = person(browser, site, "admin", width=360, height=740)
    for name, path in {**paths(site), "login": "/login"}.items():
        narrow.open(path)
        narrow.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= 360, name
        assert narrow.page.evaluate(TALLEST) <= 90, f"{name}: the words of a table's head are cut into letters"


def test_without_scripts_one_logs_in_filters_and_judges(browser: Browser, site: Site) -> None:
    plain = person(browser, site, scripts=False)
    plain.log_in("analyst")
    plain.page.locator("summary", has_text="Pattern").click()
    plain.page.locator("select[name=order]").select_option("newest")
    plain.page.get_by_role("button", name="Apply").click()
    assert "order=newest" in plain.page.url
    alert = alert_ids(site)[0]
    plain.open(f"/alerts/{alert}")
    plain.page.get_by_label("Note").fill("a known wholesaler")
    plain.page.get_by_role("button", name="Dismiss").click()
    expect(plain.page.get_by_text("Dismissed by analyst", exact=False).first).to_be_visible()
    expect(plain.page.get_by_text("a known wholesaler")).to_be_visible()
    with site.database.reading() as connection:
        row = connection.execute(select(given).where(given.c.alert_id == alert)).one()
    assert (row.verdict, row.analyst, row.note) == ("dismissed", "analyst", "a known wholesaler")
    assert row.sent_at is not None, "Kafka has not got it"


def test_the_colours_change_by_a_button_also_without_scripts(browser: Browser, site: Site) -> None:
    plain = person(browser, site, "analyst", scripts=False)
    background = "getComputedStyle(document.body).backgroundColor"
    watcher = person(browser, site, "analyst")
    for somebody in (plain, watcher):
        for theme in ("dark", "light", "auto"):
            somebody.page.get_by_role("button", name=f"Change to {theme}").click()
            expect(somebody.page.locator("html")).to_have_attribute("data-theme", theme)
    watcher.page.get_by_role("button", name="Change to dark").click()
    expect(watcher.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert watcher.page.evaluate(background) == "rgb(14, 18, 22)"


def test_the_queue_is_worked_off_by_keys(people: dict[str, Person], site: Site) -> None:
    lead = people["lead"]
    lead.open("/")
    keyboard = lead.page.keyboard
    keyboard.press("?")
    expect(lead.page.get_by_role("dialog")).to_be_visible()
    keyboard.press("Escape")
    keyboard.press("j")
    keyboard.press("j")
    expect(lead.page.locator(".open-alert").nth(1)).to_be_focused()
    keyboard.press("k")
    chosen = lead.page.locator(".open-alert").nth(0).get_attribute("href")
    keyboard.press("x")
    expect(lead.page.get_by_text("1 chosen")).to_be_visible()
    with lead.page.expect_navigation():
        keyboard.press("c")
    assert chosen is not None
    lead.open(chosen)
    expect(lead.page.get_by_text("Confirmed by lead", exact=False).first).to_be_visible()


def test_keys_can_be_switched_off_and_one_that_is_held_judges_once(browser: Browser, site: Site) -> None:
    """WCAG 2.2, success criterion 2.1.4, which no program can test."""
    lead = person(browser, site, "lead")
    lead.open("/")
    lead.page.get_by_role("button", name="Keys ?").click()
    lead.page.get_by_label("Keys act").uncheck()
    lead.page.get_by_role("button", name="Close").click()
    lead.page.keyboard.press("j")
    expect(lead.page.locator(".queue > li a:focus")).to_have_count(0)
    lead.page.reload()
    lead.page.get_by_role("button", name="Keys ?").click()
    expect(lead.page.get_by_label("Keys act")).not_to_be_checked()
    lead.page.get_by_label("Keys act").check()
    lead.page.get_by_role("button", name="Close").click()
    lead.page.evaluate("document.activeElement.blur()")
    lead.page.keyboard.press("j")
    held = "new KeyboardEvent('keydown', {key: 'x', repeat: true, bubbles: true})"
    lead.page.evaluate(f"document.activeElement.dispatchEvent({held})")
    expect(lead.page.locator(".choose:checked")).to_have_count(0)
    lead.page.keyboard.press("x")
    expect(lead.page.locator(".choose:checked")).to_have_count(1)


def test_of_two_who_judge_at_once_the_second_is_shown_what_the_first_did(people: dict[str, Person], site: Site) -> None:
    first, second, alert = people["lead"], people["analyst"], alert_ids(site)[1]
    for somebody in (first, second):
        somebody.open(f"/alerts/{alert}")
    expect(second.page.locator(".lookers")).to_contain_text("lead")
    first.page.get_by_label("Note").fill("the same device as two banned shops")
    with first.page.expect_navigation():
        first.page.get_by_role("button", name="Confirm").click()
    second.page.get_by_label("Note").fill("looks like a gift shop to me")
    with second.page.expect_navigation() as answered:
        second.page.get_by_role("button", name="Dismiss").click()
    assert answered.value is not None
    assert answered.value.status == 409
    expect(second.page.get_by_text("lead has set it to confirmed", exact=False)).to_be_visible()
    expect(second.page.get_by_text("the same device as two banned shops")).to_be_visible()
    expect(second.page.get_by_label("Note")).to_have_value("looks like a gift shop to me")
    second.complaints.clear()  # the browser says 409


def test_new_alerts_arrive_in_an_open_queue(people: dict[str, Person], site: Site) -> None:
    analyst = people["analyst"]
    analyst.open("/")
    expect(analyst.page.get_by_text("new alert")).to_have_count(0)
    analyst.page.wait_for_timeout(1_500)  # the stream has to have looked once
    with site.database.writing() as connection:
        take_alerts(connection, [raised(901, at=now(), severity="critical", score=0.97)], now())
    analyst.page.get_by_role("link", name="1 new alert").click()
    expect(analyst.page.get_by_role("link", name="seller-901")).to_be_visible()
    assert analyst.complaints == []


def test_filters_change_the_queue_in_place(people: dict[str, Person], site: Site) -> None:
    analyst = people["analyst"]
    analyst.open("/")
    analyst.page.get_by_label("low").check()
    analyst.page.wait_for_url("**/?*severity=low*")
    expect(analyst.page.locator(".queue .badge.high")).to_have_count(0)
    expect(analyst.page.locator(".queue > li")).not_to_have_count(0)


def test_a_personal_value_is_searched_for_and_stands_in_no_address(people: dict[str, Person], site: Site) -> None:
    analyst = people["analyst"]
    analyst.open("/search")
    analyst.page.get_by_role("textbox", name="Value").fill("nobody@example.org")
    analyst.page.get_by_role("button", name="Look it up").click()
    expect(analyst.page.get_by_text("Nobody has touched it")).to_be_visible()
    assert "nobody" not in analyst.page.url
    assert "nobody@example.org" not in site.log.read_text()


def test_it_ends_within_five_seconds_with_pages_open(people: dict[str, Person], site: Site) -> None:
    people["analyst"].open("/")
    assert site.end() < 5.0
