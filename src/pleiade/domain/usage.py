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

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens
