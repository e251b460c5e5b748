"""Answers calls: checks who calls and what is asked, runs the endpoint, says problems as RFC 9457 has them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from console.api.endpoints import ENDPOINTS, Call, Endpoint
from console.api.identity import who
from console.problems import Problem
from console.store.queries.paging import CursorError
from console.store.verdicts import StaleAlertError, UnfitVerdictError, UnknownAlertError
from streams.errors import SellerwatchError, SettingsError, UnavailableError

LONGEST_BODY: Final = 60_000
"""Bytes; less than the console takes of any request."""
_encode = msgspec.json.Encoder().encode


class ApiProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, after RFC 9457."""

    title: str
    """What is wrong."""
    status: int
    detail: str = ""
    """What to do now."""
    type: str = "about:blank"
    alert: Any = None
    """With 409: the alert as it is now."""


def routes() -> list[BaseRoute]:
    """The addresses of the API; an unknown one below `/api/` is a problem of it, too."""
    found: list[BaseRoute] = [
        Route(endpoint.path.replace("}", ":id}"), _answering(endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]
    found.append(Route("/api/openapi.json", _openapi))
    found.append(Route("/api/{rest:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]))
    return found


def _answering(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            person = await who(request)
            if not person.may(endpoint.right):
                raise Problem(
                    403, f"Your role may not {endpoint.right.value}", f"You are {person.name}, {person.role}."
                )
            parameters = _parameters(request.query_params, endpoint.parameters)
            body = await _body(request, endpoint.body) if endpoint.body else None
            console = request.app.state.console
            found = await endpoint.run(Call(console, person, request.path_params, parameters, body))
        except (SellerwatchError, SQLAlchemyError, HTTPException) as error:
            return _problem(error)
        return _json(found)

    return answer


def _json(found: Any, status: int = 200, kind: str = "application/json") -> Response:
    return Response(_encode(found), status, media_type=kind, headers={"Cache-Control": "no-store"})


def _parameters(given: QueryParams, wanted: type) -> Any:
    fields = {field.name: field for field in msgspec.structs.fields(wanted)}
    several = {name for name, field in fields.items() if getattr(field.type, "__origin__", None) is tuple}
    told: dict[str, Any] = {name: given.getlist(name) if name in several else given[name] for name in given}
    try:
        return msgspec.convert(told, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(400, "A parameter cannot be used", str(error)) from None


async def _body(request: Request, wanted: type) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "The body must be JSON", "Send Content-Type: application/json.")
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > LONGEST_BODY:
            raise Problem(413, "The body is too large", f"It may have {LONGEST_BODY:,} bytes.")
    try:
        return msgspec.json.decode(raw, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "The body cannot be used", str(error)) from None


def _problem(error: Exception) -> Response:
    told = _told(error)
    return _json(told, told.status, "application/problem+json")


def _told(error: Exception) -> ApiProblem:
    match error:
        case Problem():
            return ApiProblem(error.title, error.status, error.advice)
        case HTTPException():  # a body that is too large or too slow
            return ApiProblem(error.detail, error.status_code)
        case StaleAlertError():
            return ApiProblem(str(error), 409, "Look at it again; its version stands in `alert`.", alert=error.item)
        case UnknownAlertError():
            return ApiProblem("There is no such alert", 404, str(error))
        case UnfitVerdictError():
            return ApiProblem("The verdict cannot be given so", 422, str(error))
        case CursorError():
            return ApiProblem("The cursor cannot be used", 400, str(error))
        case SettingsError() | UnavailableError():
            return ApiProblem("What is needed for it does not answer, or is not set", 503, str(error))
        case SQLAlchemyError():  # its own words may hold what was asked
            return ApiProblem("The console's database does not answer", 503, type(error).__name__)
    return ApiProblem(HTTPStatus.INTERNAL_SERVER_ERROR.phrase, 500, str(error))


async def _openapi(request: Request) -> Response:
    try:
        await who(request)
    except Problem as problem:
        return _problem(problem)
    text = (files("console.api") / "openapi.json").read_bytes()
    return Response(text, media_type="application/json")


async def _unknown(request: Request) -> Response:
    known = any(endpoint.path == request.url.path for endpoint in ENDPOINTS)
    if known:
        return _problem(Problem(405, "The address knows no such method", "See /api/openapi.json."))
    return _problem(Problem(404, "There is no such address", "See /api/openapi.json."))
