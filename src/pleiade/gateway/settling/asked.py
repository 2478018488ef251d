"""What is asked about agreements. Numbers are decimal strings: a JSON number may have been a float."""

import msgspec


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TOML document (docs/settlement.md), and which organisation looks on as which party."""

    document: str
    partners: dict[str, str] = {}


class ChangedAgreement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out, or null, stays."""

    document: str | None = None
    partners: dict[str, str] | None = None


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The months to close, and the id of the settlement that was looked at."""

    through: str
    id: str
    first: str = ""


class AskedShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another share of one party in one tranche; the others keep their proportions."""

    tranche: str
    party: str
    share: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Factors of what was booked ("1.1" is ten percent more), and years that go on at the pace of the last months."""

    first: str = ""
    through: str = ""
    price: str = "1"
    volume: str = "1"
    cost: str = "1"
    years: int = 0
    growth: str = "0"
    share: AskedShare | None = None
    assumptions: dict[str, str] = {}
