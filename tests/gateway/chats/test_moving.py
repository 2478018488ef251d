"""Chats that come from other programs, and all of them taken along: trees stay trees, and nothing comes twice."""

import io
import json
import zipfile
from typing import Any

import pytest
import sqlalchemy as sa


def node(key: str, parent: str | None, role: str, text: str, moment: float, **metadata: Any) -> dict[str, Any]:
    message = {
        "id": key,
        "author": {"role": role},
        "create_time": moment,
        "content": {"content_type": "text", "parts": [text]},
        "metadata": metadata,
        "recipient": "all",
    }
    return {"id": key, "message": message if text or role == "system" else None, "parent": parent, "children": []}


CHATGPT = [
    {
        "title": "Sea and sky",
        "create_time": 1700000000.5,
        "update_time": 1700000500.0,
        "conversation_id": "0a1b-conversation",
        "current_node": "a2",
        "is_archived": False,
        "mapping": {
            "a2": node(
                "a2", "tool", "assistant", "Because of scattering, says the page.", 1700000300, model_slug="gpt-4o"
            ),
            "root": node("root", None, "system", "", 0),
            "hidden": node("hidden", "root", "user", "My profile", 1, is_visually_hidden_from_conversation=True),
            "q1": node("q1", "hidden", "user", "Why is the sky blue?", 1700000100),
            "a1": node("a1", "q1", "assistant", "Because.", 1700000200, model_slug="gpt-4"),
            "call": node("call", "q1", "assistant", "", 1700000210),
            "tool": node("tool", "call", "tool", "search results", 1700000220),
            "lost": node("lost", "lost2", "user", "in a circle", 1),
            "lost2": node("lost2", "lost", "assistant", "in a circle", 1),
        },
    },
    {"title": "Nothing in it", "mapping": {"root": node("root", None, "system", "", 0)}},
    {"title": "Not a chat"},
]

OPEN_WEBUI = [
    {
        "id": "5c6d",
        "title": "Recette",
        "created_at": 1710000000,
        "updated_at": 1710000009,
        "archived": False,
        "pinned": True,
        "chat": {
            "title": "Recette",
            "models": ["llama3"],
            "history": {
                "currentId": "m3",
                "messages": {
                    "m1": {
                        "id": "m1",
                        "parentId": None,
                        "role": "user",
                        "content": "Une crêpe ?",
                        "timestamp": 1710000001,
                    },
                    "m2": {
                        "id": "m2",
                        "parentId": "m1",
                        "role": "assistant",
                        "content": "Oui.",
                        "timestamp": 1710000002,
                    },
                    "m3": {
                        "id": "m3",
                        "parentId": "m1",
                        "role": "assistant",
                        "content": "Non.",
                        "timestamp": 1710000003,
                        "model": "llama3",
                    },
                },
            },
            "timestamp": 1710000000000,
        },
    },
    {
        "id": "old",
        "chat": {
            "title": "Old",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        },
    },
]


async def take_in(caller: Any, data: bytes, *, status: int = 200) -> Any:
    import aiohttp

    form = aiohttp.FormData()
    form.add_field("file", data, filename="export.bin")
    async with caller.served.client.post(
        f"{caller.served.url}/v1/chats/import", data=form, headers=caller.headers
    ) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


