"""What a picture request has used so far, for whoever was cut off before its answer (`GET /v1/usage/REQUEST`)."""

from typing import Any


class PictureCounter:
    """Pictures finished, and the tokens they count as."""

    __slots__ = ("images", "input_tokens", "output_tokens")

    def __init__(self, input_tokens: int = 0) -> None:
        self.input_tokens = input_tokens
        self.output_tokens = 0
        self.images = 0

    def finished(self, tokens: int) -> None:
        """One more picture is made, of so many tokens."""
        self.images += 1
        self.output_tokens += tokens

    def as_object(self) -> dict[str, Any]:
        """The `usage` object of this moment."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "images": self.images,
        }
