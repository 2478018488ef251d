"""What the routes of signing in share: fields read, refusals told, answers and redirects sent."""

from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, Header, bad_request, unavailable
from pleiade.gateway.problems import missing, wrong_type
from pleiade.store import StoreError
from pleiade.tenancy.errors import InvalidError, NotFoundError, TenancyError
from pleiade.tenancy.signin.authorization_code import SignInError
from pleiade.tenancy.signin.callers import NotAdmittedError
from pleiade.tenancy.signin.issuer import IssuerError
from pleiade.tenancy.signin.throttle import TooManyAttemptsError
from pleiade.tenancy.signin.web import UnreachableError


class Told:
    """Within it, what signing in raises becomes what the caller is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case NotFoundError():
                raise ApiError(404, f"{error}.", code="not_found") from error
            case SignInError() | NotAdmittedError():
                raise ApiError(403, str(error), code="sign_in_failed") from error
            case TooManyAttemptsError():
                raise ApiError(
                    429, f"{error}.", type="requests", code="too_many_attempts", retry_after_s=error.retry_after_s
                ) from error
            case UnreachableError() | IssuerError():
                raise unavailable(f"The issuer cannot be used now: {error}. Please retry.", 5.0) from error
            case TenancyError():
                param = error.param or None if isinstance(error, InvalidError) else None
                raise bad_request(f"{error}.", param=param, code="invalid_value") from error
            case StoreError() | sa.exc.SQLAlchemyError():
                raise unavailable("The database that knows who may sign in cannot be reached.") from error
            case _:
                return


def actor_of(call: Call, user: str, email: str = "", kind: Literal["session", "self"] = "session") -> Actor:
    """Who acts, as the audit log remembers them; "self": somebody who is nobody here yet."""
    return Actor(
        type=kind,
        user=user,
        email=email,
        ip_address=client_address(call),
        user_agent=call.headers.get(b"user-agent", b"").decode("latin-1")[:256],
    )


def client_address(call: Call) -> str:
    """Where a call comes from; "local" over a Unix socket."""
    return str((call.scope.get("client") or ("local",))[0])


def safe_path(path: str) -> str:
    """A path of ours: never another host, however it is written."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain else "/"


def query_of(call: Call) -> dict[str, str]:
    """The query string, the last value of each name."""
    return dict(parse_qsl(call.query.decode("latin-1"), keep_blank_values=True))


def text_of(fields: dict[str, Any], name: str) -> str:
    """A string that must be there. Raises ApiError 400."""
    if name not in fields:
        raise missing(name)
    value = fields[name]
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def wrong_password() -> ApiError:
    """401, the same for an unknown address: nobody learns who has an account."""
    return ApiError(401, "The e-mail address or the password is wrong.", code="wrong_password")


async def send(call: Call, value: dict[str, Any], *headers: Header) -> None:
    """200 with `value`."""
    call.status = 200
    await call.answer.whole(200, msgspec.json.encode(value), headers)


async def redirect(call: Call, url: str, *headers: Header, status: int = 302) -> None:
    """302, or 303 after a sign-in, to `url`."""
    call.status = status
    await call.answer.whole(status, b"", [(b"location", url.encode("latin-1", "replace")), *headers])
