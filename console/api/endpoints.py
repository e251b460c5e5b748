"""Every address of the API: what it asks for, what it answers, and who may."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from console.api.asking import (
    ClusterParameters,
    DecisionParameters,
    NoParameters,
    PageParameters,
    PersonalSearch,
    QueueParameters,
    RefusedParameters,
    SearchParameters,
    VerdictGivenHere,
)
from console.auth.roles import Person, Right
from console.deliveries import Delivery, delivery_of
from console.problems import Problem
from console.state import Console
from console.store.queries.alert import AlertPage, Alike, alert_page, alike
from console.store.queries.links import Cluster, cluster
from console.store.queries.listings import ListingsPage, listings_of
from console.store.queries.queue import QueueCount, QueueFilter, QueueItem, QueuePage, counts, queue
from console.store.queries.riskiest import riskiest
from console.store.queries.search import Hits, Holders, find, holders
from console.store.queries.sellers import (
    DecisionsPage,
    Occurrence,
    ScorePoint,
    Seller,
    alerts_of,
    decisions_of,
    occurrences_of,
    scores,
    seller,
)
from console.store.queries.trade import OrdersPage, Trade, orders_of, trade
from console.store.system import (
    PolicyVersion,
    RefusedEvent,
    System,
    policy_history,
    refused_events,
    system,
    without_what_was_sent,
)
from console.store.verdicts import Judged, Judging


class Call(Struct, frozen=True):
    """One call, checked."""

    console: Console
    person: Person
    path: dict[str, str]
    """The parts of the address that are named in it."""
    parameters: Any
    body: Any = None


class Endpoint(Struct, frozen=True):
    """One address."""

    method: str
    path: str
    summary: str
    answer: Any
    """Type of what it answers."""
    run: Callable[[Call], Awaitable[Any]]
    parameters: type = NoParameters
    body: type | None = None
    right: Right = Right.READ
    conflicts: bool = False
    """Whether it answers 409 where another was quicker."""

    @property
    def name(self) -> str:
        """What generated clients call it."""
        return self.run.__name__


def missing(what: str) -> Problem:
    return Problem(404, f"There is no {what}", "It may be older than what the console keeps (`console_keep`).")


# -- alerts -----------------------------------------------------------------------------------


async def list_alerts(call: Call) -> QueuePage:
    asked: QueueParameters = call.parameters
    wanted = QueueFilter(asked.state, asked.pattern, asked.severity, asked.seller, asked.since, asked.until, asked.text)
    return await call.console.read(queue, wanted, order=asked.order, limit=asked.limit, after_cursor=asked.after)


async def count_alerts(call: Call) -> list[QueueCount]:
    return await call.console.read(counts)


async def get_alert(call: Call) -> AlertPage:
    found = await call.console.read(alert_page, call.path["alert_id"])
    if found is None:
        raise missing(f"alert {call.path['alert_id']}")
    return found


async def get_delivery(call: Call) -> Delivery:
    return await delivery_of(call.console, (await get_alert(call)).alert)


async def list_similar_alerts(call: Call) -> Alike:
    return await call.console.read(alike, await get_alert(call))


async def give_verdict(call: Call) -> Judged:
    said: VerdictGivenHere = call.body
    judging = Judging(
        alert_id=call.path["alert_id"],
        version=said.version,
        verdict=said.verdict,
        analyst=call.person.name,
        role=call.person.role.value,
        note=said.note,
        until=said.until,
        reason=said.reason,
    )
    return await call.console.kafka.run(call.console.verdicts.give, judging)


# -- sellers ----------------------------------------------------------------------------------


async def list_riskiest_sellers(call: Call) -> list[Seller]:
    return await call.console.read(riskiest)


async def get_seller(call: Call) -> Seller:
    found = await call.console.read(seller, call.path["seller_id"])
    if found is None:
        raise missing(f"seller {call.path['seller_id']}")
    return found


async def list_scores(call: Call) -> list[ScorePoint]:
    return await call.console.read(scores, call.path["seller_id"])


async def list_decisions(call: Call) -> DecisionsPage:
    asked: DecisionParameters = call.parameters
    options: dict[str, Any] = {"limit": asked.limit, "after_cursor": asked.after, "order": asked.order_id}
    return await call.console.read(decisions_of, call.path["seller_id"], **options)


async def list_orders(call: Call) -> OrdersPage:
    asked: PageParameters = call.parameters
    return await call.console.read(orders_of, call.path["seller_id"], limit=asked.limit, after_cursor=asked.after)


async def get_trade(call: Call) -> Trade:
    return await call.console.read(trade, call.path["seller_id"])


async def list_listings(call: Call) -> ListingsPage:
    asked: PageParameters = call.parameters
    options: dict[str, Any] = {"limit": asked.limit, "after_cursor": asked.after}
    return await call.console.read(listings_of, call.path["seller_id"], call.console.lexicon, **options)


async def list_alerts_of_seller(call: Call) -> list[QueueItem]:
    return await call.console.read(alerts_of, call.path["seller_id"])


async def list_occurrences(call: Call) -> list[Occurrence]:
    return await call.console.read(occurrences_of, call.path["seller_id"])


async def get_cluster(call: Call) -> Cluster:
    asked: ClusterParameters = call.parameters
    console = call.console
    where = (console.database, console.redis, console.settings.namespace)
    return await cluster(*where, call.path["seller_id"], steps=asked.steps, most=asked.most)


# -- search, system ---------------------------------------------------------------------------


async def search(call: Call) -> Hits:
    asked: SearchParameters = call.parameters
    return await call.console.read(find, asked.text)


async def search_personal_value(call: Call) -> Holders:
    said: PersonalSearch = call.body
    console, about = call.console, {"kind": said.kind or "any"}
    actor, role = call.person.name, call.person.role.value
    await console.acting.record("value.searched", actor=actor, role=role, details=about)
    return await holders(console.database, console.redis, console.settings, said.value, said.kind)


async def get_system(call: Call) -> System:
    console = call.console
    return await system(console.settings, console.database, console.kafka, console.redis, await console.looking.fresh())


async def list_policies(call: Call) -> list[PolicyVersion]:
    return await call.console.kafka.ask(policy_history, call.console.settings)


async def list_refused_events(call: Call) -> list[RefusedEvent]:
    asked: RefusedParameters = call.parameters
    console = call.console
    found = await refused_events(console.settings, console.kafka, console.redis, asked.limit)
    return found if call.person.may(Right.REPAIR) else [without_what_was_sent(one) for one in found]


_SELLER: Final = "/api/sellers/{seller_id}"
_ALERT: Final = "/api/alerts/{alert_id}"
ENDPOINTS: Final[Sequence[Endpoint]] = (
    Endpoint("GET", "/api/alerts", "Alerts of the queue, a page at a time", QueuePage, list_alerts, QueueParameters),
    Endpoint("GET", "/api/alerts/counts", "How many alerts stand how", list[QueueCount], count_alerts),
    Endpoint("GET", _ALERT, "One alert: as it was sent, and what was judged", AlertPage, get_alert),
    Endpoint("GET", f"{_ALERT}/similar", "Similar alerts, and how they ended", Alike, list_similar_alerts),
    Endpoint("GET", f"{_ALERT}/delivery", "Where it is on its way to the webhook", Delivery, get_delivery),
    Endpoint(
        "POST",
        f"{_ALERT}/verdict",
        "Judges an alert, or snoozes it",
        Judged,
        give_verdict,
        body=VerdictGivenHere,
        right=Right.JUDGE,
        conflicts=True,
    ),
    Endpoint("GET", "/api/sellers", "The sellers with the highest scores", list[Seller], list_riskiest_sellers),
    Endpoint("GET", _SELLER, "How a seller stands", Seller, get_seller),
    Endpoint("GET", f"{_SELLER}/scores", "Its score over time, oldest first", list[ScorePoint], list_scores),
    Endpoint(
        "GET", f"{_SELLER}/decisions", "Decisions on its events", DecisionsPage, list_decisions, DecisionParameters
    ),
    Endpoint("GET", f"{_SELLER}/orders", "Its orders", OrdersPage, list_orders, PageParameters),
    Endpoint("GET", f"{_SELLER}/trade", "Its orders, summed up", Trade, get_trade),
    Endpoint("GET", f"{_SELLER}/listings", "Its listings, words marked", ListingsPage, list_listings, PageParameters),
    Endpoint("GET", f"{_SELLER}/alerts", "Its alerts, the latest first", list[QueueItem], list_alerts_of_seller),
    Endpoint("GET", f"{_SELLER}/occurrences", "Bans, reports, ...", list[Occurrence], list_occurrences),
    Endpoint("GET", f"{_SELLER}/links", "Sellers that share values with it", Cluster, get_cluster, ClusterParameters),
    Endpoint("GET", "/api/search", "Sellers, orders and alerts by their ids", Hits, search, SearchParameters),
    Endpoint(
        "POST",
        "/api/search/personal",
        "Sellers by a personal value",
        Holders,
        search_personal_value,
        body=PersonalSearch,
    ),
    Endpoint("GET", "/api/system", "How the system is", System, get_system),
    Endpoint("GET", "/api/policies", "Policies that were published", list[PolicyVersion], list_policies),
    Endpoint(
        "GET",
        "/api/refused",
        "Refused events, the newest first; as they were sent only for those who may repair them",
        list[RefusedEvent],
        list_refused_events,
        RefusedParameters,
    ),
)
