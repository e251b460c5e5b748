"""The OpenAPI 3.1 document, made from the structs; `python -m console.api.openapi` writes it anew."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from console.api.endpoints import ENDPOINTS, Endpoint
from console.api.serving import ApiProblem
from console.auth.sessions import COOKIE

FILE: Final = Path(__file__).parent / "openapi.json"
REFERENCE: Final = "#/components/schemas/{name}"
ABOUT: Final = (
    "What the console's pages show, under the same roles: HTTP Basic with a user of the console, the cookie of a "
    "session (with the header X-CSRF-Token on what changes something), or a proxy that says who calls. "
    "Times are integers, microseconds since 1970-01-01T00:00Z; money is in the currency's smallest unit. "
    "Ids in addresses are percent-encoded, `/` too; the ids `.` and `..`, which clients take out of addresses, are "
    "written `~.` and `~..`. "
    "Lists that have `next` go on at `after=<next>`: a page stays put while rows come and go. "
    "Errors are application/problem+json."
)
PROBLEMS: Final = {
    "400": "A parameter, the cursor or the body cannot be used.",
    "401": "Nobody who is known calls.",
    "403": "The role may not do it.",
    "404": "It is not there.",
    "409": "Somebody was quicker; `alert` says how it is now.",
    "422": "The verdict lacks a reason or an end.",
    "429": "Too many wrong passwords.",
    "503": "Kafka, Redis or the database does not answer.",
}


def document() -> dict[str, Any]:
    """The whole document, the same for the same code."""
    types = [t for e in ENDPOINTS for t in (e.answer, e.body) if t is not None]
    schemas, components = msgspec.json.schema_components((*types, ApiProblem), ref_template=REFERENCE)
    found = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        answer = next(found)
        body = next(found) if endpoint.body is not None else None
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, answer, body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sellerwatch console",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def encoded() -> bytes:
    """As it stands in the file."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def _operation(endpoint: Endpoint, answer: Any, body: Any) -> dict[str, Any]:
    problems = {"400", "401", "403", "429", "503"}
    problems |= {"404"} if "{" in endpoint.path else set()
    problems |= {"409", "422"} if endpoint.conflicts else set()
    told: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"For those who may {endpoint.right.value}.",
        "parameters": [*_path(endpoint), *_query(endpoint)],
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": answer}}},
            **{code: _refusal(PROBLEMS[code]) for code in sorted(problems)},
        },
    }
    if body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return told


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name="ApiProblem")}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _path(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query(endpoint: Endpoint) -> list[dict[str, Any]]:
    (_,), components = msgspec.json.schema_components((endpoint.parameters,))
    schema = components[endpoint.parameters.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": of_field}
        for name, of_field in schema["properties"].items()
    ]


if __name__ == "__main__":
    FILE.write_bytes(encoded())
