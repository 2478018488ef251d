"""Made pictures are kept as their answers go out, on every route and prefix; what cannot be kept is told, and given."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_engine import ScriptedEngine
from scripted_pictures import GENERATE, asked_of, picture

from pleiade.gateway.gallery.keeper import Keeper as Sweeper
from pleiade.gateway.stored.archive import Archive
from pleiade.provenance import verify
from pleiade.settings import Settings

FORM = {"model": "pix", "prompt": "a green chair", "store": "true"}


@pytest.fixture
def full_disk(tmp_path: Path) -> None:
    """No file can be made where pictures are kept: a file stands in the way."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "gallery").write_bytes(b"")


def decoded(item: dict[str, Any]) -> bytes:
    return base64.b64decode(item["b64_json"])


async def test_a_picture_is_kept_byte_by_byte_with_what_made_it(keeper: Any) -> None:
    wish = GENERATE | {"n": 2, "store": True, "style": "flat", "quality": "low", "negative_prompt": "text"}
    answer = await keeper.post("/images/generations", wish)
    assert not {"store", "parent"} & asked_of(keeper.served.engine.seen[-1]).keys(), "engines need not know"
    first, second = [await keeper.get(f"/gallery/{item['id']}") for item in answer["data"]]
    expected = {
        "object": "gallery.picture",
        "kind": "generation",
        "prompt": "a red circle",
        "negative_prompt": "text",
        "revised_prompt": "a circle",
        "deployment": "pix",
        "model": "pix-1",
        "style": "flat",
        "quality": "low",
        "size": "64x64",
        "width": 8,
        "height": 8,
        "format": "png",
        "parent": None,
        "favourite": False,
        "seed": 7,
    }
    assert expected.items() <= first.items()
    assert (second["seed"], second["step"]) == (8, first["step"])
    content = await keeper.get(f"/gallery/{first['id']}/content")
    assert content == decoded(answer["data"][0])
    assert first["bytes"] == len(content)
    assert verify(content).good
    request = await keeper.get(f"/gallery/{first['id']}/request")
    assert request == {"route": "/images/generations", "body": wish, "files": {}, "pictures": {}}
    assert await keeper.listed() == [second["id"], first["id"]]


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
async def test_pictures_inside_a_body_are_told_by_their_length(keeper: Any, prefix: str) -> None:
    coded = prefix + base64.b64encode(bytes(30_000)).decode()
    wish = {"model": "pix", "prompt": "a green chair", "image": coded, "mask": coded, "store": True}
    answer = await keeper.post("/images/edits", wish)
    request = await keeper.get(f"/gallery/{answer['data'][0]['id']}/request")
    for name in ("image", "mask"):
        assert request["body"][name].endswith(f"… ({len(coded)} characters)")
    assert request["body"]["prompt"] == "a green chair"


async def test_of_a_huge_request_what_matters_is_kept(keeper: Any) -> None:
    answer = await keeper.post("/images/generations", GENERATE | {"store": True, "notes": ["x" * 1000] * 400})
    request = await keeper.get(f"/gallery/{answer['data'][0]['id']}/request")
    assert request["body"] == GENERATE


async def test_without_store_nothing_is_kept(on_sqlite: Any) -> None:
    answer = await on_sqlite.post("/images/generations", GENERATE)
    assert "id" not in answer["data"][0]
    assert (await on_sqlite.listed(), on_sqlite.objects) == ([], [])


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/openai/deployments/pix"])
async def test_a_stream_tells_the_id_in_its_completed_events(on_sqlite: Any, prefix: str) -> None:
    query = "?api-version=2025-04-01-preview" if "deployments" in prefix else ""
    wish = GENERATE | {"n": 2, "store": True, "stream": True}
    stream = await on_sqlite.post(f"/images/generations{query}", wish, prefix=prefix)
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: ")]
    completed = [event for event in events if event["type"].endswith(".completed")]
    assert [("id" in event) for event in events] == [False, False, True, True]
    assert await on_sqlite.listed() == [event["id"] for event in reversed(completed)]
    for event in completed:
        assert await on_sqlite.get(f"/gallery/{event['id']}/content") == decoded(event)


@pytest.mark.parametrize(("route", "kind"), [("edits", "edit"), ("variations", "variation"), ("outpaint", "outpaint")])
async def test_what_is_made_from_a_picture_hangs_below_it(keeper: Any, route: str, kind: str) -> None:
    (parent,) = await keeper.made()
    given = await keeper.get(f"/gallery/{parent['id']}/content")
    before = len(keeper.objects)
    answer = await keeper.form(f"/images/{route}", {"image": given}, parent=parent["id"], **FORM)
    child = await keeper.get(f"/gallery/{answer['data'][0]['id']}")
    assert (child["kind"], child["parent"]) == (kind, parent["id"])
    assert len(keeper.objects) == before + 1, "the given picture is not kept twice"
    request = await keeper.get(f"/gallery/{child['id']}/request")
    assert request["files"] == {"image": "image.png"}
    assert request["pictures"] == {"image": parent["id"]}
    assert request["body"]["prompt"] == "a green chair"
    assert await keeper.listed(f"parent={parent['id']}") == [child["id"]]
    assert await keeper.listed(f"step={child['step']}") == [child["id"]]


