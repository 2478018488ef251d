"""POST /feedback: what a caller thinks of an answer that they were given."""

import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.feedback.giving import give
from pleiade.feedback.inbox import find
from pleiade.feedback.nouns import Given
from pleiade.gateway.call import Call
from pleiade.gateway.desk import check_storable, owner_of, send
from pleiade.gateway.errors import ApiError
from pleiade.gateway.feedback.bodies import FeedbackRow, NewRunFeedback, row_of
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.routing import Route
from pleiade.gateway.runs.listing import is_own
from pleiade.gateway.typed import typed
from pleiade.products.records.rows import Owner
from pleiade.runs.reading import find_run
from pleiade.store import unit_of_work

_MADE = ("resp_", "req_")


class Giving:
    """The route that takes feedback on runs."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.routes = (
            Route(method="POST", path="/feedback", handler=self.give, takes=NewRunFeedback, gives=FeedbackRow),
        )

    async def give(self, call: Call) -> None:
        """Rate one's own run, or rate it anew: one feedback a run and giver. Raises ApiError 400, 404."""
        fields = await self._administration.body(call)
        check_storable(fields)
        wanted = typed(fields, NewRunFeedback)
        given = await self._administration.run(_give, call.principal, owner_of(call), wanted)
        await send(call, row_of(given, {}))


def _give(db: sa.Engine, principal: Principal, owner: Owner, wanted: NewRunFeedback) -> Given:
    with unit_of_work(db) as connection:
        run = find_run(connection, principal.organisation, (principal.project,), run_named(wanted.run_id))
        if run is None or not is_own(principal, run):
            raise ApiError(
                404,
                f"No run of yours with the id '{wanted.run_id[:80]}' was found. A run is known about two seconds after "
                "its call has ended, for as long as the server keeps runs (PLEIADE_RUNS, PLEIADE_RUNS_DAYS).",
                param="run_id",
                code="not_found",
            )
        made = give(
            connection,
            owner,
            run,
            product=wanted.product,
            verdict=wanted.verdict,
            reasons=wanted.reasons,
            correction=wanted.correction or "",
            consent=wanted.consent,
        )
        found = find(connection, principal.organisation, (principal.project,), made)
    assert found is not None
    return found


def run_named(identifier: str) -> str:
    """A run's id, out of what a client has at hand: that, its `x-request-id`, or the id of the response it made."""
    if identifier.startswith("run_"):
        return identifier
    for prefix in _MADE:
        identifier = identifier.removeprefix(prefix)
    return f"run_{identifier}"
