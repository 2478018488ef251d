"""What callers are told about limits, in OpenAI's and in Azure's words (wire-contract §4 and §6): headers, refusals."""

import math

import msgspec

from pleiade.domain.limits import Capacity, Scope, Stance
from pleiade.quota.buckets import DAY_MS, DROPS, MINUTE_MS, reset_ms, standing
from pleiade.quota.limiter import Ask, Bucket, Unit, Verdict

Headers = tuple[tuple[bytes, bytes], ...]

_NO_RETRY: Headers = ((b"x-should-retry", b"false"),)  # the SDKs retry a 429 by themselves otherwise
_OPERATIONS = {
    "chat": "ChatCompletions_Create",
    "text_completion": "Completions_Create",
    "embeddings": "Embeddings_Create",
    "image_generation": "ImageGenerations_Create",
    "image_edit": "ImageEdits_Create",
    "image_variation": "ImageVariations_Create",
}
_LEAKY = Bucket.LEAKY
_TOKENS = Unit.TOKENS
_NAMES = (  # in the order of Unit
    (b"x-ratelimit-limit-requests", b"x-ratelimit-remaining-requests", b"x-ratelimit-reset-requests"),
    (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens"),
)
_COUNTED = {
    Unit.REQUESTS: ("requests", "R"),
    Unit.TOKENS: ("tokens", "T"),
    Unit.IMAGES: ("images", "I"),
    Unit.BATCH_TOKENS: ("batch input tokens", "BT"),
}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal in both dialects. `retry_after_s` None: the same request will not pass by waiting."""

    status: int
    code: str
    type: str
    message: str
    azure_status: int
    azure_code: str
    azure_message: str
    retry_after_s: float | None = None
    headers: Headers = ()  # for OpenAI's surface
    azure_headers: Headers = ()


def duration(ms: int) -> str:
    """A time as OpenAI's headers write it: "17ms", "1s", "8.64s", "6m0s", "23h59m8.5s"."""
    if ms < 1000:
        return f"{ms}ms"
    minutes, rest = divmod(ms, 60_000)
    seconds = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def rate_headers(verdict: Verdict, *, azure: bool = False) -> Headers:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`: of several limits, the one with the least left.

    Azure tells resets only with a 429, in whole seconds; OpenAI always, as durations.
    """
    least: list[tuple[int, Ask, int] | None] = [None, None]  # by Unit: what is left, of which ask, at what level
    for ask, level in zip(verdict.asks, verdict.levels, strict=True):
        if ask.shown and ask.unit <= _TOKENS:
            left = ask.limit - (-(-level // DROPS) if ask.bucket is _LEAKY else level)
            best = least[ask.unit]
            if best is None or left < best[0]:
                least[ask.unit] = left, ask, level
    headers: list[tuple[bytes, bytes]] = []
    for best, (limit, remaining, reset) in zip(least, _NAMES, strict=True):
        if best is not None:
            left, ask, level = best
            headers.append((limit, b"%d" % ask.limit))
            headers.append((remaining, b"%d" % max(0, left)))
            if not azure:
                headers.append((reset, duration(reset_ms(ask, level, verdict.at_ms)).encode()))
    return tuple(headers)


def refusal(verdict: Verdict, *, model: str, operation: str, api_version: str = "") -> Refusal:
    """Why a reservation was refused. `model`: the name that the caller used; `operation`: gen_ai's, "chat"."""
    ask = verdict.asks[verdict.failed]
    stands = standing(ask, verdict.levels[verdict.failed], verdict.at_ms)
    if ask.bucket is Bucket.TOTAL:
        return _out_of_money(ask)
    wait_ms = verdict.retry_after_ms
    wait_s = max(1, math.ceil(wait_ms / 1000))
    name, letter = _COUNTED[ask.unit]
    per, short = _period(ask.period_ms)
    limited = f"{model} {_place(ask)} on {name} per {per}" + (f" ({letter}{short})" if short else "")
    numbers = f"Limit {ask.limit}, Used {stands.used}, Requested {ask.amount}"
    if wait_ms:
        message = f"Rate limit reached for {limited}: {numbers}. Please try again in {duration(wait_ms)}."
        advice = f"Please retry after {wait_s} second{'s' if wait_s > 1 else ''}."
    else:
        message = (
            f"Request too large for {limited}: Limit {ask.limit}, Requested {ask.amount}. "
            "The input or output tokens must be reduced in order to run successfully."
        )
        advice = f"This request is larger than the limit ({ask.limit}) itself: reduce its input or output tokens."
    call = ask.unit is Unit.REQUESTS
    surface = _OPERATIONS.get(operation, operation)
    version = f" under Azure OpenAI API version {api_version}" if api_version else ""
    headers = rate_headers(verdict) + (() if wait_ms else _NO_RETRY)
    azure_headers = rate_headers(verdict, azure=True) + (() if wait_ms else _NO_RETRY)
    reset = b"x-ratelimit-reset-requests" if call else b"x-ratelimit-reset-tokens"
    if wait_ms:
        azure_headers += ((reset, b"%d" % wait_s),)
    azure_headers += ((b"policy-id", b"DeploymentRatelimit-Call" if call else b"DeploymentRatelimit-Token"),)
    return Refusal(
        status=429,
        code="rate_limit_exceeded",
        type="requests" if call else "tokens",
        message=message,
        azure_status=429,
        azure_code="429",
        azure_message=(
            f"Requests to the {surface} Operation{version} have exceeded {'call' if call else 'token'} rate limit of "
            f"your current OpenAI S0 pricing tier. {advice} Please ask your operator if you would like to further "
            "increase the default rate limit."
        ),
        retry_after_s=wait_ms / 1000 if wait_ms else None,
        headers=headers,
        azure_headers=azure_headers,
    )


def lost(capacity: Capacity) -> Refusal | None:
    """What a limited call gets while the limiter's store is lost; None where the deployment stands open."""
    if capacity.stance is Stance.OPEN:
        return None
    message = "The limits of this deployment cannot be checked right now, so no call passes. Please retry shortly."
    return Refusal(
        status=503,
        code="service_unavailable",
        type="server_error",
        message=message,
        azure_status=503,
        azure_code="ServiceUnavailable",
        azure_message=message,
        retry_after_s=1.0,
    )


def unallotted(why: str) -> Refusal:
    """For admission's NoCapacityError and CurrencyError, and for money that is used up: somebody has to act first."""
    return Refusal(
        status=429,
        code="insufficient_quota",
        type="insufficient_quota",
        message=why,
        azure_status=403,
        azure_code="QuotaExceeded",
        azure_message=why,
        headers=_NO_RETRY,
        azure_headers=_NO_RETRY,
    )


def spillover_headers(served: str, refused: str = "", status: int = 0) -> Headers:
    """Azure's headers of a call that a provisioned deployment was asked for.

    `served`: the deployment that answered; `refused` and `status`: the provisioned one, and what it said, where the
    call spilled over.
    """
    headers: list[tuple[bytes, bytes]] = [(b"x-ms-deployment-name", served.encode())]
    if refused:
        headers.append((b"x-ms-spillover-from-deployment", refused.encode()))
        headers.append((b"x-ms-spillover-error", b"%d" % status))
    return tuple(headers)


def _out_of_money(ask: Ask) -> Refusal:
    what = f"the budget {_place(ask, 'of')} for this month is used up, or too small for this request."
    if ask.unit is Unit.CREDIT:
        what = f"the prepaid credits {_place(ask, 'of')} are used up, or too few for this request."
    message = f"You exceeded your current quota, please check your plan and billing details: {what}"
    return unallotted(message)


def _place(ask: Ask, word: str = "in") -> str:
    kind = "organization" if ask.scope is Scope.ORGANISATION else ask.scope.value  # as OpenAI spells it
    return f"{word} {kind} {ask.subject}"


def _period(period_ms: int) -> tuple[str, str]:
    """A period in OpenAI's words, and the letter of its abbreviation: TPM, RPD."""
    if period_ms == MINUTE_MS:
        return "min", "PM"
    if period_ms == DAY_MS:
        return "day", "PD"
    return f"{period_ms // 1000} s", ""
