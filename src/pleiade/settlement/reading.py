"""Reading an agreement from its TOML file, with every mistake told in one sentence."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import msgspec

from pleiade.domain.currency import CURRENCIES
from pleiade.settlement.agreement import Agreement, End, Goal, Investment, Party, Tranche
from pleiade.settlement.amounts import exact, plain, to_units
from pleiade.settlement.checking import check_tranches
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.periods import parse_period

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
MAX_NAME = 128  # what the table of recorded settlements holds
MAX_DIGITS = 9

Number = int | str  # of the file; floats arrive as they are written, so that 0.1 is a tenth


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every table of the file is: its fields and no others, so that a slip of the pen is an error."""


class _Cap(_Written, frozen=True):
    then: str
    multiple: Number | None = None
    amount: Number | None = None


class _Party(_Written, frozen=True):
    id: str
    name: str = ""
    cap: _Cap | None = None


class _Investment(_Written, frozen=True):
    party: str
    date: Number
    amount: Number
    currency: str = ""


class _End(_Written, frozen=True):
    party: str = ""
    multiple: Number | None = None
    amount: Number | None = None
    date: Number | None = None


class _Tranche(_Written, frozen=True):
    name: str
    shares: dict[str, Number]
    until: _End | Literal["caps"] | None = None


class _File(_Written, frozen=True):
    name: str
    currency: str
    parties: list[_Party]
    tranches: list[_Tranche]
    unit: Number | None = None  # None: what the currency is paid in
    investments: list[_Investment] = []
    assumptions: dict[str, Number] = {}


