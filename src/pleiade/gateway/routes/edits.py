"""`POST /edits` of January 2023: an instruction applied to a text, executed by asking a chat model."""

import time
from typing import TYPE_CHECKING, Annotated

import msgspec

from pleiade.gateway.body import read_json
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.pipeline import call_model
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_SYSTEM = (
    "You edit text. Apply the instruction to the text and answer with the edited text only: "
    "no introduction, no quotation marks, no comment."
)


class EditRequest(msgspec.Struct):
    """The request of spec 2023-01; other keys are ignored, as they were then."""

    instruction: str
    model: str = ""
    input: str | None = ""
    n: Annotated[int, msgspec.Meta(ge=1, le=20)] | None = 1
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = 1.0
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = 1.0


def edit_routes(gateway: "Gateway") -> list[Route]:
    """`/edits`, and `/engines/{engine}/edits` as the old client posted it."""

    async def edit(call: Call) -> None:
        """January 2023: an instruction applied to a text. Raises ApiError."""
        await read_json(call, gateway.settings.max_body_mb)
        try:
            request = msgspec.json.decode(call.raw, type=EditRequest)
        except msgspec.ValidationError as error:
            raise bad_request(f"Invalid request: {error}.") from error
        model = call.params.get("engine") or call.params.get("deployment") or request.model
        text = request.input or ""
        asked = f"Instruction: {request.instruction}\n\nText:\n{text}"
        answer = await call_model(
            call,
            gateway,
            "/chat/completions",
            {
                "model": model,
                "messages": [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}],
                "n": request.n or 1,
                "temperature": 1.0 if request.temperature is None else request.temperature,
                "top_p": 1.0 if request.top_p is None else request.top_p,
            },
        )
        choices = [
            {"text": choice["message"].get("content") or "", "index": index}
            for index, choice in enumerate(answer.get("choices", []))
        ]
        edited = {
            "object": "edit",
            "created": int(time.time()),
            "choices": choices,
            "usage": answer.get("usage"),
        }
        call.status = 200
        await call.answer.whole(200, msgspec.json.encode(edited))

    return [
        Route(method="POST", path="/edits", handler=edit, deployment=True),
        Route(method="POST", path="/engines/{engine}/edits", handler=edit),
    ]
