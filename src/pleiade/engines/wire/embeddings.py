"""What all embedding workers check of a request, and how they write their answer."""

import base64
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.requests import EmbeddingRequest, number_in_range

# OpenAI's own bounds (wire-contract §2.1).
MAX_INPUTS = 2048
MAX_TOKENS_PER_REQUEST = 300_000


def check_form(request: EmbeddingRequest, width: int) -> None:
    """Raise ApiError 400 for a form of answer that vectors of `width` numbers cannot take."""
    number_in_range("dimensions", request.dimensions, 1, None)
    if request.dimensions is not None and request.dimensions > width:
        raise invalid(f"Invalid value for 'dimensions': this model's vectors have {width}.", "dimensions")
    if request.encoding_format not in (None, "float", "base64"):
        raise invalid(
            f"Invalid value: '{request.encoding_format}'. Supported values are: 'float' and 'base64'.",
            "encoding_format",
        )


def inputs_of(request: EmbeddingRequest) -> list[str | list[int]]:
    """The inputs, whichever of the four shapes they came in: string, [string], [int], [[int]].

    Raises ApiError 400 for an empty list or input, a mixture, or more than OpenAI takes.
    """
    given = request.input
    if isinstance(given, str):
        inputs: list[str | list[int]] = [given]
    elif given and all(isinstance(item, int) for item in given):
        inputs = [[item for item in given if isinstance(item, int)]]
    elif any(isinstance(item, int) for item in given):
        message = "Invalid type for 'input': expected strings or arrays of integers, not both."
        raise invalid(message, "input", "invalid_type")
    else:
        inputs = [item for item in given if not isinstance(item, int)]
    check_count(len(inputs))
    for place, item in enumerate(inputs):
        if not item:
            param = input_name(place, len(inputs))
            raise invalid(f"Invalid '{param}': input cannot be an empty string.", param)
    return inputs


def check_count(inputs: int) -> None:
    """Raise ApiError 400 for no inputs, or more than OpenAI takes."""
    if not inputs:
        raise invalid("Invalid 'input': empty array. Expected at least one input.", "input", "empty_array")
    if inputs > MAX_INPUTS:
        raise invalid(
            f"Invalid 'input': array too long. Expected an array with maximum length {MAX_INPUTS}, but got an "
            f"array with length {inputs} instead.",
            "input",
            "array_above_max_length",
        )


def check_total(texts: Sequence[Sequence[int]]) -> None:
    """Raise ApiError 400 for more tokens in all than one request may have."""
    total = sum(map(len, texts))
    if total > MAX_TOKENS_PER_REQUEST:
        message = f"Requested {total} tokens, max {MAX_TOKENS_PER_REQUEST} tokens per request"
        raise invalid(message, "input", "max_tokens_per_request")


def input_name(place: int, count: int) -> str:
    """How errors name one of `count` inputs."""
    return "input" if count == 1 else f"input[{place}]"


def vectors_answer(vectors: NDArray[np.float32], *, model: str, tokens: int, request: EmbeddingRequest) -> bytes:
    """The embeddings list of unit vectors, float32 [inputs, width], cut to the dimensions asked for.

    Base64 is of little-endian float32, as the SDK asks for by default.
    """
    if request.dimensions is not None and request.dimensions < vectors.shape[1]:
        vectors = vectors[:, : request.dimensions]
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    little = np.ascontiguousarray(vectors, "<f4")
    coded = request.encoding_format == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.tobytes()).decode() if coded else row.tolist(),
        }
        for index, row in enumerate(little)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})