def load_agreement(path: Path, assumed: Mapping[str, str] | None = None) -> Agreement:
    """The agreement in the file `path`. `assumed` puts other values in place of its assumptions, by name.

    Raises SettlementError with the file's name and what is wrong.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise SettlementError(
            f"cannot read the agreement {path}: {error.strerror}; give the path of its file"
        ) from error
    except UnicodeDecodeError as error:
        raise SettlementError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    try:
        return parse_agreement(text, assumed)
    except SettlementError as error:
        raise SettlementError(f"{path}: {error}") from error


def parse_agreement(text: str, assumed: Mapping[str, str] | None = None) -> Agreement:
    """The agreement that `text` (TOML) says. Raises SettlementError."""
    if not text.strip():
        raise SettlementError("the agreement is empty; examples/agreements shows one")
    try:
        written = msgspec.convert(_unfloated(tomllib.loads(text, parse_float=str)), _File)
    except msgspec.ValidationError as error:
        raise SettlementError(f"{error}; docs/settlement.md tells each field") from error
    except (ValueError, RecursionError) as error:  # TOML, and numbers longer than Python reads
        raise SettlementError(f"not readable as TOML: {error}") from error
    return _Reader(written, assumed or {}).agreement()


def _unfloated(value: Any) -> Any:
    """Dates as text, so that a date may also be written as a year."""
    match value:
        case datetime() | time():
            raise ValueError(f"{value} has a time of day; a date is enough")
        case date():
            return value.isoformat()
        case dict():
            return {key: _unfloated(item) for key, item in value.items()}
        case list():
            return [_unfloated(item) for item in value]
        case _:
            return value


class _Reader:
    """One reading: the file as written, its currency's digits, and which assumptions were used."""

    def __init__(self, written: _File, assumed: Mapping[str, str]) -> None:
        unknown = sorted(set(assumed) - set(written.assumptions))
        if unknown:
            raise SettlementError(f"it assumes nothing called {unknown[0]!r}; it has: {_list(written.assumptions)}")
        self.written = written
        self.assumptions = {name: assumed.get(name, str(value)) for name, value in written.assumptions.items()}
        self.used: set[str] = set()
        if written.currency not in CURRENCIES:
            raise SettlementError(f"`currency` is {written.currency!r}; write its ISO 4217 code, say USD")
        self.digits = CURRENCIES[written.currency] if written.unit is None else _digits(str(written.unit))
        self.ids = [party.id for party in written.parties]

    def agreement(self) -> Agreement:
        """All of it, checked."""
        written = self.written
        if not written.name.strip() or len(written.name) > MAX_NAME:
            raise SettlementError(
                f"`name` is empty or longer than {MAX_NAME} characters; give the agreement a short name"
            )
        self._check_ids()
        agreement = Agreement(
            name=written.name,
            currency=written.currency,
            digits=self.digits,
            parties=tuple(self._party(party) for party in written.parties),
            investments=tuple(
                sorted((self._investment(each) for each in written.investments), key=lambda each: each.day)
            ),
            tranches=tuple(self._tranche(tranche) for tranche in written.tranches),
            assumptions=self.assumptions,
        )
        unused = sorted(set(self.assumptions) - self.used)
        if unused:
            raise SettlementError(f"the assumption {unused[0]!r} is used nowhere; use it or remove it")
        check_tranches(agreement)
        return agreement

    def _check_ids(self) -> None:
        written = self.written
        if not self.ids:
            raise SettlementError("it has no parties; write a [[parties]] for each")
        for name in self.ids:
            if not _ID.fullmatch(name):
                raise SettlementError(
                    f"the id {name!r} of a party has other than a-z, 0-9, _ and -; `name` takes any text"
                )
        for name in self.assumptions:
            if not _ID.fullmatch(name):
                raise SettlementError(f"the assumption {name!r} has other than a-z, 0-9, _ and -; give it a plain name")
        parties, tranches = [each.name for each in written.parties], [each.name for each in written.tranches]
        for name in (written.name, *parties, *tranches):
            if _CONTROL.search(name):
                raise SettlementError(f"the name {name!r} has control characters; write it in one line of plain text")
        for twice in (_twice(self.ids, "party"), _twice(tranches, "tranche")):
            if twice:
                raise SettlementError(twice)
        if not tranches:
            raise SettlementError("it has no tranches; write a [[tranches]] for each, in order")

    def _party(self, written: _Party) -> Party:
        if written.cap is None:
            return Party(id=written.id, name=written.name or written.id)
        then = self._known(written.cap.then, f"the cap of {written.id}")
        if next(party for party in self.written.parties if party.id == then).cap is not None:
            raise SettlementError(
                f"above its cap, {written.id}'s share falls to {then}, which has a cap too; name one without"
            )
        cap = self._goal(written.cap.multiple, written.cap.amount, written.id, f"the cap of {written.id}")
        return Party(id=written.id, name=written.name or written.id, cap=cap, then=then)

    def _investment(self, written: _Investment) -> Investment:
        party = self._known(written.party, "an investment")
        if written.currency and written.currency != self.written.currency:
            raise SettlementError(
                f"an investment of {party} is in {written.currency}, the agreement in {self.written.currency}; "
                "write what it was worth in the agreement's currency"
            )
        units = to_units(self._number(written.amount), self.digits, f"an investment of {party}")
        if units <= 0:
            raise SettlementError(f"an investment of {party} is {written.amount}; an investment is more than nothing")
        return Investment(party=party, day=parse_period(str(written.date)).first, units=units)

    def _tranche(self, written: _Tranche) -> Tranche:
        what = f"the tranche {written.name!r}"
        given = {
            self._known(party, what): exact(self._number(share), f"the share of {party} in {what}")
            for party, share in written.shares.items()
        }
        for party, share in given.items():
            if share < 0:
                raise SettlementError(f"the share of {party} in {what} is {plain(share)}; a share is not negative")
        if sum(given.values()) != 1:
            raise SettlementError(
                f"the shares of {what} sum to {plain(Fraction(sum(given.values())))}, not to 1; "
                f"change one of {_list(given)}"
            )
        shares = tuple(given.get(party, Fraction(0)) for party in self.ids)
        return Tranche(name=written.name, shares=shares, end=self._end(written.until, what))

    def _end(self, until: _End | str | None, what: str) -> End | None:
        if until is None:
            return None
        if isinstance(until, str):
            return End(caps=True)
        goal = until.multiple is not None or until.amount is not None
        if goal != bool(until.party) or not (goal or until.date is not None):
            raise SettlementError(
                f"the end of {what} is not clear; write until = "
                '{ party = …, amount = … }, { party = …, multiple = … }, { date = … } or "caps"'
            )
        return End(
            party=self._known(until.party, f"the end of {what}") if goal else "",
            goal=self._goal(until.multiple, until.amount, until.party, f"the end of {what}") if goal else None,
            last_day=None if until.date is None else parse_period(str(until.date)).last,
        )

    def _goal(self, multiple: Number | None, amount: Number | None, party: str, what: str) -> Goal:
        if (multiple is None) == (amount is None):
            raise SettlementError(f"{what} takes either a `multiple` of the investment or an `amount`")
        if amount is not None:
            goal = Goal(units=to_units(self._number(amount), self.digits, what))
        else:
            goal = Goal(multiple=exact(self._number(multiple), what))
            if party not in [each.party for each in self.written.investments]:
                raise SettlementError(
                    f"{what} is a multiple of what {party} invested, but it has no [[investments]]; add them"
                )
        if (goal.units or goal.multiple or 0) <= 0:
            raise SettlementError(f"{what} is {multiple if amount is None else amount}; it must be more than nothing")
        return goal

    def _number(self, written: Number | None) -> str:
        """A number as text; where it is the name of an assumption, that one's value."""
        text = str(written)
        if text in self.assumptions:
            self.used.add(text)
            return self.assumptions[text]
        return text

    def _known(self, party: str, what: str) -> str:
        if party not in self.ids:
            raise SettlementError(f"{what} names {party!r}, who is no party; the parties are {_list(self.ids)}")
        return party


def _digits(unit: str) -> int:
    """2 for "0.01". Raises SettlementError for other than 1, 0.1, … 0.000000001."""
    value = exact(unit, "`unit`")
    for digits in range(MAX_DIGITS + 1):
        if value == Fraction(1, 10**digits):
            return digits
    raise SettlementError(f"`unit` is {unit}; write 1, 0.1, 0.01 and so on, down to 0.{'0' * (MAX_DIGITS - 1)}1")


def _twice(names: list[str], what: str) -> str:
    for name in names:
        if names.count(name) > 1:
            return f"two of its {what} entries are called {name!r}; call one otherwise"
    return ""


def _list(names: Any) -> str:
    return ", ".join(names) or "none"
