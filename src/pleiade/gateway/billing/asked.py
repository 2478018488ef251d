"""What administrators ask for about bills. Amounts are decimal strings: a JSON number may have been a float."""

import msgspec


class Drafted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month to draft: of one organisation, or ("") of all that have something to bill."""

    period: str
    organization_id: str = ""


class Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft to issue, with the total that was looked at."""

    total: str


class Paid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it was paid: a bank's reference, say."""

    reference: str = ""


class Credited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a credit note takes back, tax included ("": all that is left), and why."""

    reason: str
    amount: str = ""


class Adjusted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is charged (below zero: given back) by hand, before tax, on the invoice of `period`."""

    organization_id: str
    amount: str
    memo: str
    period: str = ""
    id: str = ""
