"""What every administrative route needs: the right to be there, an actor for the audit log, a way to the database."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Principal, Role
from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, forbidden, missing_scope, unavailable
from pleiade.store import StoreError, migrate, open_database
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError, TenancyError, not_found
from pleiade.tenancy.rights import may, may_grant
from pleiade.tenancy.scopes import scope_of
from pleiade.tenancy.users import get_user

P = ParamSpec("P")
T = TypeVar("T")


class Administration:
    """The way from an administrative route to the functions that act. None of it is on a model's way."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._db: sa.Engine | None = None
        self._opening = threading.Lock()
        self.max_body_mb = 1

    def close(self) -> None:
        """Let go of the database."""
        if self._db is not None:
            self._db.dispose()

    def enter(self, call: Call) -> str:
        """The organisation that this call administers: its own, and no other can be named.

        What the route's path is about is judged by the table of rights (docs/tenancy.md). Raises ApiError 401, and
        404 where a key of one project names another one: whether that exists is none of its business.
        """
        principal, project = call.principal, call.params.get("project_id", "")
        action = scope_of(call.route.method, call.route.path)
        if may(principal, action, principal.organisation, project):
            return principal.organisation
        if project and may(principal, action, principal.organisation, principal.project):
            raise told(not_found("project", project))
        raise missing_scope(action)

    def enter_projects(self, call: Call, asked: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The caller's organisation, and the projects of it that an answer is about; none = all.

        Whoever may look everywhere sees all that they do not narrow; everybody else sees the project they act in, and
        may name no other. Raises ApiError 401, 404.
        """
        principal, action = call.principal, scope_of(call.route.method, call.route.path)
        if may(principal, action, principal.organisation):
            return principal.organisation, asked
        if not may(principal, action, principal.organisation, principal.project):
            raise missing_scope(action)
        for project in asked:
            if project != principal.project:
                raise told(not_found("project", project))
        return principal.organisation, (principal.project,)

    async def body(self, call: Call) -> dict[str, Any]:
        """The request's JSON object; an empty body counts as `{}`. Raises ApiError 400, 413."""
        if call.headers.get(b"content-length") == b"0":
            return {}
        return await read_object(call, self.max_body_mb)

    async def actor(self, call: Call) -> Actor:
        """Who acts, as the audit log remembers them."""
        principal = call.principal
        email = ""
        if principal.user.startswith("user-"):
            email = (await self.run(get_user, principal.user)).email
        return Actor(
            type="api_key" if principal.key else "session",
            user=principal.user,
            email=email,
            key=principal.key,
            ip_address=str((call.scope.get("client") or ("local",))[0]),
            user_agent=call.headers.get(b"user-agent", b"").decode("latin-1")[:256],
        )

    async def run(self, function: Callable[Concatenate[sa.Engine, P], T], *args: P.args, **options: P.kwargs) -> T:
        """`function(database, …)` in a thread; what tenancy refuses is told as ApiError 400, 404, 503."""
        try:
            return await asyncio.to_thread(lambda: function(self._open(), *args, **options))
        except TenancyError as error:
            raise told(error) from error
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            raise unavailable("The database of organizations cannot be used; the server's log says why.") from error

    def _open(self) -> sa.Engine:
        with self._opening:
            if self._db is None:
                db = open_database(self._url)
                migrate(db)
                self._db = db
            return self._db


def told(error: TenancyError) -> ApiError:
    """404 for what is not there (or is somebody else's), 400 for the rest, each in tenancy's words."""
    message = str(error)[:1].upper() + str(error)[1:] + "."
    if isinstance(error, NotFoundError):
        return ApiError(404, message, code="not_found")
    param = error.param if isinstance(error, InvalidError) else ""
    # Not 409: clients repeat that by themselves, and a last owner stays the last owner.
    code = "conflict" if isinstance(error, ConflictError) else "invalid_value"
    return ApiError(400, message, param=param or None, code=code)


def check_grant(principal: Principal, role: Role) -> None:
    """Nobody gives, takes or changes a role above their own. Raises ApiError 403."""
    if not may_grant(principal, role):
        raise forbidden(f"Only a {role.value} may do this; you are {principal.role.value}.")


async def send(call: Call, value: dict[str, Any]) -> None:
    """200 with `value`."""
    call.status = 200
    await call.answer.whole(200, msgspec.json.encode(value))
