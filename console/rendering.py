"""Pages from templates: escaped always, with what every page needs."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from console import words
from console.paths import segment

STATIC = Path(__file__).parent / "static"
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "sellerwatch_theme"


@cache
def address(name: str) -> str:
    """Where a static file is; another one for other content, so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = address
    made.filters.update(words.FILTERS)
    made.filters["segment"] = segment
    return made


TEMPLATES = _environment()


def render(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page, or a part of one, for whoever asks."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    session, person = getattr(request.state, "session", None), getattr(request.state, "person", None)
    shared = {
        "person": person,
        "token": request.app.state.console.sessions.token(session, person.name if person else "") if session else "",
        "theme": theme if theme in THEMES else "auto",
        "here": request.url.path,
        "place": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "logs_in": request.app.state.console.access.logs_in,
    }
    return HTMLResponse(TEMPLATES.get_template(template).render(shared | context), status)
