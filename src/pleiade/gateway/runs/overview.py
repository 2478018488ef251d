"""GET /organization/overview: how the server fares, in steps of time and now. Told from sums, never from calls."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION
from pleiade.gateway.call import Call
from pleiade.gateway.metrics_files import Flights
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.costs import exact
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.routing import Route
from pleiade.runs.overview import RANGES, Range, Tally, fold
from pleiade.store import reading
from pleiade.tenancy.rights import may

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_MEMORY = Path("/proc/meminfo")
# Our words for sums, in those of OpenAI's usage.
_NAMES = {
    "num_model_requests": "calls",
    "num_failed": "failed",
    "num_refused": "refused",
    "num_cancelled": "cancelled",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "input_cached_tokens": "cached_tokens",
    "images": "images",
}


class Overview:
    """The route of the overview."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.gateway: Gateway  # set when it starts
        self.routes = (
            Route(method="GET", path="/organization/overview", handler=self.tell, query=("range", "project_ids")),
        )

    async def tell(self, call: Call) -> None:
        """The sums of a range and each of its steps, deployments, and what is in flight. Raises ApiError."""
        query = Query(call.query)
        organisation, projects = self._administration.enter_projects(call, query.texts("project_ids"))
        name = query.choice("range", tuple(RANGES))
        wanted, now = RANGES[name], int(time.time())
        projects = tuple(project for project in projects if "\0" not in project)
        starts, steps, tallies = await self._administration.run(_fold, organisation, projects, wanted, now)
        gateway = self.gateway
        if gateway.recorder is not None:
            gateway.metrics.flights = gateway.recorder.flights_now()
        flights = await asyncio.to_thread(gateway.metrics.all_flights)
        seen = [
            one for one in flights if one.organisation == organisation and (not projects or one.project in projects)
        ]
        total = Tally()
        for tally in tallies.values():
            total.add(tally)
        house = may(call.principal, "api.deployments.read", DEFAULT_ORGANISATION)
        nothing = Tally()
        told = {
            "object": "organization.overview",
            "range": name,
            "project_ids": list(projects),
            "start_time": starts[0],
            "end_time": starts[-1] + wanted.step,
            "step_seconds": wanted.step,
            "data": [
                {"start_time": start, "end_time": start + wanted.step, **_told(steps.get(start, nothing))}
                for start in starts
            ],
            "total": _told(total),
            "deployments": self._deployments(tallies, seen, None if house else projects),
            "machine": await asyncio.to_thread(_memory) if house else None,
        }
        await send(call, told)

    def _deployments(
        self, tallies: dict[str, Tally], flights: Sequence[Flights], projects: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """Those that answer now for everybody or for one of `projects` (None: for anybody), and those that only did."""
        endpoints = {
            endpoint.deployment: endpoint
            for endpoint in self.gateway.directory.endpoints
            if projects is None
            or endpoint.deployment in tallies
            or not endpoint.projects
            or not {*projects}.isdisjoint(endpoint.projects)
        }
        told = []
        for name in sorted({*endpoints, *tallies} - {""}):
            endpoint = endpoints.get(name)
            mine = [one for one in flights if one.deployment == name]
            told.append(
                {
                    "deployment": name,
                    "model": endpoint.model if endpoint is not None else None,
                    "state": endpoint.state.value if endpoint is not None else "gone",
                    "waiting": sum(one.waiting for one in mine),
                    "running": sum(one.running for one in mine),
                    **_told(tallies.get(name, Tally())),
                }
            )
        return told


def _fold(
    db: sa.Engine, organisation: str, projects: Sequence[str], wanted: Range, now: int
) -> tuple[list[int], dict[int, Tally], dict[str, Tally]]:
    with reading(db) as connection:
        return fold(connection, organisation, projects, wanted, now)


def _told(tally: Tally) -> dict[str, Any]:
    times = {name: None if ms is None else round(ms, 1) for name, ms in tally.quantiles().items()}
    costs = [{"value": exact(nano), "currency": currency.lower()} for currency, nano in sorted(tally.costs.items())]
    return {**{ours: tally.numbers[name] for ours, name in _NAMES.items()}, "costs": costs, **times}


def _memory() -> dict[str, int] | None:
    """Bytes of this machine's memory, where the system tells them."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
        total, available = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return None  # no Linux
    return {"memory_bytes": total, "memory_available_bytes": available}
