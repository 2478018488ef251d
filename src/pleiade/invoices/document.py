"""An invoice or credit note as a document: all that is printed, and all that it was computed from but the ledger.

Amounts are nano inside. The bytes that are kept and hashed are `canonical`.
"""

from enum import StrEnum

import msgspec

from pleiade.prices.terms import Terms


class Kind(StrEnum):
    """What a document asks for."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class LineType(StrEnum):
    """Why a line is there."""

    USAGE = "usage"  # calls, as the ledger has them
    SERVICE = "service"  # provisioned hours, training and what else was booked to the organisation
    ALLOWANCE = "allowance"
    TIERS = "tiers"
    DISCOUNT = "discount"
    PLAN = "plan"
    ROUNDING = "rounding"  # to what can be paid in the currency
    TAX = "tax"
    CREDIT = "credit"  # of a credit note: what is given back


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. The net total is the sum of all amounts but taxes."""

    type: LineType
    text: str
    amount: int  # nano
    model: str = ""
    kind: str = ""  # RateKind
    size: str = ""
    quality: str = ""
    quantity: int = 0
    rate: str = ""  # decimal amount for every `per`
    per: int = 1
    price: str = ""  # Price.id
    percent: str = ""  # of a tax or a discount
    rule: str = ""  # of a tax


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who sells, or who buys."""

    name: str
    address: tuple[str, ...] = ()
    country: str = ""  # ISO 3166-1 alpha-2
    tax_id: str = ""
    email: str = ""
    payment: tuple[str, ...] = ()  # seller: how to pay, say an IBAN


class TaxRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which tax a buyer is charged. The first rule that fits is taken."""

    name: str  # also its account: "tax:NAME"
    country: str  # of the buyer, or "*" for any
    rate: str = "0"  # percent
    reverse_charge: bool = False  # for buyers with a tax number of another country than the seller's: they declare it
    note: str = ""  # printed


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One invoice or credit note."""

    id: str
    kind: Kind
    organisation: str
    storefront: str
    billing: str
    period: str  # "2026-11"
    currency: str
    seller: Party
    customer: Party
    lines: tuple[Line, ...]
    net: int
    tax: int
    total: int  # net and tax
    due: int  # total without what credits paid; of a credit note: less what an invoice's due is reduced by
    credits: int = 0  # paid from credits; of a credit note: given as credits
    number: str = ""  # "" while it is a draft
    issued: int = 0  # Unix seconds
    pay_by: int = 0  # Unix seconds
    terms: Terms | None = None
    tax_rule: TaxRule | None = None
    of: str = ""  # credit note: number of the invoice
    reason: str = ""


_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical(document: Document) -> bytes:
    """The bytes that are kept, hashed and compared."""
    return _ENCODER.encode(document)


def parse(text: str | bytes) -> Document:
    """The document that `canonical` wrote."""
    return msgspec.json.decode(text, type=Document)
