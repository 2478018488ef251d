"""What a safetensors file says about itself, read without loading a weight."""

import json
import math
from pathlib import Path

import msgspec

from pleiade.registry.errors import RegistryError

# The format allows headers up to 100 MB; more is a damaged length field.
MAX_HEADER_BYTES = 100_000_000


class Tensor(msgspec.Struct, frozen=True):
    """One entry of the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]  # bytes from the end of the header


def read_header(path: Path) -> dict[str, Tensor]:
    """Name → tensor of one safetensors file.

    Raises RegistryError where the header is damaged or promises more bytes than the file has.
    Source: https://github.com/huggingface/safetensors#format
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise RegistryError(f"{path} is not a whole safetensors file ({size:,} bytes): download or export it again")
        raw = file.read(length)
    try:
        entries = json.loads(raw)
        entries.pop("__metadata__", None)
        tensors = msgspec.convert(entries, dict[str, Tensor])
    except (ValueError, AttributeError, msgspec.ValidationError) as error:
        raise RegistryError(f"{path}: its header cannot be read ({error}); download or export it again") from error
    promised = 8 + length + max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    if promised > size:
        raise RegistryError(
            f"{path} is truncated: its header promises {promised:,} bytes, the file has {size:,}. "
            "Download or copy it again."
        )
    return tensors


def count_parameters(files: list[Path]) -> int:
    """Number of weights in all `files` together. Raises RegistryError as `read_header` does."""
    return sum(math.prod(tensor.shape) for file in files for tensor in read_header(file).values())