def zipped(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chat.html", "<html>")
        archive.writestr(name, data)
    return made.getvalue()


async def test_chatgpts_zip_comes_in_with_its_branches_and_only_once(caller: Any) -> None:
    data = zipped("conversations.json", json.dumps(CHATGPT).encode())
    report = await take_in(caller, data)
    assert report["imported"] == 1
    assert [one["title"] for one in report["skipped"]] == ["Nothing in it", "Not a chat"]
    [chat] = (await caller.get("/chats"))["data"]
    assert (chat["title"], chat["created"], chat["updated"]) == ("Sea and sky", 1700000000, 1700000500)
    thread = await caller.get(f"/chats/{chat['id']}")
    question, first, second = thread["messages"]
    assert [message["content"][:8] for message in thread["messages"]] == ["Why is t", "Because.", "Because "]
    assert question["parent"] is None
    assert first["parent"] == second["parent"] == question["id"]
    assert (thread["current"], second["deployment"]) == (second["id"], "gpt-4o")
    again = await take_in(caller, data)
    assert again["imported"] == 0
    assert {"title": "Sea and sky", "reason": "it is here already."} in again["skipped"]
    assert [hit["message"] for hit in (await caller.get("/chats/search?q=scattering"))["data"]] == [second["id"]]
    await caller.answered(chat["id"], "And the sea?")  # and it goes on
    assert [message["content"] for message in caller.sent["messages"]] == [
        "Why is the sky blue?",
        "Because of scattering, says the page.",
        "And the sea?",
    ]


async def test_open_webuis_list_comes_in_as_json_too(caller: Any) -> None:
    report = await caller.post("/chats/import", OPEN_WEBUI)
    assert report == {"imported": 2, "skipped": []}
    chats = (await caller.get("/chats"))["data"]
    recipe = next(chat for chat in chats if chat["title"] == "Recette")
    assert recipe["pinned"]
    thread = await caller.get(f"/chats/{recipe['id']}")
    assert thread["messages"][1]["parent"] == thread["messages"][2]["parent"] == thread["messages"][0]["id"]
    assert thread["current"] == thread["messages"][2]["id"]
    old = next(chat for chat in chats if chat["title"] == "Old")
    assert [one["content"] for one in (await caller.get(f"/chats/{old['id']}"))["messages"]] == ["Hi", "Ho"]


async def test_everything_goes_out_as_json_and_comes_back_the_same(caller: Any) -> None:
    folder = await caller.post("/chats/folders", {"name": "Sea"})
    chat = (await caller.post("/chats", {"folder": folder["id"], "title": "Tides"}))["id"]
    root = await caller.answered(chat, "Why tides? 🌊")
    await caller.answered(chat, parent=root["parent"])
    await caller.question(chat, "Edited", parent=None)
    await caller.post("/chats", {"temporary": True, "title": "Unseen"})
    told = await caller.get("/chats/export")
    assert [one["title"] for one in told["chats"]] == ["Tides"]
    same = await take_in(caller, json.dumps(told).encode())
    assert same["imported"] == 0
    other = caller.other()
    assert (await take_in(other, json.dumps(told).encode()))["imported"] == 1
    [copy] = (await other.get("/chats"))["data"]
    thread, original = await other.get(f"/chats/{copy['id']}"), told["chats"][0]
    assert [one["content"] for one in thread["messages"]] == [one["content"] for one in original["messages"]]
    assert [one["parent"] is None for one in thread["messages"]] == [True, False, False, True]
    assert thread["messages"][1]["parent"] == thread["messages"][2]["parent"] == thread["messages"][0]["id"]
    assert (await other.get(f"/chats/folders/{copy['folder']}"))["name"] == "Sea"


async def test_everything_goes_out_as_pages_with_the_files_beside_them(on_sqlite: Any) -> None:
    made = await on_sqlite.attach("notes.md", b"# Notes")
    chat = (await on_sqlite.post("/chats", {"title": "../../Tides: and\nmore"}))["id"]
    await on_sqlite.question(chat, "What is this?", attachments=[made["id"]])
    await on_sqlite.answered(chat)
    await on_sqlite.question(chat, "Another beginning", parent=None)
    async with on_sqlite.served.client.get(
        f"{on_sqlite.served.url}/v1/chats/export?format=markdown", headers=on_sqlite.headers
    ) as answer:
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    page, file = archive.namelist()
    assert ".." not in page.replace("..-", "")
    assert "/" not in page
    assert "Tides- and more" in page
    text = archive.read(page).decode()
    assert text.index("Another beginning") < text.index("# Other versions") < text.index("Hello there.")
    assert archive.read(file) == b"# Notes"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not json", "neither JSON nor a zip"),
        (b'{"a": 1}', "no chats in this JSON"),
        (zipped("photo.png", b"x"), "no conversations.json"),
        (zipped("conversations.json", b"x")[:60], "cannot be opened"),
    ],
    ids=["not JSON", "another JSON", "another zip", "half a zip"],
)
async def test_what_is_no_export_is_refused_with_what_to_do(on_sqlite: Any, data: bytes, said: str) -> None:
    refused = await take_in(on_sqlite, data, status=400)
    assert said in refused["error"]["message"]


async def test_odd_exports_break_nothing(on_sqlite: Any, sqlite_db: sa.Engine) -> None:
    odd: list[Any] = [
        None,
        {"mapping": None},
        {"mapping": {"a": None, "b": {"message": {"author": None}}}},
        {"mapping": {"a": node("a", "a", "user", "myself", float(10**30))}},
        {"chat": {"history": {"messages": {"x": {"role": 5}, "y": 7}}}},
        {"object": "chat", "messages": [{"id": 1}, {"id": "a", "role": "user", "content": "a\0b", "parent": 4}]},
        {"title": ["x"], "chat": {"messages": [{"role": "user", "content": {"x": 1}}]}},
    ]
    report = await on_sqlite.post("/chats/import", odd)
    assert report["imported"] + len(report["skipped"]) == len(odd)
    for chat in (await on_sqlite.get("/chats"))["data"]:
        await on_sqlite.get(f"/chats/{chat['id']}")