async def test_a_parent_that_is_not_there_is_refused_before_anything_is_made(keeper: Any) -> None:
    (parent,) = await keeper.made()
    asked = len(keeper.served.engine.seen)
    for who, name in ((keeper, "pic_nobody"), (keeper.other(), parent["id"])):
        answer = await who.form("/images/edits", {"image": picture()}, parent=name, status=404, **FORM)
        assert answer["error"]["code"] == "not_found"
    assert len(keeper.served.engine.seen) == asked


async def test_a_full_disk_costs_nobody_the_picture(keeper: Any, full_disk: None) -> None:
    answer = await keeper.post("/images/generations", GENERATE | {"store": True})
    (item,) = answer["data"]
    assert verify(decoded(item)).good
    assert item["store_error"]["code"] == "storage_failed"
    assert "id" not in item
    stream = await keeper.post("/images/generations", GENERATE | {"store": True, "stream": True})
    assert b'"store_error"' in stream
    assert await keeper.listed() == []


async def test_what_could_not_be_written_is_swept_and_takes_no_room(
    on_sqlite: Any, sqlite_db: sa.Engine, full_disk: None, tmp_path: Path
) -> None:
    answer = await on_sqlite.post("/images/generations", GENERATE | {"store": True})
    assert answer["data"][0]["store_error"]["code"] == "storage_failed"
    (tmp_path / "pictures" / "gallery").unlink()
    (kept,) = await on_sqlite.made()
    with sqlite_db.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM picture_objects")) == 2
        connection.execute(sa.text("UPDATE picture_objects SET created = 1"))  # long ago
    archive = Archive(sqlite_db.url.render_as_string())
    await Sweeper(Settings(home=str(tmp_path)), archive).sweep()
    archive.close()
    with sqlite_db.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM picture_objects")) == 1
    assert verify(await on_sqlite.get(f"/gallery/{kept['id']}/content")).good


async def test_a_full_project_is_told_what_to_do_and_given_its_picture(db: sa.Engine, start_on: Any) -> None:
    keeper = await start_on(db.url.render_as_string(hide_password=False), project_files_mb=1)
    (kept,) = await keeper.made()
    with db.begin() as connection:
        connection.execute(sa.text("UPDATE picture_objects SET bytes = 1048576"))
    answer = await keeper.post("/images/generations", GENERATE | {"store": True})
    error = answer["data"][0]["store_error"]
    assert error["code"] == "space_exhausted"
    assert "PLEIADE_PROJECT_FILES_MB" in error["message"]
    refused = await keeper.form("/gallery", {"file": picture(9)}, status=400)
    assert refused["error"]["code"] == "space_exhausted"
    attached = await keeper.form("/attachments", {"file": b"some text"}, status=400)
    assert attached["error"]["code"] == "space_exhausted"
    await keeper.delete(f"/gallery/{kept['id']}")
    assert (await keeper.made())[0]["id"]


async def test_a_database_that_is_away_costs_nobody_the_picture(on_sqlite: Any, sqlite_db: sa.Engine) -> None:
    await on_sqlite.made()
    with sqlite_db.begin() as connection:
        connection.execute(sa.text("DROP TABLE picture_uses"))
    answer = await on_sqlite.post("/images/generations", GENERATE | {"store": True})
    assert verify(decoded(answer["data"][0])).good
    assert answer["data"][0]["store_error"]["code"] == "storage_failed"


async def test_an_url_of_another_server_is_passed_on_and_not_kept(on_sqlite: Any, engine: ScriptedEngine) -> None:
    async def elsewhere(exchange: Any) -> None:
        await exchange.whole(200, {"created": 1, "data": [{"url": "https://pictures.example/1.png"}]})

    engine.script = elsewhere
    answer = await on_sqlite.post("/images/generations", GENERATE | {"store": True})
    assert answer["data"][0]["url"] == "https://pictures.example/1.png"
    assert answer["data"][0]["store_error"]["code"] == "picture_elsewhere"


async def test_store_is_a_truth(on_sqlite: Any) -> None:
    answer = await on_sqlite.post("/images/generations", GENERATE | {"store": "perhaps"}, status=400)
    assert answer["error"]["param"] == "store"


async def test_the_same_bytes_are_kept_once_and_until_the_last_picture_is_gone(keeper: Any) -> None:
    data = picture(77, 32)
    first = await keeper.form("/gallery", {"file": data})
    second = await keeper.form("/gallery", {"file": data})
    elsewhere = await keeper.other().form("/gallery", {"file": data})
    assert len(keeper.objects) == 2, "one for each owner"
    await keeper.delete(f"/gallery/{first['id']}")
    assert await keeper.get(f"/gallery/{second['id']}/content") == data
    await keeper.delete(f"/gallery/{second['id']}")
    assert len(keeper.objects) == 1
    assert hashlib.sha256(await keeper.other().get(f"/gallery/{elsewhere['id']}/content")).hexdigest()
