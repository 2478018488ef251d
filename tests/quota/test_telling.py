"""Headers and refusals, word for word as the two services say them (wire-contract §4.1, §4.2, §6)."""

import pytest

from pleiade.domain.limits import Capacity, Scope, Stance
from pleiade.quota import Ask, Bucket, Unit, Verdict, lost, rate_headers, refusal, spillover_headers, unallotted
from pleiade.quota.buckets import DAY_MS, DROPS, MINUTE_MS, judge
from pleiade.quota.telling import duration

NOW = 1_763_812_833_000  # 33 seconds into a minute: 27 to go


def tokens(amount: int, limit: int, scope: Scope = Scope.ORGANISATION, subject: str = "org-1") -> Ask:
    return Ask("t", Bucket.WINDOW, amount, limit, MINUTE_MS, 0, True, Unit.TOKENS, scope, subject)


def requests(limit: int, period_ms: int = MINUTE_MS, *, shown: bool = True) -> Ask:
    ask = Ask("r", Bucket.WINDOW, 1, limit, period_ms, 0, True, Unit.REQUESTS, Scope.DEPLOYMENT, "gpt", shown=shown)
    return ask


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0ms"),
        (17, "17ms"),
        (1000, "1s"),
        (8640, "8.64s"),
        (60_000, "1m0s"),
        (86_400, "1m26.4s"),
        (360_000, "6m0s"),
        (3_600_000, "1h0m0s"),
        (86_399_005, "23h59m59.005s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(ms: int, said: str) -> None:
    assert duration(ms) == said


def test_headers_tell_the_limit_that_has_the_least_left() -> None:
    asks = (tokens(10, 1000), tokens(10, 500), requests(60), requests(1, 1000, shown=False))
    headers = dict(rate_headers(Verdict(True, NOW, asks, (300, 100, 2, 1))))
    assert headers == {
        b"x-ratelimit-limit-requests": b"60",
        b"x-ratelimit-remaining-requests": b"58",
        b"x-ratelimit-reset-requests": b"27s",
        b"x-ratelimit-limit-tokens": b"500",
        b"x-ratelimit-remaining-tokens": b"400",
        b"x-ratelimit-reset-tokens": b"27s",
    }
    assert rate_headers(Verdict(True, NOW)) == ()


def test_a_token_limit_is_told_in_openais_words() -> None:
    told = refusal(judge([tokens(19126, 100000)], [96749], NOW, False), model="gpt-4o-mini", operation="chat")
    assert (told.status, told.type, told.code, told.retry_after_s) == (429, "tokens", "rate_limit_exceeded", 27.0)
    assert told.message == (
        "Rate limit reached for gpt-4o-mini in organization org-1 on tokens per min (TPM): "
        "Limit 100000, Used 96749, Requested 19126. Please try again in 27s."
    )
    assert dict(told.headers)[b"x-ratelimit-remaining-tokens"] == b"3251"


def test_a_token_limit_is_told_in_azures_words() -> None:
    verdict = judge([tokens(600, 1000, Scope.DEPLOYMENT, "gpt")], [500], NOW, False)
    told = refusal(verdict, model="gpt", operation="chat", api_version="2024-05-01-preview")
    assert (told.azure_status, told.azure_code) == (429, "429")
    assert told.azure_message.startswith(
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have "
        "exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 27 seconds. "
    )
    headers = dict(told.azure_headers)
    assert headers[b"x-ratelimit-reset-tokens"] == b"27"
    assert headers[b"policy-id"] == b"DeploymentRatelimit-Token"


def test_a_request_limit_names_itself_in_both() -> None:
    told = refusal(judge([requests(3)], [3], NOW, False), model="gpt", operation="embeddings")
    assert told.type == "requests"
    assert "in deployment gpt on requests per min (RPM): Limit 3, Used 3, Requested 1." in told.message
    assert "Embeddings_Create Operation have exceeded call rate limit" in told.azure_message
    assert dict(told.azure_headers)[b"policy-id"] == b"DeploymentRatelimit-Call"
    per_day = refusal(judge([requests(3, DAY_MS)], [3], NOW, False), model="gpt", operation="chat")
    assert "on requests per day (RPD)" in per_day.message
    in_slice = refusal(judge([requests(10, 1000, shown=False)], [10], NOW, False), model="gpt", operation="chat")
    assert "on requests per 1 s: Limit 10" in in_slice.message
    assert "Please retry after 1 second. " in in_slice.azure_message


def test_what_can_never_pass_is_not_retried() -> None:
    told = refusal(judge([tokens(2000, 1000)], [0], NOW, False), model="gpt", operation="chat")
    assert told.message == (
        "Request too large for gpt in organization org-1 on tokens per min (TPM): Limit 1000, Requested 2000. "
        "The input or output tokens must be reduced in order to run successfully."
    )
    assert told.retry_after_s is None
    assert dict(told.headers)[b"x-should-retry"] == b"false"
    assert dict(told.azure_headers)[b"x-should-retry"] == b"false"


def test_a_provisioned_deployment_says_when_it_is_below_its_capacity() -> None:
    ask = Ask("l", Bucket.LEAKY, 5, 60_000, MINUTE_MS, 0, True, Unit.TOKENS, Scope.DEPLOYMENT, "ptu")
    told = refusal(judge([ask], [60_250 * DROPS], NOW, False), model="ptu", operation="chat")
    assert told.retry_after_s == 0.25
    assert "Please retry after 1 second." in told.azure_message


def test_a_used_up_budget_is_a_quota_that_is_not_retried() -> None:
    ask = Ask("m", Bucket.TOTAL, 5, 100, MINUTE_MS, 0, True, Unit.NANO, Scope.PROJECT, "proj_1")
    told = refusal(judge([ask], [100], NOW, False), model="gpt", operation="chat")
    assert (told.status, told.code, told.type) == (429, "insufficient_quota", "insufficient_quota")
    assert (told.azure_status, told.azure_code) == (403, "QuotaExceeded")
    assert told.message.startswith("You exceeded your current quota, please check your plan and billing details")
    assert "the budget of project proj_1 for this month is used up" in told.message
    assert dict(told.headers)[b"x-should-retry"] == b"false"


def test_used_up_credits_are_told_as_such() -> None:
    ask = Ask("c", Bucket.TOTAL, 5, 0, MINUTE_MS, 0, True, Unit.CREDIT, Scope.ORGANISATION, "org-1")
    told = refusal(judge([ask], [0], NOW, False), model="gpt", operation="chat")
    assert (told.status, told.code) == (429, "insufficient_quota")
    assert "the prepaid credits of organization org-1 are used up" in told.message


def test_a_lost_store_is_met_with_the_deployments_stance() -> None:
    closed = lost(Capacity())
    assert closed is not None
    assert (closed.status, closed.azure_status, closed.retry_after_s) == (503, 503, 1.0)
    assert lost(Capacity(stance=Stance.OPEN)) is None


def test_what_only_the_operator_can_mend_is_said_so() -> None:
    told = unallotted("gpt has no capacity")
    assert (told.status, told.azure_status, told.message, told.retry_after_s) == (429, 403, "gpt has no capacity", None)


def test_spillover_is_told_with_azures_headers() -> None:
    assert dict(spillover_headers("ptu")) == {b"x-ms-deployment-name": b"ptu"}
    assert dict(spillover_headers("std", "ptu", 429)) == {
        b"x-ms-deployment-name": b"std",
        b"x-ms-spillover-from-deployment": b"ptu",
        b"x-ms-spillover-error": b"429",
    }
