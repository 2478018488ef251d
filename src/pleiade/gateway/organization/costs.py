"""/organization/costs: what the calls of an organisation cost at list prices, day by day."""

from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain.price import NANO
from pleiade.gateway.call import Call
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.buckets import Window, parse_window
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.organization.usage import NAMES, filters, group_by, page_of_buckets
from pleiade.gateway.routing import Route
from pleiade.ledger.usage import costs as cost_rows

LIMITS = {"1d": (7, 180)}
BY = ("project_id", "line_item", "api_key_id", "user_id", "deployment", "api_source")
_FILTERS = {"api_key_ids": "key", "user_ids": "user"}


class Costs:
    """The route of costs."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.routes = (Route(method="GET", path="/organization/costs", handler=self.tell),)

    async def tell(self, call: Call) -> None:
        """Costs in days; calls that were not for sale cost nothing and are left out."""
        query = Query(call.query)
        organisation, projects = self._administration.enter_projects(call, query.texts("project_ids"))
        window, by = parse_window(query, ("1d",), LIMITS), group_by(query, BY)
        results: dict[int, list[dict[str, Any]]] = {}
        if window.start < window.end:
            results = await self._administration.run(_fold, organisation, projects, window, by, query)
        await send(call, page_of_buckets(window, results))


def _fold(
    db: sa.Engine, organisation: str, projects: tuple[str, ...], window: Window, by: tuple[str, ...], query: Query
) -> dict[int, list[dict[str, Any]]]:
    items = query.texts("line_items")
    columns = tuple(NAMES[name] for name in by if name in NAMES)
    columns += ("model", "operation") if "line_item" in by or items else ()
    sums: dict[tuple[int, tuple[Any, ...], str], int] = {}
    where = filters(query, organisation, projects, _FILTERS)
    for row in cost_rows(db, start=window.start, end=window.end, bucket="day", by=columns, where=where):
        item = f"{row.by['model']}, {row.by['operation']}" if "model" in columns else ""
        if not row.currency or (items and item not in items):
            continue
        known = {**{name: row.by[NAMES[name]] or None for name in by if name in NAMES}, "line_item": item}
        known["api_source"] = "unlabeled"
        key = (row.start, tuple(known[name] for name in by), row.currency)
        sums[key] = sums.get(key, 0) + row.nano
    told: dict[int, list[dict[str, Any]]] = {}
    for (start, names, currency), nano in sums.items():
        told.setdefault(start, []).append(
            {
                "object": "organization.costs.result",
                "amount": {"value": exact(nano), "currency": currency.lower()},
                **dict.fromkeys(BY),
                **dict(zip(by, names, strict=True)),
                "quantity": None,
                "quantity_unit": None,
            }
        )
    return told


def exact(nano: int) -> msgspec.Raw:
    """An amount as a JSON number with all its decimals: no float stands between the books and the wire."""
    return msgspec.Raw(format(Decimal(nano) / NANO, "f").encode())
