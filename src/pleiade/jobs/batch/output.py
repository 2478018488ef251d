"""The files that a batch gives: answers in the order of its input, and apart from them what failed."""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from pleiade.jobs.batch.input import Line
from pleiade.jobs.batch.lines import Result
from pleiade.jobs.batch.nouns import BatchUsage, InputDetails, OutputDetails

LEFT = {  # why a line has no result, by how its batch ended
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed: the batch was cancelled before."),
}


class _Details(msgspec.Struct, frozen=True):
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class _Usage(msgspec.Struct, frozen=True):
    """As Chat Completions tells it, and as Responses does."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Answer(msgspec.Struct, frozen=True):
    usage: _Usage | None = None


class UsageSum:
    """What answers used together."""

    def __init__(self) -> None:
        self._input = self._cached = self._output = self._reasoning = 0

    def add(self, body: bytes) -> None:
        """One more answer; one that tells no usage adds nothing."""
        try:
            usage = msgspec.json.decode(body, type=_Answer).usage
        except msgspec.ValidationError:
            return
        if usage is None:
            return
        before = usage.prompt_tokens_details or usage.input_tokens_details or _Details()
        after = usage.completion_tokens_details or usage.output_tokens_details or _Details()
        self._input += usage.prompt_tokens or usage.input_tokens
        self._output += usage.completion_tokens or usage.output_tokens
        self._cached += before.cached_tokens
        self._reasoning += after.reasoning_tokens

    @property
    def total(self) -> BatchUsage:
        """All of it."""
        return BatchUsage(
            input_tokens=self._input,
            input_tokens_details=InputDetails(cached_tokens=self._cached),
            output_tokens=self._output,
            output_tokens_details=OutputDetails(reasoning_tokens=self._reasoning),
            total_tokens=self._input + self._output,
        )


def good(status: int) -> bool:
    """Whether a line with that status stands in the output file."""
    return 200 <= status < 300


def file_id(batch: str, which: str) -> str:
    """The id of a batch's file: always the same, so that it is made once."""
    return f"file-{_digest(batch, which)}"


def good_lines(batch: str, results: Iterable[Result]) -> Iterator[bytes]:
    """The lines of the output file."""
    for result in results:
        if good(result.status):
            yield _line_of(batch, result)


def bad_lines(batch: str, results: Iterator[Result], requests: Iterable[Line], left: str) -> Iterator[bytes]:
    """The lines of the error file; results and requests are in the order of the input.

    `left`: why requests without a result have none, "expired" or "cancelled".
    """
    result = next(results, None)
    for request in requests:
        if result is None or result.number != request.number:
            if left in LEFT:
                code, message = LEFT[left]
                yield _encode(batch, request.number, request.custom_id, None, {"code": code, "message": message})
            continue
        if not good(result.status):
            yield _line_of(batch, result)
        result = next(results, None)
    while result is not None:  # the input is gone: its lines that failed are not
        if not good(result.status):
            yield _line_of(batch, result)
        result = next(results, None)


def _line_of(batch: str, result: Result) -> bytes:
    if not result.status:
        return _encode(batch, result.number, result.custom_id, None, msgspec.Raw(result.body))
    response = {"status_code": result.status, "request_id": result.request, "body": msgspec.Raw(result.body)}
    return _encode(batch, result.number, result.custom_id, response, None)


def _encode(batch: str, number: int, custom_id: str, response: object, error: object) -> bytes:
    return (
        msgspec.json.encode(
            {
                "id": f"batch_req_{_digest(batch, str(number))}",
                "custom_id": custom_id,
                "response": response,
                "error": error,
            }
        )
        + b"\n"
    )


def _digest(batch: str, what: str) -> str:
    return hashlib.sha256(f"{batch}:{what}".encode()).hexdigest()[:32]
