"""/organization/usage/*: what was used, by bucket of time and by whatever it is told apart by. Folds of the ledger."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.buckets import WIDTHS, Window, parse_window
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.routing import Route
from pleiade.ledger.usage import Bucket, UsageRow
from pleiade.ledger.usage import usage as usage_rows

LIMITS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}
SPANS: dict[int, Bucket] = {86400: "day", 3600: "hour", 60: "minute"}

# OpenAI's name of what calls are told apart by -> the ledger's; and of a filter.
NAMES = {
    "project_id": "project",
    "user_id": "user",
    "api_key_id": "key",
    "model": "model",
    "deployment": "deployment",  # ours: OpenAI has none
    "size": "image_size",
    "source": "operation",
}
FILTERS = {"user_ids": "user", "api_key_ids": "key", "models": "model", "sizes": "image_size"}
# Told apart by OpenAI; here there is one of each.
CONSTANTS: Mapping[str, Any] = {
    "batch": False,
    "service_tier": "default",
    "api_source": "unlabeled",
    "context_level": None,
    "vector_store_id": None,
}
_PERSON = ("project_id", "user_id", "api_key_id", "deployment")
SOURCES = {"image.generation": "image_generation", "image.edit": "image_edit", "image.variation": "image_variation"}

Counts = Callable[[UsageRow], dict[str, Any]]


class Kind(msgspec.Struct, frozen=True):
    """One of OpenAI's kinds of usage: the operations of the ledger that it counts, and what it tells of them."""

    name: str  # of its results, where the path's is another one
    operations: tuple[str, ...]  # none = this server does none of it: all its buckets are empty
    by: tuple[str, ...]
    counts: Counts


def _tokens(row: UsageRow) -> dict[str, Any]:
    return {"input_tokens": row.usage.prompt_tokens, "num_model_requests": row.calls}


def _completions(row: UsageRow) -> dict[str, Any]:
    return {
        **_tokens(row),
        "output_tokens": row.usage.completion_tokens,
        "input_cached_tokens": row.usage.cached_tokens,
        "input_uncached_tokens": row.usage.prompt_tokens - row.usage.cached_tokens,
    }


def _images(row: UsageRow) -> dict[str, Any]:
    return {"images": row.usage.images, "num_model_requests": row.calls}


KINDS = {
    "completions": Kind(
        "completions",
        ("chat", "text_completion"),
        (*_PERSON, "model", "batch", "service_tier", "api_source"),
        _completions,
    ),
    "decisions": Kind("decisions", (), (*_PERSON, "model", "batch", "service_tier", "api_source"), _completions),
    "embeddings": Kind("embeddings", ("embeddings",), (*_PERSON, "model"), _tokens),
    "moderations": Kind("moderations", ("moderations",), (*_PERSON, "model"), _tokens),
    "images": Kind("images", tuple(SOURCES.values()), (*_PERSON, "model", "size", "source"), _images),
    "audio_speeches": Kind("audio_speeches", (), (*_PERSON, "model"), _tokens),
    "audio_transcriptions": Kind("audio_transcriptions", (), (*_PERSON, "model"), _tokens),
    "vector_stores": Kind("vector_stores", (), ("project_id",), _tokens),
    "code_interpreter_sessions": Kind("code_interpreter_sessions", (), ("project_id",), _tokens),
    "file_search_calls": Kind("file_searches", (), (*_PERSON, "vector_store_id"), _tokens),
    "web_search_calls": Kind("web_searches", (), (*_PERSON, "model", "context_level", "api_source"), _tokens),
}


class Usage:
    """The routes of usage."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.routes = tuple(
            Route(method="GET", path=f"/organization/usage/{path}", handler=partial(self._tell, kind))
            for path, kind in KINDS.items()
        )

    async def _tell(self, kind: Kind, call: Call) -> None:
        """What was used, by bucket of time; `group_by` divides it. Raises ApiError."""
        query = Query(call.query)
        organisation, projects = self._administration.enter_projects(call, query.texts("project_ids"))
        window = parse_window(query, tuple(WIDTHS), LIMITS)
        by = group_by(query, kind.by)
        results: dict[int, list[dict[str, Any]]] = {}
        operations = _operations(kind, query)
        if operations and window.start < window.end:
            results = await self._administration.run(_fold, kind, organisation, projects, window, by, query, operations)
        await send(call, page_of_buckets(window, results))


def group_by(query: Query, possible: tuple[str, ...]) -> tuple[str, ...]:
    """What to tell apart by. Raises ApiError 400 for what this kind is not told apart by."""
    wanted = tuple(dict.fromkeys(query.texts("group_by")))
    for name in wanted:
        if name not in possible:
            supported = ", ".join(f"'{known}'" for known in possible)
            raise bad_request(
                f"Invalid value: '{name[:40]}'. Supported values are: {supported}.",
                param="group_by",
                code="invalid_value",
            )
    return wanted


def filters(
    query: Query, organisation: str, projects: tuple[str, ...], names: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Which calls count: the organisation's own in `projects` (none = all), and of these what the query picks."""
    where: dict[str, tuple[str, ...]] = {"organisation": (organisation,)}
    if projects:
        where["project"] = tuple(project for project in projects if "\0" not in project)
    for name, column in names.items():
        if values := query.texts(name):
            where[column] = tuple(value for value in values if "\0" not in value)
    return where


def page_of_buckets(window: Window, results: Mapping[int, list[Any]]) -> dict[str, Any]:
    """OpenAI's page: every bucket of the window, those without results too."""
    buckets = [
        {"object": "bucket", "start_time": start, "end_time": start + window.width, "results": results.get(start, [])}
        for start in window.starts
    ]
    return {"object": "page", "data": buckets, "has_more": window.next is not None, "next_page": window.next}


def _operations(kind: Kind, query: Query) -> tuple[str, ...]:
    """The ledger's operations that count; none where the query asks for what nobody does here."""
    if query.text("batch").lower() == "true":
        return ()
    sources = query.texts("sources")
    if not sources:
        return kind.operations
    return tuple(SOURCES[source] for source in sources if source in SOURCES and SOURCES[source] in kind.operations)


def _fold(
    db: sa.Engine,
    kind: Kind,
    organisation: str,
    projects: tuple[str, ...],
    window: Window,
    by: tuple[str, ...],
    query: Query,
    operations: tuple[str, ...],
) -> dict[int, list[dict[str, Any]]]:
    columns = tuple(NAMES[name] for name in by if name in NAMES)
    where = {**filters(query, organisation, projects, FILTERS), "operation": operations}
    told: dict[int, list[dict[str, Any]]] = {}
    span = SPANS[window.width]
    for row in usage_rows(db, start=window.start, end=window.end, bucket=span, by=columns, where=where):
        told.setdefault(row.start, []).append(
            {
                "object": f"organization.usage.{kind.name}.result",
                **kind.counts(row),
                **dict.fromkeys(kind.by),
                **{name: _named(name, row.by) for name in by},
            }
        )
    return told


def _named(name: str, by: Mapping[str, str]) -> Any:
    if name in CONSTANTS:
        return CONSTANTS[name]
    value = by[NAMES[name]]
    if name == "source":
        return next((source for source, operation in SOURCES.items() if operation == value), value)
    return value or None
