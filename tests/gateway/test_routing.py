"""Unknown paths, wrong methods and versions, as each dialect says it."""

from scripted_gateway import AZURE, AZURE_V1, CHAT, OPENAI, Served, azure_error, openai_error


async def test_an_unknown_path_is_404_in_the_dialect_of_its_prefix(served: Served) -> None:
    answer = await served.get("/v1/nothing")
    assert answer.status == 404
    assert await openai_error(answer) == {
        "message": "Invalid URL (GET /v1/nothing)",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    for path in (
        "/openai/nothing?api-version=2024-10-21",
        "/openai/deployments/chat/models",
        "/openai/v1/nothing",
    ):
        answer = await served.get(path)
        assert answer.status == 404
        assert await answer.json() == {"error": {"code": "404", "message": "Resource not found"}}
    assert (await served.get("/")).status == 404


async def test_a_wrong_method_is_405_and_names_the_right_ones(served: Served) -> None:
    answer = await served.get(OPENAI)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert (await openai_error(answer))["code"] == "method_not_supported"
    answer = await served.get(AZURE)
    assert answer.status == 405
    await azure_error(answer)


async def test_dated_azure_routes_demand_a_version_that_exists(served: Served) -> None:
    bare = "/openai/deployments/chat/chat/completions"
    missing = await served.post(bare, CHAT)
    assert missing.status == 400
    assert (await azure_error(missing))["code"] == "MissingApiVersionParameter"
    for version in ("2021-01-01", "latest", "v1", "nonsense", "%00"):
        unknown = await served.post(f"{bare}?api-version={version}", CHAT)
        assert unknown.status == 404
        assert await unknown.json() == {"error": {"code": "404", "message": "Resource not found"}}
    for version in ("2022-12-01", "2023-06-01-preview", "2024-10-21"):
        assert (await served.post(f"{bare}?x=1&api-version={version}", CHAT)).status == 200
    assert (await served.post(AZURE_V1, CHAT)).status == 200  # optional there
    assert (await served.post(AZURE_V1 + "?api-version=latest", CHAT)).status == 200
