"""Answers that repeat protected text: found whole, in vetted pieces and beside a stream; a paraphrase is not."""

import asyncio
from pathlib import Path

import pytest
from scripted_filters import content_of, events_of, says
from scripted_gateway import AZURE, CHAT, OPENAI, Serve, endpoint

from pleiade.domain.policy import POLICIES, FilterPolicy, Screen
from pleiade.gateway.filters.room import FiltersRoom
from pleiade.registry.protected import protect, unprotect
from pleiade.settings import load_settings
from pleiade.store import migrate, open_database

SONG = (
    "the river carries every lantern home before the winter turns its grey and patient key and we who wait along the "
    "wooden quay keep counting lights that nobody will see until the morning pulls the water back and leaves a single "
    "thread of silver on the black and frozen stones"
)
QUOTED = " ".join(SONG.split()[5:35])
REPEATS = f"Here is what I remember of that old song. {QUOTED} and so on, I have forgotten how it ends."
PARAPHRASE = (
    "The song tells of a river that brings all the lamps back before it is winter, and of people on a quay who count "
    "lights that no one sees, until in the morning the water goes and a thread of silver stays on the frozen stones."
)
STREAM = CHAT | {"stream": True}
RULES = POLICIES["rules"]


def looks(action: str, **more: object) -> FilterPolicy:
    off = RULES.output
    output = Screen(hate=off.hate, sexual="off", violence="off", self_harm="off", protected_text=action)  # type: ignore[arg-type]
    return FilterPolicy(prompt=RULES.prompt, output=output, **more)  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> str:
    """The URL of a database in which the song is protected."""
    url = f"sqlite:///{tmp_path / 'pleiade.db'}"
    db = open_database(url)
    migrate(db)
    protect(db, "song.txt", SONG)
    db.dispose()
    return url


@pytest.fixture
def protecting(serve: Serve, engine, home: str):
    async def start(policy: FilterPolicy):
        room = FiltersRoom(load_settings({"database_url": home}))
        return await serve(endpoints=[endpoint(engine, policy=policy)], rooms=[room])

    return start


@pytest.mark.parametrize(("text", "detected"), [(REPEATS, True), (PARAPHRASE, False)])
async def test_a_whole_answer_is_annotated_or_blocked(protecting, engine, text, detected) -> None:
    engine.script = says(text)
    served = await protecting(looks("annotate"))
    (choice,) = (await (await served.post(AZURE, CHAT)).json())["choices"]
    told = {"filtered": False, "detected": detected}
    assert choice["content_filter_results"] == {"protected_material_text": told}
    assert choice["message"]["content"] == text
    served = await protecting(looks("block"))
    (choice,) = (await (await served.post(OPENAI, CHAT)).json())["choices"]
    assert choice["finish_reason"] == ("content_filter" if detected else "stop")
    assert choice["message"]["content"] == (None if detected else text)


@pytest.mark.parametrize("streaming", ["buffered", "asynchronous"])
@pytest.mark.parametrize("window", [20, 160])
async def test_streams_find_it_however_it_is_cut(protecting, engine, streaming, window) -> None:
    engine.script = says(REPEATS)
    served = await protecting(looks("block", streaming=streaming, window=window))
    events = events_of(await (await served.post(AZURE, STREAM)).text())
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert events[-1]["choices"][0]["content_filter_results"]["protected_material_text"] == {
        "filtered": True,
        "detected": True,
    }
    if streaming == "buffered":
        assert QUOTED not in content_of(events)
    engine.script = says(PARAPHRASE)
    events = events_of(await (await served.post(AZURE, STREAM)).text())
    assert content_of(events).strip() == PARAPHRASE


async def test_what_is_registered_and_removed_is_followed(protecting, engine, home: str) -> None:
    engine.script = says(REPEATS)
    served = await protecting(looks("block"))

    async def finished(wanted: str) -> None:
        async with asyncio.timeout(60):
            while True:
                (choice,) = (await (await served.post(OPENAI, CHAT)).json())["choices"]
                if choice["finish_reason"] == wanted:
                    return
                await asyncio.sleep(0.05)

    await finished("content_filter")
    db = open_database(home)
    unprotect(db, "song.txt")
    await finished("stop")
    protect(db, "again.txt", SONG)
    await finished("content_filter")
    db.dispose()


async def test_without_an_index_answers_pass_and_say_so(serve: Serve, engine) -> None:
    engine.script = says(REPEATS)
    served = await serve(endpoints=[endpoint(engine, policy=looks("block"))])
    (choice,) = (await (await served.post(AZURE, CHAT)).json())["choices"]
    assert choice["message"]["content"] == REPEATS
    assert choice["content_filter_result"]["error"]["code"] == "content_filter_error"
