"""What a call leaves for its run beside what it knows anyway."""

from typing import TYPE_CHECKING

from pleiade.runs import Part

if TYPE_CHECKING:
    from pleiade.gateway.call import Call


class Notes:
    """Filled on the way of a call, also by the calls that it makes on its way."""

    __slots__ = ("asked_at", "chat", "parts", "private", "response")

    def __init__(self, response: str = "", chat: str = "", *, private: bool = False) -> None:
        self.response = response  # id of the stored response that is made
        self.chat = chat  # id of the chat that it belongs to
        self.private = private  # what is said in it is not kept, whatever the settings are
        self.asked_at = 0.0  # perf_counter when the first engine was asked
        self.parts: list[Part] = []


def notes_for(call: "Call", response: str) -> Notes:
    """Notes of a call that makes `response`, for the same chat as `call` if that is for one."""
    before = call.notes
    return Notes(response, before.chat if before is not None else "", private=before is not None and before.private)
