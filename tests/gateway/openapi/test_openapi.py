"""GET /openapi.json tells every route that is mounted, and nothing that is not."""

from pathlib import Path
from typing import Any

import pytest

from pleiade.gateway.openapi.document import document_of, place_of
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings


@pytest.fixture
async def served(serve: Any, tmp_path: Path) -> Any:
    """A gateway with every room."""
    return await serve(rooms=production_rooms(Settings(home=str(tmp_path))), home=str(tmp_path))


async def test_every_mounted_route_is_in_the_document_and_no_other(served: Any) -> None:
    answer = await served.get("/openapi.json", headers={})
    assert answer.status == 200
    document = await answer.json()
    told = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item if method != "servers"
    }
    assert told == {(place_of(route)[1], route.method) for route in served.gateway.routes}
    assert len(told) == len(served.gateway.routes), "two routes share one place"


async def test_the_document_is_whole(served: Any) -> None:
    document = document_of(served.gateway.routes)
    schemas = document["components"]["schemas"]
    operations = [
        operation for item in document["paths"].values() for name, operation in item.items() if name != "servers"
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert [one["summary"] for one in operations if one["summary"].split(" ")[0] in ("GET", "POST", "DELETE")] == []
    assert all(reference in schemas for reference in references(document))
    for item, path in ((item, path) for path, item in document["paths"].items()):
        for name, operation in item.items():
            if name != "servers":
                placed = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
                assert all(f"{{{one}}}" in path for one in placed)
                assert path.count("{") == len(placed), path


def references(value: Any) -> list[str]:
    """The names of all schemas that `value` refers to."""
    if isinstance(value, dict):
        own = [value["$ref"].rpartition("/")[2]] if "$ref" in value else []
        return own + [name for item in value.values() for name in references(item)]
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    return []


async def test_public_routes_need_no_key_and_others_do(served: Any) -> None:
    paths = document_of(served.gateway.routes)["paths"]
    assert paths["/chats/shared/{share_id}"]["get"]["security"] == []
    assert "security" not in paths["/chats"]["get"]
    for route in served.gateway.routes:
        if route.method == "GET" and not route.public and "{" not in route.path and route.path:
            answer = await served.get(f"{'' if route.root else '/v1'}{route.path}", headers={})
            assert answer.status in (401, 404), route.path  # 404: mounted under Azure's prefix only


async def test_types_of_chats_are_told(served: Any) -> None:
    document = document_of(served.gateway.routes)
    schemas = document["components"]["schemas"]
    assert {"role", "content", "status", "response_id"} <= schemas["Message"]["properties"].keys()
    asked = document["paths"]["/chats/{chat_id}/answers"]["post"]["requestBody"]
    assert asked["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewAnswer"}
    assert schemas["NewAnswer"]["properties"]["temperature"]["anyOf"][0]["maximum"] == 2
