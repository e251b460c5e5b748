"""What people do with alerts: confirm, dismiss and snooze them, one or many at once."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.pages.alert import context, shown
from console.paths import segment
from console.problems import Problem
from console.rendering import render
from console.routing import act, own_path, whole
from console.store.verdicts import Judging, StaleAlertError, UnfitVerdictError, UnknownAlertError, Verdicts
from console.words import minute, now, plural
from detectors.events import DAY

MOST_AT_ONCE: Final = 200
LONGEST_NOTE: Final = 1_000


async def judge_alert(request: Request) -> Response:
    """One alert. Where another has judged it meanwhile, shows what they did and what was typed."""
    form, alert_id = await request.form(), request.path_params["alert_id"]
    typed = {name: str(form.get(name, "")).strip() for name in ("verdict", "version", "note", "reason", "days")}
    console = request.app.state.console
    verdicts: Verdicts = console.verdicts
    try:
        await console.kafka.run(verdicts.give, _judging(request, alert_id, typed))
    except StaleAlertError as stale:
        return await _conflict(request, stale, typed)
    except (UnfitVerdictError, UnknownAlertError) as error:
        raise _unfit(error, typed, f"/alerts/{segment(alert_id)}") from None
    return RedirectResponse(f"/alerts/{segment(alert_id)}", 303)


async def judge_many(request: Request) -> Response:
    """All that were chosen in the queue; those that another has judged meanwhile are left as they are, and named."""
    form = await request.form()
    chosen = [str(value).rpartition(" ") for value in form.getlist("chosen")][:MOST_AT_ONCE]
    back = own_path(str(form.get("next", "/")))
    typed = {"verdict": str(form.get("verdict", "")), "note": str(form.get("note", "")).strip()}
    if not chosen:
        raise Problem(400, "No alert was chosen", "Choose some in the queue, then judge them.", kept=typed, back=back)
    wanted = [_judging(request, alert_id, typed | {"version": version}) for alert_id, _, version in chosen]
    console = request.app.state.console
    verdicts: Verdicts = console.verdicts
    try:
        given = await console.kafka.run(verdicts.give_many, wanted)
    except (UnfitVerdictError, UnknownAlertError) as error:
        raise _unfit(error, typed, back) from None
    missed = {judging.alert_id for judging in wanted} - {judged.item.alert_id for judged in given}
    if missed:
        title = f"{plural(len(missed), 'alert')} had changed meanwhile"
        advice = f"{len(given)} of {len(wanted)} were {typed['verdict']}. These were not touched; look at them again."
        raise Problem(409, title, advice, kept={"alerts": ", ".join(sorted(missed)), **typed}, back=back)
    return RedirectResponse(back, 303)


def _judging(request: Request, alert_id: str, typed: Mapping[str, str]) -> Judging:
    """What was asked for; a problem where it is no verdict."""
    verdict, version, days = typed["verdict"], whole(typed["version"]), whole(typed.get("days", ""))
    person = request.state.person
    if verdict not in ("confirmed", "dismissed", "snoozed") or version is None:
        raise Problem(400, "This is no verdict", "Open the alert again and choose one.", kept=typed)
    snoozed = verdict == "snoozed"
    return Judging(
        alert_id=alert_id,
        version=version,
        verdict=verdict,  # type: ignore[arg-type]
        analyst=person.name,
        role=person.role.value,
        note=typed["note"][:LONGEST_NOTE] or None,
        until=now() + days * DAY if snoozed and days is not None else None,
        reason=(typed.get("reason") or None) if snoozed else None,
    )


def _unfit(error: Exception, typed: Mapping[str, str], back: str) -> Problem:
    return Problem(400, "This verdict cannot be given", f"{error}".capitalize() + ".", kept=typed, back=back)


async def _conflict(request: Request, stale: StaleAlertError, typed: Mapping[str, str]) -> Response:
    found = await request.app.state.console.read(shown, stale.item.alert_id)
    return render(request, "conflict.html", 409, **await context(request, found), typed=typed, changed=_changed(found))


def _changed(found: Any) -> str:
    item = found.page.item
    if item.changed_by is None or not found.page.judgements:
        return f"It was raised again, or the console was rebuilt; its score is {item.score:.2f}."
    return f"{item.changed_by} has set it to {item.state}, {minute(item.changed_at or 0)}."


ROUTES: list[BaseRoute] = [
    act("/alerts/{alert_id:id}/verdict", judge_alert, Right.JUDGE),
    act("/verdicts", judge_many, Right.JUDGE),
]
