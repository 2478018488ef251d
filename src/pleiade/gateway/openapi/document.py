"""Routes → an OpenAPI 3.1 document, as a pure function.

A route that names no types is described truthfully and no further: docs/api.md has its fields, and the official SDKs
have their types, since most of these routes are OpenAI's.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade import __version__
from pleiade.gateway.routing import Route

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_AS_DOCUMENTED = "See docs/api.md; the routes that OpenAI has too take and give what its API does."
_ERROR: Json = {
    "type": "object",
    "description": "OpenAI's envelope, on every prefix but Azure's dated ones.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "description": "What is wrong, and what to do next."},
                "type": {"type": ["string", "null"]},
                "param": {"type": ["string", "null"], "description": "The field that is wrong."},
                "code": {"type": ["string", "null"]},
            },
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}
_SECURITY: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of an identity provider."},
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "api-key",
        "description": "An API key, as Azure's clients do.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "pleiade_session",
        "description": "A browser that signed in. Its writes carry `x-csrf-token`, which GET /auth/me tells.",
    },
}


def document_of(routes: Sequence[Route]) -> Json:
    """The document that describes `routes`: each once, at the first of its prefixes."""
    types = sorted({one for route in routes for one in (route.takes, route.gives) if one is not None}, key=repr)
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, Json] = {}
    for route in routes:
        server, path = place_of(route)
        item = paths.setdefault(path, {} if server == "/v1" else {"servers": [{"url": server}]})
        item[route.method.lower()] = _operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pleiade",
            "version": __version__,
            "summary": "Your own OpenAI, on machines you control.",
            "description": "Paths are relative to their server. What stands under /v1 is mounted under /openai/v1 and "
            "/openai too, in Azure's dialect.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1"}],
        "security": [{name: []} for name in _SECURITY],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": {**schemas, "Error": _ERROR}, "securitySchemes": _SECURITY},
    }


def place_of(route: Route) -> tuple[str, str]:
    """The server under which a route is described, and its path there."""
    if route.root:
        return "/", route.path.replace("*", "{path}")
    if not route.path:  # the deployment itself, which Azure's prefix names
        return "/openai", "/deployments/{deployment}"
    return "/v1", route.path


def _operation(route: Route, path: str) -> Json:
    summary = _told(route)
    operation: Json = {
        "operationId": f"{route.method.lower()}{re.sub('[^A-Za-z0-9]+', '_', path)}".rstrip("_"),
        "tags": [re.split("[/:]", path.strip("/"))[0] or "web"],
        "summary": summary,
        "responses": {"200": _answer(route), "default": _json("What went wrong.", {"$ref": _REF.format(name="Error")})},
    }
    names = re.findall(r"{([^}]*)}", path)
    text = {"type": "string"}
    parameters = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
    parameters += [{"name": name, "in": "query", "schema": text} for name in route.query]
    if parameters:
        operation["parameters"] = parameters
    if route.method in ("POST", "PUT", "PATCH"):
        operation["requestBody"] = _body(route)
    if route.public:
        operation["security"] = []
    return operation


def _told(route: Route) -> str:
    """The first sentence of what its handler says of itself, without what it raises inside."""
    handler = getattr(route.handler, "func", route.handler)
    lines = (handler.__doc__ or "").strip().split("\n\n")[0].split()
    return re.sub(r"\s*Raises .*$", "", " ".join(lines)) or f"{route.method} {route.path}"


def _body(route: Route) -> Json:
    if route.files:
        fields = {name: {"type": "string", "format": "binary"} for name in route.files}
        form = {"type": "object", "properties": fields, "additionalProperties": {"type": "string"}}
        return {"content": {"multipart/form-data": {"schema": form}}}
    if route.takes is not None:
        return {"content": {"application/json": {"schema": _schema(route.takes)}}}
    return {"description": _AS_DOCUMENTED, "content": {"application/json": {"schema": {"type": "object"}}}}


def _answer(route: Route) -> Json:
    return {"description": _AS_DOCUMENTED} if route.gives is None else _json("Done.", _schema(route.gives))


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _schema(kind: type) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema
