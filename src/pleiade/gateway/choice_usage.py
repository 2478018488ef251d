"""The usage of a stream whose engine counts each choice for itself, as vLLM's `continuous_usage_stats` does."""

import msgspec

from pleiade.domain import Usage


class _Choice(msgspec.Struct):
    index: int = 0


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Counts | None = None


_decoder = msgspec.json.Decoder(_Chunk)


class ChoiceUsage:
    """Sums what chunks tell of their own choice; the last chunk, which has no choice, tells the sum itself.

    `choices_per_prompt` is the request's `n`: choice i answers prompt i // n, and a prompt counts once.
    """

    __slots__ = ("_by_choice", "_by_prompt", "_choices_per_prompt", "_last")

    def __init__(self, choices_per_prompt: int = 1) -> None:
        self._choices_per_prompt = max(1, choices_per_prompt)
        self._by_prompt: dict[int, _Counts] = {}
        self._by_choice: dict[int, int] = {}
        self._last: _Counts | None = None

    def add(self, chunk: bytes) -> None:
        """Note one chunk's JSON. What is no chunk adds nothing: EventFilter tells what is wrong with it."""
        try:
            told = _decoder.decode(chunk)
        except (msgspec.DecodeError, RecursionError):
            return
        if told.usage is None:
            return
        if not told.choices:
            self._last = told.usage
        for choice in told.choices:
            self._by_choice[choice.index] = told.usage.completion_tokens or 0
            self._by_prompt[choice.index // self._choices_per_prompt] = told.usage

    @property
    def completion_tokens(self) -> int:
        """Those of all choices so far."""
        if self._last is not None:
            return self._last.completion_tokens or 0
        return sum(self._by_choice.values())

    @property
    def usage(self) -> Usage | None:
        """Tokens so far, of all choices; None before the first chunk that tells any."""
        prompts = list(self._by_prompt.values()) if self._last is None else [self._last]
        if not prompts:
            return None
        details = [prompt.prompt_tokens_details for prompt in prompts]
        return Usage(
            prompt_tokens=sum(prompt.prompt_tokens or 0 for prompt in prompts),
            completion_tokens=self.completion_tokens,
            cached_tokens=sum(detail.cached_tokens or 0 for detail in details if detail is not None),
        )
