"""Models: the versions that are kept, how good each was, and the way back to one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.kafka_side import STILL
from console.problems import Problem, not_found
from console.rendering import render
from console.routing import act, page
from console.store.system import model_versions
from console.words import now
from detectors.models.learners import MODELS
from detectors.models.risk_learner import CHALLENGER
from streams import names
from streams.errors import UnavailableError
from streams.models.commands import Action, Announcement, ModelCommand, back_to, pack_command
from streams.models.versions import announced
from streams.settings import Settings
from streams.signing import SignatureError, verify

HERE: Final = "/system/models"


async def show_models(request: Request) -> Response:
    console = request.app.state.console
    with telling_of_redis(console.settings):
        found = await model_versions(console.settings, console.redis)
    by_model = {model: [one for one in found if one.model == model] for model in MODELS}
    return render(request, "models.html", tab="models", models={name: some for name, some in by_model.items() if some})


async def change_model(request: Request) -> Response:
    """Asks learn to put an older version in force, or to let newer ones follow again."""
    console, form = request.app.state.console, await request.form()
    action, version, model = (str(form.get(name, "")) for name in ("action", "version", "model"))
    if action == "rollback":
        with telling_of_redis(console.settings):
            kept = await announced(console.redis, console.settings.namespace)
        back = next((one for one in kept if one.version == version), None)
        if back is None or back.model == CHALLENGER:
            raise not_found("version of a model to go back to")
        await _ask(request, "rollback", back.model, back)
    elif action == "release" and model in MODELS:
        await _ask(request, "release", model)
    else:
        raise Problem(400, "This cannot be asked of a model", "Roll back to a version, or release a model.", back=HERE)
    return RedirectResponse(HERE, 303)


async def _ask(request: Request, action: Action, model: str, back: Announcement | None = None) -> None:
    """Records the act, then sends the command by way of the topic that learn reads."""
    console, author = request.app.state.console, request.state.person.name
    keys = console.settings.signing()
    if not keys:
        raise Problem(
            503, "The console has no model keys", "Set SELLERWATCH_MODEL_KEYS: commands are signed.", back=HERE
        )
    if back is not None:
        try:
            verify(keys, back.snapshot)  # what is announced again is what was announced
        except SignatureError:
            raise Problem(
                409, "This version was signed by another key", "It cannot be put in force.", back=HERE
            ) from None
    command = back_to(back, now(), author) if back else ModelCommand(action, model, now(), author)
    details = {"version": back.version} if back else {}
    await console.record(request, f"model.{action}", subject_kind="model", subject=model, details=details)
    await console.acting.send(names.TRAINING, None, pack_command(command, keys[0]), partition=0)


@contextmanager
def telling_of_redis(settings: Settings) -> Iterator[None]:
    """Says as an `UnavailableError` that Redis does not answer."""
    try:
        yield
    except (RedisError, OSError):
        raise UnavailableError(f"Redis at {settings.redis_place} does not answer; {STILL}") from None


ROUTES: list[BaseRoute] = [page(HERE, show_models), act(HERE, change_model, Right.GOVERN)]
