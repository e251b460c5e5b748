"""What people do with alerts: confirm, dismiss and snooze them, one or many at once."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.pages.alert import context, shown
from console.problems import Problem, not_found
from console.rendering import render
from console.routing import act, own_path
from console.store.judging import Judged, Sending, give
from console.words import minute, now, plural
from detectors.events import DAY

MOST_AT_ONCE = 200
LONGEST_DAYS = 365


async def judge_alert(request: Request) -> Response:
    """One alert. Where another has judged it meanwhile, shows what they did and what was typed."""
    form, alert_id = await request.form(), request.path_params["alert_id"]
    typed = {name: str(form.get(name, "")).strip() for name in ("verdict", "version", "note", "reason", "days")}
    judged = _judged(request, alert_id, typed)
    given = await request.app.state.console.write(_give_all, [judged])
    if not given:
        return await _conflict(request, alert_id, typed)
    await _send(request, given)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


async def judge_many(request: Request) -> Response:
    """All that were chosen in the queue; those that another has judged meanwhile are left as they are, and named."""
    form = await request.form()
    chosen = [str(value).rpartition(" ") for value in form.getlist("chosen")][:MOST_AT_ONCE]
    note, verdict, back = str(form.get("note", "")), str(form.get("verdict", "")), own_path(str(form.get("next", "/")))
    if not chosen:
        raise Problem(400, "No alert was chosen", "Choose some in the queue, then judge them.", back=back)
    typed = {"note": note.strip(), "verdict": verdict}
    wanted = [_judged(request, alert_id, typed | {"version": version}) for alert_id, _, version in chosen]
    given = await request.app.state.console.write(_give_all, wanted)
    await _send(request, given)
    missed = {judged.alert_id for judged in wanted} - {sending.judged.alert_id for sending in given}
    if missed:
        title = f"{plural(len(missed), 'alert')} had changed meanwhile"
        advice = f"{len(given)} of {len(wanted)} were {verdict}. These were not touched; look at them again."
        kept = {"alerts": ", ".join(sorted(missed)), "note": note}
        raise Problem(409, title, advice, kept=kept, back=back)
    return RedirectResponse(back, 303)


def _judged(request: Request, alert_id: str, typed: Mapping[str, str]) -> Judged:
    """What was asked for; a problem where something is missing."""
    verdict, version, days = typed["verdict"], typed["version"], typed.get("days", "")
    person, until = request.state.person, None
    if verdict not in ("confirmed", "dismissed", "snoozed") or not version.isdigit():
        raise Problem(400, "This is no verdict", "Open the alert again and choose one.", kept=typed)
    if verdict == "snoozed":
        if not typed.get("reason"):
            raise Problem(400, "A snooze needs a reason", "Go back and say why it can wait.", kept=typed)
        if not days.isdigit() or not 0 < int(days) <= LONGEST_DAYS:
            raise Problem(400, "A snooze needs an end", "Go back and choose for how long.", kept=typed)
        until = now() + int(days) * DAY
    return Judged(
        f"verdict-{secrets.token_hex(12)}",
        alert_id,
        int(version),
        verdict,  # type: ignore[arg-type]
        person.name,
        person.role.value,
        typed["note"][:1_000],
        typed.get("reason", "")[:500] if until else "",
        until,
    )


def _give_all(connection: Connection, wanted: Sequence[Judged]) -> list[Sending]:
    at = now()
    return [sending for judged in wanted if (sending := give(connection, judged, at)) is not None]


async def _send(request: Request, given: Sequence[Sending]) -> None:
    """Tells Kafka; what it does not take now, the feed sends later: it is kept already."""
    console = request.app.state.console
    await console.outgoing.send_now(given)


async def _conflict(request: Request, alert_id: str, typed: Mapping[str, str]) -> Response:
    found = await request.app.state.console.read(shown, alert_id)
    if found is None:
        raise not_found("such alert")
    return render(request, "conflict.html", 409, **context(request, found), typed=typed, changed=_changed(found))


def _changed(found: Any) -> str:
    item = found.page.item
    if item.changed_by is None or not found.page.judgements:
        return f"It was raised again, with score {item.score:.2f}."
    return f"{item.changed_by} has set it to {item.state}, {minute(item.changed_at or 0)}."


ROUTES: list[BaseRoute] = [
    act("/alerts/{alert_id}/verdict", judge_alert, Right.JUDGE),
    act("/verdicts", judge_many, Right.JUDGE),
]
