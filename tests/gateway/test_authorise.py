"""Whether the caller may: tenants named in headers, scopes and roles, as OpenAI refuses them."""

import pytest
from scripted_gateway import AZURE, CHAT, OPENAI, SECRET, Served, azure_error, key_for, openai_error

from pleiade.domain import Role


async def with_key(served: Served, **fields: object) -> None:
    served.keys.keys[SECRET] = key_for(SECRET, **fields)
    await served.gateway.keys.refresh()


async def test_the_answer_names_the_organisation_of_its_key(served: Served) -> None:
    await with_key(served, organisation="org-a", project="proj_a")
    assert (await served.post(OPENAI, CHAT)).headers["openai-organization"] == "org-a"


@pytest.mark.parametrize(
    ("header", "own", "code"),
    [
        ("OpenAI-Organization", "org-a", "mismatched_organization"),
        ("OpenAI-Project", "proj_a", "mismatched_project"),
    ],
)
async def test_a_request_that_names_another_tenant_is_401_as_openai_says_it(
    served: Served, header: str, own: str, code: str
) -> None:
    await with_key(served, organisation="org-a", project="proj_a")
    for said, status in ((own, 200), ("", 200), ("org-b", 401), ("org-\u00e9".encode().decode("latin-1"), 401)):
        answer = await served.post(OPENAI, CHAT, headers=served.headers | {header: said})
        assert answer.status == status, said
        if status == 401:
            error = await openai_error(answer)
            assert (error["code"], error["type"]) == (code, "invalid_request_error")
            assert error["message"].startswith(f"{header} header should match")
    # Azure has no such headers: a client that sends one all the same is served.
    assert (await served.post(AZURE, CHAT, headers=served.headers | {header: "org-b"})).status == 200


@pytest.mark.parametrize(
    ("scopes", "chat", "models"),
    [
        (("all",), 200, 200),
        (("model.request",), 200, 401),
        (("api.model.chat.request", "model.read"), 200, 200),
        (("api.model.embeddings.request",), 401, 401),
        (("read-only",), 401, 200),
    ],
)
async def test_a_key_opens_what_its_scopes_name(
    served: Served, scopes: tuple[str, ...], chat: int, models: int
) -> None:
    await with_key(served, scopes=scopes)
    assert (await served.post(OPENAI, CHAT)).status == chat
    assert (await served.get("/v1/models")).status == models
    if chat == 401:
        error = await openai_error(await served.post(OPENAI, CHAT))
        assert "Missing scopes: api.model.chat.request." in error["message"]
        assert error["code"] is None
        assert (await azure_error(await served.post(AZURE, CHAT)))["code"] == "PermissionDenied"
        assert served.engine.seen == []


async def test_a_viewer_lists_models_and_calls_none(served: Served) -> None:
    await with_key(served, role=Role.VIEWER)
    assert (await served.get("/v1/models")).status == 200
    assert (await served.post(OPENAI, CHAT)).status == 401


async def test_the_last_use_of_a_key_is_told_once_and_again_after_a_failure(served: Served) -> None:
    await served.post(OPENAI, CHAT)
    ring = served.gateway.keys
    note_use = served.keys.note_use
    served.keys.note_use = lambda uses: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        await ring.note_uses()
    served.keys.note_use = note_use  # type: ignore[method-assign]
    await ring.note_uses()
    key = served.keys.keys[SECRET].id
    assert served.keys.used[key] > 1_700_000_000
    served.keys.used.clear()
    await ring.note_uses()
    assert served.keys.used == {}
