"""Links that expire, ratings, and search: over HTTP, on both databases."""

import asyncio
from typing import Any

import sqlalchemy as sa

from pleiade.store import unit_of_work
from pleiade.store.chats import chat_shares
from pleiade.store.feedback import feedback


async def test_a_link_shows_a_snapshot_to_anybody_until_it_is_taken_back(caller: Any, db: sa.Engine) -> None:
    made = await caller.attach("secret.txt", b"the words of the file")
    chat = (await caller.post("/chats"))["id"]
    await caller.post(f"/chats/{chat}/share", status=400)  # empty
    await caller.question(chat, "Question", attachments=[made["id"]])
    answer = await caller.answered(chat)
    link = await caller.post(f"/chats/{chat}/share", {"expires_in_seconds": 3600})
    assert link["url"].endswith(f"/s/{link['id']}")
    assert len(link["id"]) > 30
    assert (await caller.get(f"/chats/{chat}"))["shared"] == link
    await caller.question(chat, "Said later")

    async def read(status: int = 200) -> Any:
        async with caller.served.client.get(f"{caller.served.url}/v1/chats/shared/{link['id']}") as got:
            assert got.status == status, await got.text()
            if status == 200:
                assert "noindex" in got.headers["x-robots-tag"]
            return await got.json()

    shown = await read()
    assert [one["content"] for one in shown["messages"]] == ["Question", "Hello there."]
    assert shown["messages"][0]["attachments"] == ["secret.txt"]
    for hidden in ("the words of the file", "Said later", chat, answer["id"], answer["response_id"], "default"):
        assert hidden not in str(shown)
    again = await caller.post(f"/chats/{chat}/share")
    await read(404)  # one link at a time
    link = again
    await read()
    with unit_of_work(db) as connection:
        connection.execute(sa.update(chat_shares).values(expires=1))
    await read(404)
    assert (await caller.get(f"/chats/{chat}"))["shared"] is None
    link = await caller.post(f"/chats/{chat}/share")
    await caller.delete(f"/chats/{chat}/share")
    await read(404)
    await caller.delete(f"/chats/{chat}/share", status=404)


async def test_a_rating_is_kept_changed_and_taken_back(caller: Any, db: sa.Engine) -> None:
    chat = (await caller.post("/chats"))["id"]
    question = await caller.question(chat, "Question")
    answer = await caller.answered(chat)
    where = f"/chats/{chat}/messages/{answer['id']}/feedback"
    told = {"verdict": "down", "reasons": ["wrong", "too long"], "correction": "42", "consent": True}
    made = await caller.post(where, told)
    assert {name: made[name] for name in told} == told
    changed = await caller.post(where, {"verdict": "up"})
    assert (changed["verdict"], changed["reasons"], changed["correction"], changed["consent"]) == (
        "up",
        [],
        None,
        False,
    )
    assert (await caller.message(chat, answer["id"]))["feedback"] == changed
    with db.connect() as connection:
        [row] = connection.execute(sa.select(feedback)).all()
    assert (row.deployment, row.project) == ("chat", "default")
    await caller.delete(where)
    assert (await caller.message(chat, answer["id"]))["feedback"] is None
    await caller.delete(where, status=404)
    refused = await caller.post(f"/chats/{chat}/messages/{question['id']}/feedback", {"verdict": "up"}, status=400)
    assert "Only answers" in refused["error"]["message"]
    wrong = await caller.post(where, {"verdict": "sideways"}, status=400)
    assert wrong["error"]["param"] == "verdict"
    absent = await caller.post(where, {"reasons": []}, status=400)
    assert absent["error"]["param"] == "verdict"


async def found(caller: Any, question: str) -> list[Any]:
    answer = await caller.get("/chats/search", params={"q": question})
    return list(answer["data"])


async def test_words_are_found_whole_or_begun_without_their_accents(caller: Any) -> None:
    chat = (await caller.post("/chats", {"title": "L'été à Noël"}))["id"]
    said = await caller.question(chat, "Où sont les œufs brouillés ? 🍳 They are SCRAMBLED eggs in the naïve café.")
    for question in ("oeufs", "œuf", "brouilles", "scrambled eg", "naive cafe", "CAFÉ", "eggs scrambled"):
        [hit] = await found(caller, question)
        assert (hit["chat"], hit["message"], hit["title"]) == (chat, said["id"], "L'été à Noël"), question
        text = hit["snippet"].encode("utf-16-le")
        marked = [text[2 * low : 2 * high].decode("utf-16-le") for low, high in hit["ranges"]]
        assert marked, question
    assert marked == ["SCRAMBLED", "eggs"]
    [title] = await found(caller, "ete noel")
    assert (title["message"], title["chat"], title["snippet"]) == (None, chat, "L'été à Noël")
    assert await found(caller, "scrambled e") == []  # one letter begins half of all words
    assert await found(caller, "scra eggs") == []  # only the last word may be unfinished
    assert await found(caller, "omelette") == []


async def test_questions_that_are_not_words_break_nothing(caller: Any) -> None:
    chat = (await caller.post("/chats"))["id"]
    said = await caller.question(chat, 'NEAR or NOT near AND "far" owner: words: 100% c++ a_b x\'y 中文字 مرحبا שלום')
    for question in (
        '"',
        "'",
        "NEAR(",
        "a AND",
        "*",
        "owner : x",
        "-",
        "(",
        "{}",
        "^",
        "%",
        "_",
        "\\",
        ";--",
        "&|!",
        ":*",
        "",
    ):
        await found(caller, question)
    for question in ("NOT", "far", "100", "中文", "مرحبا", "שלום", "a b"):
        assert [hit["message"] for hit in await found(caller, question) if hit["message"]] == [said["id"]], question


async def test_what_fits_best_comes_first_and_among_equals_what_is_newest(caller: Any) -> None:
    chats = [(await caller.post("/chats", {"title": f"Chat {number}"}))["id"] for number in range(4)]
    await caller.question(chats[0], "zebra " + "and many other words that say nothing of that " * 20)
    await caller.question(chats[1], "zebra zebra")
    older = await caller.question(chats[2], "one zebra there")
    newer = await caller.question(chats[3], "one zebra there")
    hits = await found(caller, "zebra")
    order = [hit["chat"] for hit in hits]
    assert order[0] == chats[1]
    assert order[-1] == chats[0]
    assert [hit["message"] for hit in hits[1:3]] == [newer["id"], older["id"]]
    assert len((await caller.get("/chats/search?q=zebra&limit=2"))["data"]) == 2


async def test_answers_are_found_once_they_are_over_and_forgotten_with_their_message(caller: Any) -> None:
    chat = (await caller.post("/chats"))["id"]
    answer = await caller.answered(chat, "Question")
    async with asyncio.timeout(5):
        while not (hits := await found(caller, "hello")):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert hits[0]["message"] == answer["id"]
    await caller.delete(f"/chats/{chat}/messages/{answer['id']}")
    assert await found(caller, "hello") == []
