"""The room of feedback: its routes, over the way to the database that administration has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.feedback.giving import Giving
from pleiade.gateway.feedback.inbox import Inbox
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class FeedbackRoom:
    """`POST /feedback` and `/organization/feedback`."""

    def __init__(self, administration: Administration) -> None:
        self.stages: Sequence[MakeStage] = ()
        self.routes: Sequence[Route] = (*Giving(administration).routes, *Inbox(administration).routes)

    async def start(self, gateway: "Gateway") -> None:
        """Nothing of its own begins."""

    async def stop(self) -> None:
        """Nothing of its own ends."""
