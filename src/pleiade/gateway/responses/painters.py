"""Who makes the pictures of responses, and where their bytes are found again."""

import base64
from typing import TYPE_CHECKING

from pleiade.domain import ModelKind
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.responses.picture_tool import Easel
from pleiade.gateway.responses.resource import Response

if TYPE_CHECKING:
    from pleiade.gateway.directory import Directory

_NONE = (
    "No deployment makes pictures yet. Whoever runs this server adds one with: pleiade model add MODEL --name pictures "
    "&& pleiade deploy pictures --model pictures"
)


def painters_of(directory: "Directory") -> list[str]:
    """The deployments that make pictures."""
    return [one.deployment for one in directory.endpoints if one.kind == ModelKind.IMAGE]


def painter_for(directory: "Directory", name: str) -> str:
    """The deployment that draws for a request to `name`: itself, or the only one. Raises ApiError 400."""
    target = directory.find(name)
    if target is not None and target.endpoint.kind == ModelKind.IMAGE:
        return name
    painters = painters_of(directory)
    if len(painters) == 1:
        return painters[0]
    if not painters:
        raise bad_request(_NONE, param="tools", code="no_painter")
    raise bad_request(
        f"Say in the tool's 'model' which deployment shall draw: {', '.join(painters)}.",
        param="tools",
        code="missing_required_parameter",
    )


async def with_pictures(easel: Easel | None, call: Call, response: Response) -> Response:
    """The response with the bytes of its pictures, which the gallery keeps; null where they are gone."""
    output = []
    for item in response["output"]:
        if easel is not None and item.get("picture"):
            output.append({**item, "result": _base64(await easel.bytes_of(call, item["picture"]))})
        else:
            output.append(item)
    return {**response, "output": output}


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
