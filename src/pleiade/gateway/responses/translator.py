"""Chat chunks → events of the Responses API, without I/O: feed it chunks, it hands out events in order.

The order is OpenAI's: created, in_progress, then for each output item added → (part added → deltas → part
done) → done, and one terminal event that carries the whole response.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pleiade.gateway.responses.identifiers import new_id
from pleiade.gateway.responses.logprobs import delta_logprobs, text_logprobs
from pleiade.gateway.responses.resource import Response, response_error, response_usage

Event = dict[str, Any]
Item = dict[str, Any]

# How a finish_reason of chat ends a response: its status, and why it is incomplete.
_ENDINGS = {
    "stop": ("completed", None),
    "tool_calls": ("completed", None),
    "function_call": ("completed", None),
    "length": ("incomplete", "max_output_tokens"),
    "content_filter": ("incomplete", "content_filter"),
}

# Content parts: event prefix, key that holds their text, type of the part, type of the item around them.
_PARTS = {
    "text": ("response.output_text", "text", "output_text", "message"),
    "refusal": ("response.refusal", "refusal", "refusal", "message"),
    "reasoning": ("response.reasoning_text", "text", "reasoning_text", "reasoning"),
}


class Translator:
    """One response in the making. `response` is always what a retrieve would show at this moment.

    Call `start` once, `feed` with every chunk, then `finish` (or `fail`, or `cancel`) once; each returns or
    yields the events to send. An event must be encoded before the next one is asked for: it shows parts of
    `response`, which goes on changing. Items stay open until something else begins or the stream ends.
    """

    def __init__(self, response: Response, new_id: Callable[[str], str] = new_id) -> None:
        self.response = response
        self._new_id = new_id  # prefix → id of an output item
        self._sequence = 0
        self._finish_reason: str | None = None
        self._item: Item | None = None  # the open message or reasoning item, last in `output`
        self._kind = ""  # kind of its open part: a key of _PARTS
        self._pieces: list[str] = []  # text of the open part
        self._logprobs: list[dict[str, Any]] = []  # of the open part
        self._calls: dict[int, _Call] = {}  # by chat's index; open until the end

    @property
    def ended(self) -> bool:
        """Whether the model has said why it stopped (usage may still follow)."""
        return self._finish_reason is not None

    def start(self) -> Iterator[Event]:
        """The events that open the stream: created, queued for background responses, in_progress."""
        yield self._snapshot("response.created")
        if self.response["status"] == "queued":
            yield self._snapshot("response.queued")
            self.response["status"] = "in_progress"
        yield self._snapshot("response.in_progress")

    def feed(self, chunk: dict[str, Any]) -> Iterator[Event]:
        """The events that one chat chunk means; none for chunks that only carry usage."""
        if model := chunk.get("model"):
            self.response["model"] = model
        if usage := chunk.get("usage"):
            self.response["usage"] = response_usage(usage)
        for choice in chunk.get("choices") or ():
            if choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta") or {}
            yield from self._say("reasoning", delta.get("reasoning_content") or delta.get("reasoning"), None)
            logprobs = (choice.get("logprobs") or {}).get("content")
            yield from self._say("text", delta.get("content"), logprobs)
            yield from self._say("refusal", delta.get("refusal"), None)
            for call in delta.get("tool_calls") or ():
                yield from self._call(call)
            if reason := choice.get("finish_reason"):
                self._finish_reason = reason

    def finish(self, now: int) -> Iterator[Event]:
        """Close what is open and end the response as its finish_reason says. `now` is Unix seconds.

        A stream that stopped without a finish_reason failed: half an answer never passes for a whole one.
        """
        if self._finish_reason is None:
            yield from self.fail(None, "The engine ended its stream before the answer was complete.")
            return
        status, reason = _ENDINGS.get(self._finish_reason, ("completed", None))
        if not self.response["output"]:  # an empty answer is a message too: clients look at output[0]
            yield from self._open_item("message")
            yield from self._open_part("text")
        yield from self._close("incomplete" if status == "incomplete" else "completed")
        self.response["status"] = status
        if reason is not None:
            self.response["incomplete_details"] = {"reason": reason}
        else:
            self.response["completed_at"] = now
        yield self._snapshot(f"response.{status}")

    def fail(self, code: str | None, message: str) -> Iterator[Event]:
        """End the response as failed; what was said so far stays in it, marked incomplete."""
        self._abandon()
        self.response["status"] = "failed"
        self.response["error"] = response_error(code, message)
        yield self._snapshot("response.failed")

    def cancel(self) -> None:
        """End the response as cancelled. OpenAI has no event for it: the stream just stops."""
        self._abandon()
        self.response["status"] = "cancelled"

    def _say(self, kind: str, text: str | None, logprobs: Iterable[dict[str, Any]] | None) -> Iterator[Event]:
        """A piece of text, in the open part if it is of this kind, else in a new one."""
        if not text:
            return
        prefix, _, _, item_type = _PARTS[kind]
        if self._kind != kind:
            yield from self._close_part()
            if self._item is None or self._item["type"] != item_type:
                yield from self._close_item("completed")
                yield from self._open_item(item_type)
            yield from self._open_part(kind)
        self._pieces.append(text)
        event = {**self._place(), "delta": text}
        if kind == "text":
            logprobs = list(logprobs or ())
            self._logprobs += text_logprobs(logprobs)
            event["logprobs"] = delta_logprobs(logprobs)
        yield self._event(f"{prefix}.delta", event)

    def _open_item(self, kind: str) -> Iterator[Event]:
        if kind == "message":
            item = {
                "id": self._new_id("msg"),
                "type": "message",
                "status": "in_progress",
                "role": "assistant",
                "content": [],
            }
        else:
            item = {
                "id": self._new_id("rs"),
                "type": "reasoning",
                "status": "in_progress",
                "summary": [],
                "content": [],
            }
        self._item = item
        self.response["output"].append(item)
        yield self._event("response.output_item.added", {"output_index": self._index(item), "item": item})

    def _open_part(self, kind: str) -> Iterator[Event]:
        assert self._item is not None
        self._kind = kind
        self._item["content"].append(_part(kind, "", []))
        yield self._event("response.content_part.added", {**self._place(), "part": self._item["content"][-1]})

    def _close_part(self) -> Iterator[Event]:
        if not self._kind or self._item is None:
            return
        prefix, key, _, _ = _PARTS[self._kind]
        text = self._settle_part()
        place = self._place()
        done: Event = {**place, key: text}
        if self._kind == "text":
            done["logprobs"] = delta_logprobs(self._item["content"][-1]["logprobs"])
        yield self._event(f"{prefix}.done", done)
        yield self._event("response.content_part.done", {**place, "part": self._item["content"][-1]})
        self._kind = ""

    def _settle_part(self) -> str:
        """Put the text of the open part where the response shows it."""
        assert self._item is not None
        text = "".join(self._pieces)
        self._item["content"][-1] = _part(self._kind, text, self._logprobs)
        self._pieces, self._logprobs = [], []
        return text

    def _close_item(self, status: str) -> Iterator[Event]:
        if self._item is None:
            return
        item, self._item = self._item, None
        item["status"] = status
        yield self._event("response.output_item.done", {"output_index": self._index(item), "item": item})

    def _call(self, delta: dict[str, Any]) -> Iterator[Event]:
        function = delta.get("function") or {}
        call = self._calls.get(delta.get("index", 0))
        if call is None:
            yield from self._close_part()
            yield from self._close_item("completed")
            item = {
                "id": self._new_id("fc"),
                "type": "function_call",
                "status": "in_progress",
                "arguments": "",
                "call_id": delta.get("id") or new_id("call"),
                "name": function.get("name") or "",
            }
            self.response["output"].append(item)
            call = self._calls[delta.get("index", 0)] = _Call(item)
            yield self._event("response.output_item.added", {"output_index": self._index(item), "item": item})
        if arguments := function.get("arguments"):
            call.pieces.append(arguments)
            yield self._event(
                "response.function_call_arguments.delta",
                {
                    "item_id": call.item["id"],
                    "output_index": self._index(call.item),
                    "delta": arguments,
                },
            )

    def _close_calls(self) -> Iterator[Event]:
        for call in self._calls.values():
            item = call.item
            yield self._event(
                "response.function_call_arguments.done",
                {
                    "item_id": item["id"],
                    "name": item["name"],
                    "output_index": self._index(item),
                    "arguments": item["arguments"],
                },
            )
            yield self._event("response.output_item.done", {"output_index": self._index(item), "item": item})
        self._calls = {}

    def _close(self, status: str) -> Iterator[Event]:
        self._settle_calls(status)
        yield from self._close_part()
        yield from self._close_item(status)
        yield from self._close_calls()

    def _abandon(self) -> None:
        """Leave what is open as it stands, without events."""
        if self._item is not None:
            if self._kind:
                self._settle_part()
            self._item["status"] = "incomplete"
        self._settle_calls("incomplete")
        self._item, self._kind, self._calls = None, "", {}

    def _settle_calls(self, status: str) -> None:
        """Put the arguments of all calls where the response shows them. Only what came last can be cut."""
        for call in self._calls.values():
            call.item["arguments"] = "".join(call.pieces)
            last = call.item is self.response["output"][-1]
            call.item["status"] = status if last else "completed"

    def _place(self) -> Event:
        assert self._item is not None
        return {
            "item_id": self._item["id"],
            "output_index": self._index(self._item),
            "content_index": len(self._item["content"]) - 1,
        }

    def _index(self, item: Item) -> int:
        return next(index for index, other in enumerate(self.response["output"]) if other is item)

    def _snapshot(self, kind: str) -> Event:
        return self._event(kind, {"response": self.response})

    def _event(self, kind: str, fields: Event) -> Event:
        event = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return event


class _Call:
    """A call of a tool whose arguments are still coming."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.pieces: list[str] = []


def _part(kind: str, text: str, logprobs: list[dict[str, Any]]) -> Item:
    _, key, part_type, _ = _PARTS[kind]
    part: Item = {"type": part_type, key: text}
    if kind == "text":
        part |= {"annotations": [], "logprobs": logprobs}
    return part


def chunk_of(completion: dict[str, Any]) -> dict[str, Any]:
    """A whole chat completion as one chunk, so that plain and streamed answers take the same way."""
    choices = [
        {
            "index": choice.get("index", 0),
            "delta": _with_indices(choice.get("message") or {}),
            "logprobs": choice.get("logprobs"),
            "finish_reason": choice.get("finish_reason"),
        }
        for choice in completion.get("choices") or ()
    ]
    return {"model": completion.get("model"), "choices": choices, "usage": completion.get("usage")}


def _with_indices(message: dict[str, Any]) -> dict[str, Any]:
    calls = [{**call, "index": index} for index, call in enumerate(message.get("tool_calls") or ())]
    return {**message, "tool_calls": calls}
