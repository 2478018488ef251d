"""Chats as their owner drives them: trees of questions and answers, which stand in the database whatever happens."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_engine import Exchange, chunk
from scripted_gateway import SECRET, key_for

from pleiade.domain import Role
from pleiade.gateway.chats.answers import Answers
from pleiade.gateway.keys import DatabaseKeys, FixedKeys
from pleiade.gateway.responses.background import STALE_S
from pleiade.products.chat import chats, messages
from pleiade.products.chat.importing.imported import ImportedChat, Piece
from pleiade.products.chat.importing.keeping import keep
from pleiade.products.records.rows import Owner
from pleiade.store import unit_of_work
from pleiade.store.chats import chats as chats_table
from pleiade.store.objects import response_events, responses


async def test_a_question_is_answered_and_both_stand_in_the_chat(caller: Any) -> None:
    chat = await caller.post("/chats")
    assert (chat["object"], chat["title"], chat["current"], chat["shared"]) == ("chat", "", None, None)
    question = await caller.question(chat["id"], "Why is the sky blue?\nReally.")
    assert (question["role"], question["parent"], question["status"]) == ("user", None, "completed")
    answer = await caller.answered(chat["id"])
    assert (answer["content"], answer["parent"], answer["deployment"]) == ("Hello there.", question["id"], "chat")
    assert answer["usage"]["output_tokens"] == 3
    assert answer["timings"]["total_ms"] >= answer["timings"]["first_token_ms"] >= 0
    thread = await caller.get(f"/chats/{chat['id']}")
    assert (thread["title"], thread["current"]) == ("Why is the sky blue?", answer["id"])
    assert [message["id"] for message in thread["messages"]] == [question["id"], answer["id"]]
    assert caller.sent["messages"] == [{"role": "user", "content": "Why is the sky blue?\nReally."}]


async def test_an_answer_that_ends_while_its_chat_is_read_is_told_as_ended(
    on_sqlite: Any, patient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_sqlite.served.engine.script = patient
    reading, refresh = asyncio.Event(), Answers.refresh

    async def once_it_is_written(self: Answers, call: Any, chat: str, seen: Any = ()) -> bool:
        if seen:
            reading.set()
            await asyncio.gather(*self._attending.values())
        return await refresh(self, call, chat, seen)

    monkeypatch.setattr(Answers, "refresh", once_it_is_written)
    chat = (await on_sqlite.post("/chats"))["id"]
    await on_sqlite.question(chat, "One?")
    await on_sqlite.post(f"/chats/{chat}/answers")
    read = asyncio.create_task(on_sqlite.get(f"/chats/{chat}"))
    await asyncio.wait_for(reading.wait(), 20)
    patient.go_on.set()
    answer = (await read)["messages"][-1]
    assert (answer["status"], answer["content"]) == ("completed", "One two")
    assert answer["timings"]["total_ms"] is not None


async def test_what_was_said_before_goes_along_and_view_code_tells_how(caller: Any) -> None:
    chat = await caller.post("/chats", {"instructions": "Be brief."})
    first = await caller.answered(chat["id"], "One?")
    second = await caller.answered(chat["id"], "Two?", temperature=0.3, max_output_tokens=9)
    assert [message["content"] for message in caller.sent["messages"]] == ["Be brief.", "One?", "Hello there.", "Two?"]
    assert (caller.sent["temperature"], caller.sent["max_completion_tokens"]) == (0.3, 9)
    request = await caller.get(f"/chats/{chat['id']}/messages/{second['id']}/request")
    assert request["previous_response_id"] == first["response_id"]
    assert request["input"] == [{"role": "user", "content": "Two?"}]
    again = await caller.post("/responses", request | {"background": False, "stream": False})
    assert again["output"][0]["content"][0]["text"] == "Hello there."


async def test_an_edited_question_and_a_second_answer_are_branches(caller: Any) -> None:
    chat = (await caller.post("/chats"))["id"]
    first = await caller.question(chat, "One?")
    left, right = await caller.answered(chat), await caller.answered(chat, parent=first["id"])
    assert left["parent"] == right["parent"] == first["id"]
    edited = await caller.question(chat, "Uno?", parent=None)
    below = await caller.answered(chat)
    assert [message["content"] for message in caller.sent["messages"]] == ["Uno?"]
    thread = await caller.get(f"/chats/{chat}")
    assert (thread["current"], edited["parent"]) == (below["id"], None)
    shown = await caller.post(f"/chats/{chat}", {"current": left["id"]})
    assert shown["current"] == left["id"]
    await caller.answered(chat, "And then?")
    assert [message["content"] for message in caller.sent["messages"]] == ["One?", "Hello there.", "And then?"]


async def test_deleting_a_message_takes_what_hangs_below_and_its_responses(caller: Any) -> None:
    chat = (await caller.post("/chats"))["id"]
    kept = await caller.answered(chat, "One?")
    lost = await caller.question(chat, "Two?")
    below = await caller.answered(chat)
    await caller.delete(f"/chats/{chat}/messages/{lost['id']}")
    thread = await caller.get(f"/chats/{chat}")
    assert (len(thread["messages"]), thread["current"]) == (2, kept["id"])
    await caller.get(f"/responses/{below['response_id']}", status=404)
    await caller.get(f"/responses/{kept['response_id']}")


async def test_deleting_a_chat_deletes(caller: Any, db: sa.Engine) -> None:
    chat = (await caller.post("/chats"))["id"]
    answer = await caller.answered(chat, "zebra?")
    assert (await caller.delete(f"/chats/{chat}"))["deleted"]
    await caller.get(f"/chats/{chat}", status=404)
    await caller.get(f"/responses/{answer['response_id']}", status=404)
    with db.connect() as connection:
        for table in ("chats", "chat_messages", "chat_search", "responses", "response_events"):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0, table


async def test_a_running_answer_goes_on_without_its_reader_and_is_followed_from_anywhere(
    on_sqlite: Any, start_on: Any, patient: Any, sqlite_db: sa.Engine
) -> None:
    other = await start_on(sqlite_db.url.render_as_string())
    on_sqlite.served.engine.script = patient
    chat = (await on_sqlite.post("/chats"))["id"]
    await on_sqlite.question(chat, "Count.")
    begun = await on_sqlite.post(f"/chats/{chat}/answers")
    assert (begun["status"], begun["content"]) == ("in_progress", "")
    events = asyncio.create_task(other.get(f"/responses/{begun['response_id']}?stream=true"))
    await asyncio.sleep(0.05)
    patient.go_on.set()
    assert "response.completed" in await events
    ended = await other.ended(chat, begun["id"])
    assert (ended["content"], ended["status"]) == ("One two", "completed")


async def test_a_stopped_answer_keeps_what_was_said(caller: Any, patient: Any) -> None:
    caller.served.engine.script = patient
    chat = (await caller.post("/chats"))["id"]
    await caller.question(chat, "Count.")
    begun = await caller.post(f"/chats/{chat}/answers")
    await caller.post(f"/chats/{chat}/messages", {"content": "Too early"}, status=400)
    await caller.post(f"/responses/{begun['response_id']}/cancel")
    ended = await caller.ended(chat, begun["id"])
    assert (ended["content"], ended["status"]) == ("One", "cancelled")
    await caller.question(chat, "Go on")  # a stopped answer can be gone on from
    patient.go_on.set()
    await caller.answered(chat)
    assert [message["content"] for message in caller.sent["messages"]] == ["Count.", "One", "Go on"]


async def test_a_refused_answer_is_told_and_leaves_nothing_behind(caller: Any, db: sa.Engine) -> None:
    async def busy(exchange: Exchange) -> None:
        await exchange.whole(429, {"error": {"message": "Full.", "type": "requests", "code": "rate_limit_exceeded"}})

    chat = (await caller.post("/chats"))["id"]
    await caller.question(chat, "One?")
    caller.served.engine.script = busy
    refused = await caller.post(f"/chats/{chat}/answers", status=429)
    assert refused["error"]["message"] == "Full."
    lost = await caller.post(f"/chats/{chat}/answers", {"deployment": "nowhere"}, status=404)
    assert lost["error"]["code"] == "model_not_found"
    assert len((await caller.get(f"/chats/{chat}"))["messages"]) == 1
    with db.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(responses)) == 0


async def test_an_answer_that_breaks_is_told_as_failed_with_its_part(caller: Any) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("Half", tokens=1))
        await asyncio.sleep(0.3)
        exchange.hang_up()

    caller.served.engine.script = breaks
    chat = (await caller.post("/chats"))["id"]
    failed = await caller.answered(chat, "One?")
    assert (failed["status"], failed["content"]) == ("failed", "Half")
    assert failed["error"]["message"]


async def test_when_the_gateway_is_killed_in_mid_answer_the_thread_tells_the_truth(
    start_on: Any, start_killable: Any, patient: Any, engine: Any, sqlite_db: sa.Engine
) -> None:
    engine.script = patient
    url = sqlite_db.url.render_as_string()
    doomed = await start_killable(url)
    chat = (await doomed.post("/chats"))["id"]
    await doomed.question(chat, "Count.")
    begun = await doomed.post(f"/chats/{chat}/answers")
    kept = sa.select(sa.func.count()).select_from(response_events)
    async with asyncio.timeout(10):
        while not _scalar(sqlite_db, kept):  # noqa: ASYNC110 - what was said is written every half second
            await asyncio.sleep(0.05)
    doomed.process.kill()
    await doomed.process.wait()
    other = await start_on(url, keys=DatabaseKeys(url))
    other.headers = doomed.headers
    assert (await other.message(chat, begun["id"]))["status"] == "in_progress"
    with unit_of_work(sqlite_db) as connection:  # as if the time had passed
        connection.execute(sa.update(responses).values(alive=int(time.time() - STALE_S - 1)))
    found = await other.message(chat, begun["id"])
    assert (found["status"], found["content"]) == ("failed", "One")
    assert "stopped before it was complete" in found["error"]["message"]
    patient.go_on.set()
    await other.question(chat, "Go on.", parent=begun["id"])
    await other.answered(chat)
    assert [message["content"] for message in other.sent["messages"]] == ["Count.", "One", "Go on."]


def _scalar(db: sa.Engine, query: Any) -> Any:
    with db.connect() as connection:
        return connection.scalar(query)


async def test_a_page_of_chats_is_newest_first_and_never_reads_messages(caller: Any, db: sa.Engine) -> None:
    made = [(await caller.post("/chats", {"title": f"Chat {number}"}))["id"] for number in range(5)]
    await caller.question(made[1], "What is new?")
    seen: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    page = await caller.get("/chats?limit=3")
    assert [chat["id"] for chat in page["data"]] == [made[1], made[4], made[3]]
    assert (page["has_more"], page["last_id"]) == (True, made[3])
    rest = await caller.get(f"/chats?limit=3&after={page['last_id']}")
    assert [chat["id"] for chat in rest["data"]] == [made[2], made[0]]
    assert not [statement for statement in seen if "chat_messages" in statement]
    await caller.post(f"/chats/{made[0]}", {"archived": True, "pinned": True})
    assert made[0] not in [chat["id"] for chat in (await caller.get("/chats"))["data"]]
    assert [chat["id"] for chat in (await caller.get("/chats?archived=true&pinned=true"))["data"]] == [made[0]]
    wrong = await caller.get("/chats?after=chat_nowhere", status=400)
    assert wrong["error"]["param"] == "after"


async def test_a_chat_of_a_thousand_messages_is_three_queries(db: sa.Engine) -> None:
    owner = Owner("default", "someone")
    pieces = [
        Piece(
            key=str(number),
            parent=str(number - 1) if number else "",
            role="assistant" if number % 2 else "user",
            content=f"Word {number}. " * 20,
        )
        for number in range(1000)
    ]
    with unit_of_work(db) as connection:
        assert keep(connection, owner, ImportedChat(source="test:long", title="Long", pieces=pieces)) == ""
        [identifier] = chats.all_ids(connection, owner)
    seen: list[str] = []
    sa.event.listen(db, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with db.connect() as connection:
        found = chats.find(connection, owner, identifier)
        tree = messages.list_all(connection, found.id)
        assert len([statement for statement in seen if statement.startswith("SELECT")]) == 3
        turns = messages.branch(connection, identifier, found.current or "")
    assert len(tree) == len(turns) == 1000


async def test_chats_are_their_owners_alone(caller: Any) -> None:
    chat = (await caller.post("/chats", {"title": "Mine"}))["id"]
    answer = await caller.answered(chat, "zebra?")
    other = caller.other()
    assert (await other.get("/chats"))["data"] == []
    assert (await other.get("/chats/search?q=zebra"))["data"] == []
    await other.get(f"/chats/{chat}", status=404)
    await other.post(f"/chats/{chat}/messages", {"content": "hi"}, status=404)
    await other.post(f"/chats/{chat}/answers", status=404)
    await other.post(f"/chats/{chat}/share", status=404)
    await other.delete(f"/chats/{chat}/messages/{answer['id']}", status=404)
    await other.delete(f"/chats/{chat}", status=404)
    own = (await other.post("/chats"))["id"]
    await other.post(f"/chats/{own}", {"current": answer["id"]}, status=404)
    await other.post(f"/chats/{own}/messages", {"content": "x", "parent": answer["id"]}, status=404)


async def test_a_viewer_reads_and_does_not_write(start_on: Any, sqlite_db: sa.Engine) -> None:
    keys = FixedKeys({SECRET: key_for(SECRET, role=Role.VIEWER)})
    viewer = await start_on(sqlite_db.url.render_as_string(), keys=keys)
    assert (await viewer.get("/chats"))["data"] == []
    refused = await viewer.post("/chats", status=401)
    assert "api.chats.write" in refused["error"]["message"]


async def test_a_temporary_chat_is_in_no_list_and_no_search_and_goes(caller: Any, db: sa.Engine) -> None:
    chat = (await caller.post("/chats", {"temporary": True}))["id"]
    await caller.answered(chat, "zebra?")
    assert (await caller.get("/chats"))["data"] == []
    assert (await caller.get("/chats/search?q=zebra"))["data"] == []
    assert len((await caller.get(f"/chats/{chat}"))["messages"]) == 2
    with unit_of_work(db) as connection:
        day = (chats.TEMPORARY_S + 1) * 1_000_000
        connection.execute(sa.update(chats_table).values(created=chats_table.c.created - day))
    await caller.get(f"/chats/{chat}", status=404)
    with unit_of_work(db) as connection:
        assert len(chats.sweep(connection).responses) == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"content": 1}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"role": "system", "content": "x"}, "role"),
        ({"role": "assistant", "content": "x", "parent": None}, "parent"),
        ({"content": "x", "attachments": ["att"] * 30}, "attachments"),
    ],
)
async def test_wrong_messages_are_refused_by_the_name_of_what_is_wrong(
    on_sqlite: Any, body: dict[str, Any], param: str
) -> None:
    chat = (await on_sqlite.post("/chats"))["id"]
    refused = await on_sqlite.post(f"/chats/{chat}/messages", body, status=400)
    assert refused["error"]["param"] == param


async def test_two_tabs_on_one_chat_both_keep_what_they_wrote(caller: Any) -> None:
    chat = (await caller.post("/chats"))["id"]
    root = await caller.answered(chat, "One?")
    write = partial(caller.question, chat, parent=root["id"])
    await asyncio.gather(*(write(f"Tab {number}") for number in range(6)))
    thread = await caller.get(f"/chats/{chat}")
    assert {message["content"] for message in thread["messages"][2:]} == {f"Tab {number}" for number in range(6)}
