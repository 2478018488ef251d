"""`POST /v1/completions`: a text to go on with, as GPT-3's API had it: echo, log-probabilities, best_of, suffix."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pleiade.engines.text_openvino.answers.call import Choice, Scored
from pleiade.engines.text_openvino.answers.detokenise import Detokeniser, decode
from pleiade.engines.text_openvino.answers.model import SMALL_BODY, TextModel
from pleiade.engines.text_openvino.answers.request_sampling import sampling_of
from pleiade.engines.text_openvino.answers.tokenizer import FIM_ENDS
from pleiade.engines.text_openvino.generation import Constraint, GenerationRequest, TokenLogprobs
from pleiade.engines.wire.answer import COMPLETION
from pleiade.engines.wire.checks import choices_of, fit, refuse_endless, stops_of
from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.infill import Marks, framed, no_marks
from pleiade.engines.wire.requests import CompletionRequest, number_in_range, parse
from pleiade.engines.wire.sse import StreamEncoder, encode_object, encode_text

DEFAULT_MAX_TOKENS = 16
MAX_PROMPTS = 2048
MAX_BEST_OF = 20
# The 2023 API allowed 5. Evaluation programs ask for more, and full logits make it cheap.
MAX_LOGPROBS = 20


class _Prompt(msgspec.Struct, frozen=True):
    """One prompt: its ids, and its text as the client knows it."""

    ids: list[int]
    text: str


async def answer_completion(model: TextModel, exchange: Exchange) -> None:
    """Serve one request. Raises ApiError for what cannot be served."""
    request = parse(exchange.body, CompletionRequest)
    slow = len(exchange.body) > SMALL_BODY or request.response_format is not None
    prompts, generations = await model.prepare(slow, _prepare, model, request)
    grown = generations[0].n  # per prompt: n, or best_of candidates
    stops = stops_of(request)
    choices = [Choice(i, Detokeniser(model.tokenizer.token_bytes), stops) for i in range(len(prompts) * grown)]
    await model.answer(exchange, request, generations, choices, _Completion(model, request, prompts, grown))


def _prepare(model: TextModel, request: CompletionRequest) -> tuple[list[_Prompt], list[GenerationRequest]]:
    """Check and translate a request; slow for long prompts, so it may run in a thread."""
    n = choices_of(request)
    number_in_range("best_of", request.best_of, 0, MAX_BEST_OF)
    number_in_range("logprobs", request.logprobs, 0, MAX_LOGPROBS)
    best_of = request.best_of or n
    if best_of < n:
        raise invalid(f"'best_of' ({best_of}) must be at least 'n' ({n}).", "best_of")
    if best_of > n and request.stream:
        raise invalid("'best_of' above 'n' cannot be streamed.", "best_of")
    stops_of(request)
    sampling = sampling_of(request, vocabulary=model.engine.vocabulary_size, defaults=model.sampling_defaults)
    prompts = _prompts(model, request)
    asked = DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens
    ends = model.tokenizer.end_ids | frozenset(request.stop_token_ids or ())
    if request.suffix:
        if request.echo:
            raise invalid("'echo' cannot be combined with 'suffix'.", "echo")
        marks = model.tokenizer.infill_marks()
        if marks is None:
            raise no_marks()
        prompts = [_framed(model, marks, prompt, request.suffix) for prompt in prompts]
        ends |= model.tokenizer.ids_of(FIM_ENDS) | set(marks)
    constraint: Constraint | None = None
    if request.response_format is not None:
        constraint = model.grammars.for_format(request.response_format)
    context = model.engine.context_length
    logprobs = request.logprobs
    if best_of > n and logprobs is None:
        logprobs = 0  # the sampled tokens' own, to rank by
    generations = [
        GenerationRequest(
            id=f"cmpl-{uuid.uuid4().hex}",
            prompt=prompt.ids,
            n=best_of,
            max_tokens=fit(context, len(prompt.ids), asked, "max_tokens", chat=False),
            sampling=sampling,
            stop_tokens=ends,
            ignore_stop_tokens=bool(request.ignore_eos),
            logprobs=logprobs,
            prompt_logprobs=request.logprobs if request.echo else None,
            constraint=constraint,
            adapter=model.adapter_for(request.model),
            deadline=model.deadline(),
        )
        for prompt in prompts
    ]
    return prompts, generations


def _prompts(model: TextModel, request: CompletionRequest) -> list[_Prompt]:
    """The prompts of all four shapes: string, [string], [int], [[int]]; before a suffix, what will be framed."""
    given = request.prompt
    from_text = _from_plain_text if request.suffix else _from_text
    if given is None or given == []:
        return [from_text(model, "")]
    if isinstance(given, str):
        return [from_text(model, given)]
    if all(isinstance(item, int) for item in given):
        return [_from_ids(model, [item for item in given if isinstance(item, int)], "prompt")]
    if len(given) > MAX_PROMPTS:
        raise invalid(
            f"Invalid 'prompt': array too long. Expected an array with maximum length {MAX_PROMPTS}, but got an "
            f"array with length {len(given)} instead.",
            "prompt",
            "array_above_max_length",
        )
    prompts = []
    for place, item in enumerate(given):
        if isinstance(item, str):
            prompts.append(from_text(model, item))
        elif isinstance(item, list):
            prompts.append(_from_ids(model, item, f"prompt[{place}]"))
        else:
            raise invalid(
                "Invalid type for 'prompt': expected a string, an array of strings, an array of integers, or an "
                "array of arrays of integers.",
                "prompt",
                "invalid_type",
            )
    return prompts


def _from_text(model: TextModel, text: str) -> _Prompt:
    """A completion's prompt IS what the model reads, so the spelling of a control token is that token."""
    refuse_endless(model.engine.context_length, len(text.encode()), model.tokenizer.longest_token, chat=False)
    ids = model.tokenizer.encode(text, beginning=True)
    return _Prompt(ids, text) if ids else _opening(model)


