"""An OpenID issuer whose word we take, and what its claims mean here."""

from urllib.parse import urlsplit

import msgspec

from pleiade.domain import Role
from pleiade.tenancy.errors import TenancyError

# Signatures only. `none` and HS* (whose key would be the public one) can never be configured.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
DEFAULT_ALGORITHMS = ("RS256", "PS256", "ES256")


class IssuerError(TenancyError):
    """An issuer cannot be used as configured; the message says what to mend."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token has `value` in `claim` (a string, a list, or words) acts as `role`; "*" = any value."""

    claim: str
    value: str
    role: Role = Role.MEMBER
    project: str = ""  # "" = the issuer's


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens are taken, for which organisation.

    Without rules only members get in: a person known by (issuer, subject), or by an e-mail address that the
    issuer has verified. A rule lets in whoever it fits, member or not.
    """

    id: str  # "iss_…"
    name: str  # for people: "Entra ID"
    issuer: str  # exactly as in the claim `iss`
    organisation: str
    project: str = ""  # where callers work unless a rule says otherwise; "" = the organisation's first
    audiences: tuple[str, ...] = ()  # of Bearer tokens; none = Bearer tokens are not taken
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    client: str = ""  # client_id for signing in; "" = nobody signs in here
    client_secret: str = ""  # "" = a public client
    metadata_url: str = ""  # "" = issuer + /.well-known/openid-configuration
    rules: tuple[Rule, ...] = ()
    trust_email: bool = False  # take its e-mail addresses as verified though it does not say so (Entra ID)
    created: int = 0  # Unix seconds

    @property
    def configuration_url(self) -> str:
        """Where the issuer describes itself."""
        return self.metadata_url or self.issuer.rstrip("/") + "/.well-known/openid-configuration"


def check_issuer(issuer: Issuer) -> None:
    """Raises IssuerError for what would be unsafe or could not work."""
    for name in ("issuer", "metadata_url"):
        url = getattr(issuer, name)
        if url or name == "issuer":
            check_url(url)
    if not issuer.algorithms:
        raise IssuerError(f"name at least one algorithm, of {', '.join(ALGORITHMS)}")
    for algorithm in issuer.algorithms:
        if algorithm not in ALGORITHMS:
            raise IssuerError(f"algorithm {algorithm!r} is not taken; use one of {', '.join(ALGORITHMS)}")
    if not issuer.audiences and not issuer.client:
        raise IssuerError("give the audience of its Bearer tokens, or a client id for signing in, or both")


def check_url(url: str) -> None:
    """HTTPS, or plain HTTP on this machine. Raises IssuerError: keys fetched over plain HTTP prove nothing."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.hostname is None or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise IssuerError(f"{url!r} must be an https:// URL")
