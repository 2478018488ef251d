"""A batch as clients see it (wire-contract §12.3), and what a line of one is for the API that answers it."""

from typing import Any, Literal

import msgspec

KIND = "batch"  # of its job
WINDOW_S = 24 * 3600
MOST_LINES = 50_000
MOST_INPUTS = 50_000  # of all lines of a batch of embeddings
MOST_ERRORS = 100  # that are told of one input file
# What a line may ask for; Azure's clients leave out the `/v1`.
ENDPOINTS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/moderations",
    "/v1/images/generations",
)
Status = Literal["validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"]
OVER = frozenset({"failed", "completed", "expired", "cancelled"})
ACTS_FOR = "x-pleiade-acts-for"  # header of the runner's calls: whose they are
LINE = "x-pleiade-batch-line"  # the same: BATCH/NUMBER/ATTEMPT


class BatchError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with an input file."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchErrors(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    object: Literal["list"] = "list"
    data: tuple[BatchError, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class InputDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Of the tokens of prompts."""

    cached_tokens: int = 0


class OutputDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Of the tokens of answers."""

    reasoning_tokens: int = 0


class BatchUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What all its answers used."""

    input_tokens: int = 0
    input_tokens_details: InputDetails = InputDetails()
    output_tokens: int = 0
    output_tokens_details: OutputDetails = OutputDetails()
    total_tokens: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch object."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str  # as it was asked for: Azure's clients read back what they wrote
    model: str | None = None
    errors: BatchErrors | None = None
    input_file_id: str
    completion_window: str = "24h"
    status: Status = "validating"
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: int
    in_progress_at: int | None = None
    expires_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: Counts = Counts()
    usage: BatchUsage | None = None
    metadata: dict[str, str] | None = None
    created_by: str | None = None  # ours: the person or service account, else the key

    @property
    def path(self) -> str:
        """The route of the public API that its lines ask for."""
        return full_path(self.endpoint)


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What the job of a batch says."""

    batch: str
    principal: dict[str, Any]  # who asked for it: their key, project and organisation pay


def full_path(endpoint: str) -> str:
    """An endpoint with the `/v1` that Azure's clients leave out."""
    return endpoint if endpoint.startswith("/v1/") else f"/v1{endpoint}"
