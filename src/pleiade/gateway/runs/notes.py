"""What a call leaves for its run beside what it knows anyway."""

from typing import TYPE_CHECKING, Any

from pleiade.runs import Part
from pleiade.safety.judging import Judgement, worst

if TYPE_CHECKING:
    from pleiade.gateway.call import Call


class Notes:
    """Filled on the way of a call, also by the calls that it makes on its way."""

    __slots__ = ("_judged", "asked_at", "chat", "parts", "private", "response")

    def __init__(self, response: str = "", chat: str = "", *, private: bool = False) -> None:
        self.response = response  # id of the stored response that is made
        self.chat = chat  # id of the chat that it belongs to
        self.private = private  # what is said in it is not kept, whatever the settings are
        self.asked_at = 0.0  # perf_counter when the first engine was asked
        self.parts: list[Part] = []
        self._judged: dict[str, Judgement] = {}  # by what was looked at

    def judged(self, source: str, judgement: Judgement) -> None:
        """What the filter found in a `source`, "prompt" or "completion", or in a piece of it."""
        before = self._judged.get(source)
        self._judged[source] = judgement if before is None else worst(before, judgement)

    def content_filters(self) -> list[dict[str, Any]]:
        """What it found in all of them, as Azure's responses tell it; empty where nothing was looked at."""
        return [
            {"blocked": judgement.blocked, "source_type": source, **judgement.annotation}
            for source, judgement in self._judged.items()
        ]


def note_filters(call: "Call", response: dict[str, Any]) -> None:
    """Tell in a response what the deployment's filter found, where it has one: `content_filters`, as Azure does."""
    found = call.notes.content_filters() if call.notes is not None else []
    if found:
        response["content_filters"] = found


def root_of(call: "Call") -> "Call":
    """The call on whose way it is made; itself where it came by itself."""
    while call.parent is not None:
        call = call.parent
    return call


def notes_of(call: "Call") -> Notes | None:
    """Where a call and those that it makes on its way leave what they know; None where nobody asks for it."""
    return root_of(call).notes


def notes_for(call: "Call", response: str) -> Notes:
    """Notes of a call that makes `response`, for the same chat as `call` if that is for one."""
    before = call.notes
    return Notes(response, before.chat if before is not None else "", private=before is not None and before.private)
