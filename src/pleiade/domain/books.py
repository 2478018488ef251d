"""What the ledger holds: a call reserved, settled and entered; a transfer of money between two accounts.

Money is counted in integers of 10^-9 currency units ("nano"), times in Unix milliseconds.
"""

from enum import StrEnum

import msgspec

from pleiade.domain.usage import Usage


class Outcome(StrEnum):
    """How a call ended; every reserved call ends in one of these ways, once."""

    COMPLETED = "completed"
    FILTERED = "filtered"  # refused, or cut, by a policy
    CANCELLED = "cancelled"  # the caller went away, or asked to stop
    FAILED = "failed"  # the engine or an upstream did not answer
    CRASHED = "crashed"  # the process that carried it died: entered at its last mark


class Reservation(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A call that is about to be made, and who pays for it. The journal notes the time.

    Journals hold these fields as an array: new ones go last, with a default.
    """

    call: str  # Call.id, the request id
    organisation: str = "default"
    project: str = "default"
    key: str = ""  # Key.id
    user: str = ""  # whose key it is: a user's or a service account's id
    storefront: str = "openai"  # whose customer the organisation is
    billing: str = "internal"  # "internal", "invoiced" or "prepaid": decides which account is debited
    deployment: str = ""
    model: str = ""  # Model.id
    model_version: str = ""
    price: str = ""  # Price.id; "" = not sold (the installation's own use)
    currency: str = ""  # ISO 4217; "" = no price
    operation: str = ""  # "chat", "text_completion", "embeddings", "image_generation", …
    stream: bool = False
    image_size: str = ""
    image_quality: str = ""
    estimate: int = 0  # tokens that admission took it for
    on_answer: bool = False  # paid for with its answer, as lines of batches are: one that breaks off owes nothing


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a reserved call ended, what it used and what that costs. The journal notes the time."""

    call: str
    outcome: Outcome
    usage: Usage = Usage()
    cost: int = 0  # nano, at the list price
    estimated: bool = False  # the usage was not told by an engine
    attempts: int = 1  # engines asked: retries and spillover are attempts under one reservation
    deployment: str = ""  # that answered, where another one than was reserved
    status: int = 200  # of the HTTP answer
    ms: int = 0  # from the request's first byte to the answer's last
    first_byte_ms: int = 0  # until the engine's first token; 0 = it sent none


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A settled call as the ledger holds it: one transfer from the account `debit` to the account `credit`.

    The array of these fields is what a writer's chain of hashes runs over: never change their order or meaning. A new
    field goes last and raises the form (`pleiade.ledger.records.FORM`).
    """

    writer: str  # the process that wrote it
    sequence: int  # 1, 2, … of its writer
    reserved_ms: int
    time_ms: int  # when it was settled; never earlier than the writer's entry before
    call: str
    organisation: str
    project: str
    key: str
    user: str
    storefront: str
    billing: str
    deployment: str
    model: str
    model_version: str
    price: str
    currency: str
    operation: str
    stream: bool
    image_size: str
    image_quality: str
    estimate: int
    outcome: Outcome
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    images: int
    audio: int
    cost: int
    estimated: bool
    attempts: int
    status: int
    ms: int
    first_byte_ms: int
    debit: str
    credit: str

    @property
    def usage(self) -> Usage:
        """What was counted."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
            reasoning_tokens=self.reasoning_tokens,
            images=self.images,
            audio=self.audio,
        )


class TransferKind(StrEnum):
    """Why money moves, other than by a call."""

    PAYMENT = "payment"
    CREDIT = "credit"  # prepaid or given
    DISCOUNT = "discount"
    PLAN = "plan"  # a monthly subscription, a committed amount
    PROVISIONED = "provisioned"  # hours of provisioned capacity
    TRAINING = "training"  # training sold: tokens or accelerator-hours
    TAX = "tax"
    INVOICE = "invoice"  # rounding and other postings of an invoice
    ENGINE_HOURS = "engine-hours"  # what running the machines costs
    EXPENSE = "expense"
    SETTLEMENT = "settlement"  # a partner's share
    ADJUSTMENT = "adjustment"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` nano of `currency` from the account `debit` to the account `credit`: double entry in one row.

    `id` is chosen by whoever posts it: the same transfer posted again changes nothing.
    """

    id: str
    kind: TransferKind
    debit: str  # an account of pleiade.ledger.accounts
    credit: str
    amount: int  # nano, above zero
    currency: str  # ISO 4217
    organisation: str = ""  # whose books it concerns; "" = the house's own
    project: str = ""
    time_ms: int = 0  # when it happened; 0 = now
    reference: str = ""  # what it belongs to: an invoice's id, a run, a payment's number
    memo: str = ""  # for people
