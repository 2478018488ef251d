"""The formats that can be signed, and how they are told apart."""

from pleiade.provenance.png_text import MAGIC

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
"""MIME types of what can be signed, by OpenAI's `output_format` (and svg)."""


def format_of(data: bytes) -> str:
    """png, jpeg, webp or svg by the first bytes; "" for anything else."""
    if data.startswith(MAGIC):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "svg" if b"<svg" in data[:1024] else ""
