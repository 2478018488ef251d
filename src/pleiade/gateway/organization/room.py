"""The room of administration: all its routes, over one way to the database."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.organization.admin_keys import AdminKeys
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.organization.audit_logs import AuditLogs
from pleiade.gateway.organization.costs import Costs
from pleiade.gateway.organization.invites import Invites
from pleiade.gateway.organization.limits import RateLimits, SpendLimits
from pleiade.gateway.organization.model_permissions import ModelLists
from pleiade.gateway.organization.people import People
from pleiade.gateway.organization.project_keys import ProjectKeys
from pleiade.gateway.organization.projects import Projects
from pleiade.gateway.organization.roles import Roles
from pleiade.gateway.organization.service_accounts import ServiceAccounts
from pleiade.gateway.organization.usage import Usage
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class OrganizationRoom:
    """`/organization/…`, and the roles under `/projects/…`, on every surface.

    The administration is its own: it is closed at the end, after the rooms that came later.
    """

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        parts = (
            Projects,
            People,
            Roles,
            Invites,
            AdminKeys,
            ProjectKeys,
            ServiceAccounts,
            RateLimits,
            SpendLimits,
            AuditLogs,
            Usage,
            Costs,
        )
        self._lists = ModelLists(self._administration)
        self.stages: Sequence[MakeStage] = (self._lists.stage,)
        self.routes: Sequence[Route] = (
            *(route for part in parts for route in part(self._administration).routes),
            *self._lists.routes,
        )

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts: lists of models are in force from now on."""
        self._administration.max_body_mb = gateway.settings.max_body_mb
        await self._lists.start()

    async def stop(self) -> None:
        """Let go of the database."""
        await self._lists.stop()
        await asyncio.to_thread(self._administration.close)