def _from_plain_text(model: TextModel, text: str) -> _Prompt:
    """Before a suffix the marks are ours to set: a text that spells one is a text about it. It may be empty."""
    refuse_endless(model.engine.context_length, len(text.encode()), model.tokenizer.longest_token, chat=False)
    return _Prompt(model.tokenizer.encode_plain(text), text)


def _from_ids(model: TextModel, ids: list[int], param: str) -> _Prompt:
    size = model.engine.vocabulary_size
    for token in ids:
        if not 0 <= token < size:
            raise invalid(
                f"Invalid '{param}': token {token} is not in this model's vocabulary, whose ids go from 0 to "
                f"{size - 1}. Ids of another model's tokenizer mean nothing here.",
                param,
            )
    if not ids:
        return _opening(model)
    return _Prompt(ids, decode(model.tokenizer.token_bytes, ids))


def _opening(model: TextModel) -> _Prompt:
    """The empty text: the model's own mark of a beginning, as `<|endoftext|>` was GPT-3's."""
    tokenizer = model.tokenizer
    first = tokenizer.bos
    if first is None:
        found = tokenizer.id_of("<|endoftext|>")
        first = found if found is not None else min(tokenizer.end_ids, default=0)
    return _Prompt([first], "")


def _framed(model: TextModel, marks: Marks, prompt: _Prompt, suffix: str) -> _Prompt:
    """The prompt and what comes after the hole, between the model's marks."""
    refuse_endless(model.engine.context_length, len(suffix.encode()), model.tokenizer.longest_token, chat=False)
    beginning = model.tokenizer.encode("", beginning=True)
    ids = [*beginning, *framed(marks, prompt.ids, model.tokenizer.encode_plain(suffix))]
    return _Prompt(ids, prompt.text)


class _Completion:
    """What an answer needs of its request, streamed or whole."""

    kind = COMPLETION

    def __init__(self, model: TextModel, request: CompletionRequest, prompts: Sequence[_Prompt], grown: int) -> None:
        self.prompts = prompts
        self.grown = grown
        self._names = model.names
        self._token_bytes = model.tokenizer.token_bytes
        self._echo = bool(request.echo)
        self._top = request.logprobs
        self._n = request.n or 1

    def echoed(self, choice: Choice) -> str:
        """The text that stands before the choice's own."""
        return self.prompts[choice.index // self.grown].text if self._echo else ""

    def logprobs(self, choice: Choice, scored: Sequence[Scored], *, first: bool) -> dict[str, Any] | None:
        """The `logprobs` of a choice or of a part of it; `first` brings those of the echoed prompt."""
        if self._top is None:
            return None
        prompt = self.prompts[choice.index // self.grown]
        entries: list[tuple[int, TokenLogprobs | None, int]] = []
        if first and self._echo:
            offset = 0
            given = choice.prompt_logprobs or (None,) * len(prompt.ids)
            for token, entry in zip(prompt.ids, given, strict=False):
                entries.append((offset, entry, token))
                offset += len(decode(self._token_bytes, [token]))
        entries += [(len(prompt.text) + offset, entry, entry.token) for offset, entry in scored]
        return self._names.legacy(entries, self._top)

    def whole(self, choices: Sequence[Choice]) -> list[dict[str, Any]]:
        """The choices of a completion; of `best_of` candidates the likeliest ones per token."""
        kept: list[Choice] = []
        for start in range(0, len(choices), self.grown):
            candidates = list(choices[start : start + self.grown])
            if self.grown > self._n:
                candidates.sort(key=lambda c: -(c.logprob_sum / max(c.tokens, 1)))
            kept += candidates[: self._n]
        return [self._whole_choice(choice, place) for place, choice in enumerate(kept)]

    def stream(self, encoder: StreamEncoder) -> Callable[[Choice], bytes]:
        """Makes the chunks of a streamed one."""
        return _CompletionStream(self, encoder).render

    def _whole_choice(self, choice: Choice, place: int) -> dict[str, Any]:
        text, scored = choice.flush()
        return {
            "index": place,
            "text": self.echoed(choice) + text,
            "logprobs": self.logprobs(choice, scored, first=True),
            "finish_reason": choice.finish,
        }


class _CompletionStream:
    """Chunks of a streamed answer."""

    def __init__(self, completion: _Completion, encoder: StreamEncoder) -> None:
        self._encoder = encoder
        self._completion = completion
        self._begun: set[int] = set()

    def render(self, choice: Choice) -> bytes:
        """Everything new in a choice, as one event."""
        text, scored = choice.flush()
        first = choice.index not in self._begun
        if first:
            self._begun.add(choice.index)
            text = self._completion.echoed(choice) + text
        if not text and not scored and choice.finish is None:
            return b""
        found = self._completion.logprobs(choice, scored, first=first)
        return self._encoder.chunk(
            b'{"index":%d,"text":%b,"logprobs":%b,"finish_reason":%b}'
            % (
                choice.index,
                encode_text(text),
                b"null" if found is None else encode_object(found),
                b"null" if choice.finish is None else b'"%b"' % choice.finish.encode(),
            )
        )
