"""Events of a picture route → events of the Responses API, without I/O: what `Translator` is for words."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from pleiade.gateway.responses.identifiers import new_id
from pleiade.gateway.responses.picture_tool import CALL
from pleiade.gateway.responses.resource import Response, response_error, response_usage

Event = dict[str, Any]
Item = dict[str, Any]

# What the picture routes tell of a picture beside its bytes.
_TOLD = ("background", "output_format", "quality", "size")
# Ours: how to make it again, and what became of it in the gallery.
_OURS = {"seed": "seed", "id": "picture", "store_error": "store_error"}


class Painter:
    """One response in the making that is a picture; used as `Translator` is."""

    def __init__(self, response: Response, prompt: str, new_id: Callable[[str], str] = new_id) -> None:
        self.response = response
        self._prompt = prompt
        self._new_id = new_id
        self._sequence = 0
        self._item: Item | None = None

    def start(self) -> Iterator[Event]:
        """The events that open the stream."""
        yield self._snapshot("response.created")
        if self.response["status"] == "queued":
            yield self._snapshot("response.queued")
            self.response["status"] = "in_progress"
        yield self._snapshot("response.in_progress")

    def feed(self, told: dict[str, Any]) -> Iterator[Event]:
        """The events that one event of the picture route means."""
        kind = str(told.get("type"))
        if not kind.endswith((".partial_image", ".completed")):
            return
        item = self._item
        if item is None:
            item = yield from self._open()
        if kind.endswith(".partial_image"):
            about = {name: told[name] for name in _TOLD if name in told}
            about |= {
                "partial_image_b64": told.get("b64_json"),
                "partial_image_index": told.get("partial_image_index", 0),
            }
            yield self._of(item, "response.image_generation_call.partial_image", about)
            return
        item |= {name: told[name] for name in _TOLD if name in told}
        item |= {ours: told[name] for name, ours in _OURS.items() if name in told}
        item["revised_prompt"] = told.get("revised_prompt") or None
        item["result"] = told.get("b64_json")
        item["status"] = "completed"
        usage = told.get("usage") or {}
        self.response["usage"] = response_usage(
            {"prompt_tokens": usage.get("input_tokens"), "completion_tokens": usage.get("output_tokens")}
        )
        yield self._of(item, "response.image_generation_call.completed", {})
        yield self._event("response.output_item.done", {"output_index": 0, "item": item})

    def finish(self, now: int) -> Iterator[Event]:
        """The response is complete where its picture is. `now` is Unix seconds."""
        if self._item is None or self._item["status"] != "completed":
            yield from self.fail(None, "The engine ended its stream before the picture was complete.")
            return
        self.response |= {"status": "completed", "completed_at": now}
        yield self._snapshot("response.completed")

    def fail(self, code: str | None, message: str) -> Iterator[Event]:
        """End the response as failed."""
        self._abandon("failed")
        self.response |= {"status": "failed", "error": response_error(code, message)}
        yield self._snapshot("response.failed")

    def cancel(self) -> None:
        """End the response as cancelled; OpenAI has no event for it."""
        self._abandon("incomplete")
        self.response["status"] = "cancelled"

    def _open(self) -> Generator[Event, None, Item]:
        """The picture's item; the events that tell of it."""
        item: Item = {
            "id": self._new_id("ig"),
            "type": CALL,
            "status": "in_progress",
            "prompt": self._prompt,
            "result": None,
        }
        self._item = item
        self.response["output"].append(item)
        yield self._event("response.output_item.added", {"output_index": 0, "item": item})
        yield self._of(item, "response.image_generation_call.in_progress", {})
        item["status"] = "generating"
        yield self._of(item, "response.image_generation_call.generating", {})
        return item

    def _abandon(self, status: str) -> None:
        if self._item is not None and self._item["status"] != "completed":
            self._item["status"] = status

    def _of(self, item: Item, kind: str, fields: Event) -> Event:
        return self._event(kind, {"item_id": item["id"], "output_index": 0, **fields})

    def _snapshot(self, kind: str) -> Event:
        return self._event(kind, {"response": self.response})

    def _event(self, kind: str, fields: Event) -> Event:
        event = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return event
