"""Routes, written once, and the surfaces that mount them: OpenAI's `/v1`, Azure's three under `/openai`."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import unquote

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.dialects import AzureDialect, Dialect, OpenAIDialect
from pleiade.gateway.dialects.azure import MANAGER_VERSIONS
from pleiade.gateway.errors import unknown_url, wrong_method

Handler = Callable[[Call], Awaitable[None]]

_CACHED_PATHS = 1024  # paths without an id in them; beyond that somebody is guessing, and the cache starts anew


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `path` is relative to a surface, with `{name}` for a segment: `/engines/{engine}`.

    `deployment` routes are mounted under `/openai/deployments/{deployment}`, others under `/openai`; both under
    `/v1` and `/openai/v1`. `everywhere`: under all four, for a route of ours whose model Azure's clients leave in the
    body. `root` routes are mounted at `/` only. `public` ones need no key. The last parameter of a
    `greedy` one takes all that is left of the path, slashes included. A `fallback` answers what is read at the root
    and known to no other route. `takes` and `gives` are the types of the bodies of request and answer, and `query`
    names parameters, where a route tells them; `files` names the files of the form that it takes (GET /openapi.json
    shows them all).
    """

    method: str
    path: str
    handler: Handler
    deployment: bool = False
    everywhere: bool = False
    root: bool = False
    public: bool = False
    greedy: bool = False
    fallback: bool = False
    takes: type | None = None
    gives: type | None = None
    query: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True):
    """Where a request goes: the route, how its caller speaks, and what the path named (already decoded)."""

    route: Route
    dialect: Dialect
    params: dict[str, str]


class _Table:
    """The routes of one surface: exact tails by dictionary, those with parameters by their segments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.exact: dict[str, dict[str, Route]] = {}
        self.patterns: dict[tuple[str, ...], dict[str, Route]] = {}
        self.greedy: set[tuple[str, ...]] = set()
        for route in routes:
            segments = tuple(route.path.split("/")[1:])
            if any(segment.startswith("{") for segment in segments):
                self.patterns.setdefault(segments, {})[route.method] = route
                if route.greedy:
                    self.greedy.add(segments)
            else:
                self.exact.setdefault(route.path, {})[route.method] = route

    def find(self, tail: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        """Routes by method for `tail`, and the path's parameters; None where nothing is mounted."""
        methods = self.exact.get(tail)
        if methods is not None:
            return methods, {}
        segments = tail.split("/")[1:]
        for pattern, methods in self.patterns.items():
            params = _segments_match(pattern, segments, greedy=pattern in self.greedy)
            if params is not None:
                return methods, params
        return None


def _segments_match(pattern: tuple[str, ...], segments: list[str], *, greedy: bool) -> dict[str, str] | None:
    if greedy:
        fixed = len(pattern) - 1
        segments = [*segments[:fixed], "/".join(segments[fixed:])]
    if len(pattern) != len(segments):
        return None
    params = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            params[expected[1:-1]] = unquote(segment)  # after routing: `a%2Fb` is one name
        elif expected != segment:
            return None
    return params


class Router:
    """Finds the route of a request; an unknown path or method becomes a route that says so in its dialect."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = tuple(routes)
        self._fallback = next((route for route in routes if route.fallback), None)
        surfaces = [route for route in routes if not route.root]
        self._openai = OpenAIDialect()
        self._azure = AzureDialect(dated=True)
        self._azure_v1 = AzureDialect(dated=False)
        self._azure_manager = AzureDialect(dated=True, versions=MANAGER_VERSIONS)
        self._root = _Table(route for route in routes if route.root and not route.fallback)
        self._all = _Table(surfaces)
        self._deployment = _Table(route for route in surfaces if route.deployment)
        self._resource = _Table(route for route in surfaces if not route.deployment or route.everywhere)
        self._known: dict[tuple[str, str], Match] = {}

    def match(self, method: str, path: str) -> Match:
        """The match for `path`, still percent-encoded. Never fails: see `Router`."""
        known = self._known.get((method, path))
        if known is not None:
            return known
        dialect, table, tail, params = self._surface(path)
        found = table.find(tail)
        if found is None:
            if self._fallback is not None and table is self._root and method in ("GET", "HEAD"):
                return Match(self._fallback, dialect, {})
            return self._refusal(method, path, dialect, ())
        methods, more = found
        route = methods.get("GET" if method == "HEAD" else method)  # the server leaves out a HEAD's body
        if route is None:
            return self._refusal(method, path, dialect, sorted(methods))
        match = Match(route, dialect, params | more)
        if not more:
            if len(self._known) >= _CACHED_PATHS:
                self._known.clear()
            self._known[method, path] = match
        return match

    def _surface(self, path: str) -> tuple[Dialect, _Table, str, dict[str, str]]:
        if path.startswith("/v1/"):
            return self._openai, self._all, path[3:], {}
        if path.startswith("/openai/v1/"):
            return self._azure_v1, self._all, path[10:], {}
        if path.startswith("/openai/deployments/"):
            name, slash, tail = path[20:].partition("/")
            return self._azure, self._deployment, slash + tail, {"deployment": unquote(name)}
        if path.startswith("/openai/"):
            return self._azure, self._resource, path[7:], {}
        if path.startswith("/subscriptions/"):
            return self._azure_manager, self._root, path, {}
        return self._openai, self._root, path, {}

    @staticmethod
    def _refusal(method: str, path: str, dialect: Dialect, allowed: Iterable[str]) -> Match:
        allowed = tuple(allowed)

        async def refuse(call: Call) -> None:
            raise wrong_method(method, path[:200], allowed) if allowed else unknown_url(method, path[:200])

        # The template "*" keeps paths that somebody made up out of the metrics.
        route = Route(method=method, path="*", handler=refuse, root=True, public=True)
        return Match(route, dialect, {})
