"""Weights that are served are those that were registered."""

import hashlib
from pathlib import Path

from pleiade.engines.wire.serve import LoadError


def verify(weights: Path, expected: str) -> None:
    """Compare a file with the SHA-256 that was registered. Raises LoadError where they differ; no file, no question."""
    if not weights.is_file():
        return
    with weights.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise LoadError(
            f"{weights} has SHA-256 {actual[:8]}…{actual[-8:]} instead of {expected[:8]}…{expected[-8:]}: the file was "
            "changed or damaged; install or copy the model again"
        )
