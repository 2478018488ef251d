"""What a key is for: the scopes it was given, the one that a route needs, and whether the first cover the second.

The names are those that OpenAI's errors and audit log use ("model.request", "api.responses.write"); the ones
for single model endpoints are made after them.
"""

import re
from functools import lru_cache

from pleiade.tenancy.errors import InvalidError

EVERYTHING = "all"
READ_ONLY = "read-only"

# First segment of a route that asks a model → the scope for it alone; `model.request` covers all of them.
MODEL_ROUTES = {
    "completions": "api.model.completions.request",
    "engines": "api.model.completions.request",
    "edits": "api.model.completions.request",
    "embeddings": "api.model.embeddings.request",
    "rewards": "api.model.rewards.request",
    "moderations": "api.model.moderations.request",
    "images": "api.model.images.request",
    "operations": "api.model.images.request",  # Azure's, of 2023: pictures in the making
    "audio": "api.model.audio.request",
}
CHAT = "api.model.chat.request"

# What the administration's paths are about: /organization/<first>, /organization/projects/{id}/<second>.
_ORGANIZATION = {
    "audit_logs": "audit_logs",
    "usage": "usage",
    "costs": "usage",
    "overview": "usage",
    "deployments": "deployments",
    "models": "deployments",
    "lessons": "deployments",  # what is learned decides what is served
    "runs": "runs",
    "invoices": "billing",
    "adjustments": "billing",
    "customers": "billing",
    "agreements": "settlement",
    "feedback": "feedback_inbox",
    "doctor": "doctor",
    "settings": "settings",
    "admin_api_keys": "admin_keys",
    "invites": "invites",
    "users": "members",
    "projects": "projects",
    "roles": "members",
    "spend_limit": "limits",
}
_PROJECT = {
    "api_keys": "keys",
    "service_accounts": "keys",
    "users": "members",
    "rate_limits": "limits",
    "spend_limit": "limits",
    "spend_alerts": "limits",
    "model_permissions": "limits",
}
# `api.management.read` and `.write` cover these, as OpenAI's admin keys have it.
_MANAGED = frozenset(
    {
        *("projects", "members", "invites", "keys", "admin_keys", "limits", "organization", "audit_logs", "usage"),
        *("runs", "feedback_inbox"),
    }
)
_SCOPE = re.compile(r"(api\.)?[a-z][a-z_]*(\.[a-z][a-z_]*){0,2}\.(read|write|request)")


@lru_cache(maxsize=1024)
def scope_of(method: str, path: str) -> str:
    """The scope that a route needs; `path` is its template, without a surface: "/responses/{response_id}"."""
    segments = path.strip("/").split("/")
    first = segments[0]
    reads = method in ("GET", "HEAD")
    if first == "chat":
        return CHAT if path == "/chat/completions" and method == "POST" else _data("chat_completions", reads)
    if first in ("models", "engines") and reads:
        return "model.read"
    if first in MODEL_ROUTES:
        return MODEL_ROUTES[first]
    if first == "organization":
        return _data(_organization(segments), reads)
    if first == "projects":  # OpenAI has the roles of a project outside of /organization
        return _data(_organization(["organization", *segments]), reads)
    if first == "fine-tunes":  # of January 2023
        return _data("fine_tuning", reads)
    return _data(re.sub("[^a-z_]", "_", first.lower()), reads)


@lru_cache(maxsize=4096)
def covers(scopes: tuple[str, ...], needed: str) -> bool:
    """Whether a key with `scopes` may do what needs `needed`; its role is another question.

    Writing implies reading; `read-only` covers whatever ends in ".read".
    """
    for scope in scopes:
        if scope in (EVERYTHING, needed):
            return True
        if needed.endswith(".read") and (scope == READ_ONLY or scope == needed.removesuffix("read") + "write"):
            return True
        if scope == "model.request" and needed.startswith("api.model.") and needed.endswith(".request"):
            return True
        manages = scope == "api.management.write" or (scope == "api.management.read" and needed.endswith(".read"))
        if manages and _thing(needed) in _MANAGED:
            return True
    return False


def checked_scopes(scopes: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Scopes as they are stored: sorted, once each, in their short form. Raises InvalidError."""
    found = set()
    for scope in scopes:
        # OpenAI writes these two both ways.
        scope = {"api.model.request": "model.request", "api.model.read": "model.read"}.get(scope, scope)
        known = len(scope) <= 64 and _SCOPE.fullmatch(scope) and _thing(scope) != "data"  # no route needs that one
        if scope not in (EVERYTHING, READ_ONLY) and not known:
            raise InvalidError(
                f"{scope[:80]!a} is not a scope: use all, read-only, model.request, model.read, or one as "
                "api.responses.write (the page docs/tenancy.md lists them)",
                param="scopes",
            )
        found.add(scope)
    if not found:
        raise InvalidError("a key without scopes opens nothing: give at least one, or all", param="scopes")
    if EVERYTHING in found:
        return (EVERYTHING,)
    return tuple(sorted(found))


def _organization(segments: list[str]) -> str:
    if len(segments) == 4 and segments[1] == "users" and segments[3] in ("data", "erase"):
        return "person_data"
    if len(segments) >= 4 and segments[1] == "projects":
        return _PROJECT.get(segments[3], "projects")
    return _ORGANIZATION.get(segments[1], "organization") if len(segments) > 1 else "organization"


def _data(thing: str, reads: bool) -> str:
    return f"api.{thing}.{'read' if reads else 'write'}"


def _thing(scope: str) -> str:
    return scope.removeprefix("api.").partition(".")[0]
