"""What is counted for one call."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one call, cumulative while it streams (OpenAI's `usage` object, and what it lacks)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0  # part of prompt_tokens that was found in the prefix cache
    reasoning_tokens: int = 0  # part of completion_tokens that was thought and not said
    images: int = 0  # pictures made
    audio: int = 0  # tokens of sound, heard or made

    def __add__(self, other: "Usage") -> "Usage":
        """Both together, count by count."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            images=self.images + other.images,
            audio=self.audio + other.audio,
        )

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens
