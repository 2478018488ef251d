"""Uploads: parts in any order, again where a connection broke, put together once and only as announced."""

import asyncio
import hashlib
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_files import Owner

from pleiade.store import unit_of_work
from pleiade.store.files import upload_parts, uploads

DATA = b"".join(b'{"line": %d}\n' % number for number in range(3000))
CUT = (len(DATA) // 3, 2 * len(DATA) // 3)
PARTS = (DATA[: CUT[0]], DATA[CUT[0] : CUT[1]], DATA[CUT[1] :])


async def test_parts_that_come_at_once_and_in_any_order_become_the_file(owner: Owner) -> None:
    upload = await owner.begin(len(DATA), "batch")
    sent = await asyncio.gather(*(owner.part(upload, part) for part in PARTS[::-1]))
    assert {part["object"] for part in sent} == {"upload.part"}
    md5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    ids = [part["id"] for part in sent[::-1]]
    done = await owner.post(f"/uploads/{upload}/complete", {"part_ids": ids, "md5": md5})
    assert (done["status"], done["bytes"]) == ("completed", len(DATA))
    file = done["file"]
    assert file["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert await owner.get(f"/files/{file['id']}/content") == DATA
    assert (await owner.get("/files"))["data"] == [file]
    assert (await owner.get(f"/uploads/{upload}"))["file"] == file
    await owner.ask("DELETE", f"/files/{file['id']}")
    assert owner.stored() == []


async def test_who_lost_a_connection_asks_what_arrived_and_sends_the_rest(owner: Owner) -> None:
    upload = await owner.begin(len(DATA))
    first = await owner.part(upload, PARTS[0])
    again = await owner.part(upload, PARTS[0])  # its answer had been lost
    there = (await owner.get(f"/uploads/{upload}/parts"))["data"]
    assert [part["id"] for part in there] == [first["id"], again["id"]]
    assert [part["bytes"] for part in there] == [len(PARTS[0])] * 2
    rest = [(await owner.part(upload, part))["id"] for part in PARTS[1:]]
    done = await owner.post(f"/uploads/{upload}/complete", {"part_ids": [again["id"], *rest]})
    assert await owner.get(f"/files/{done['file']['id']}/content") == DATA
    assert len(owner.stored()) == 3, "the part that was sent twice is gone"


async def test_what_is_not_as_announced_is_named_and_can_be_mended(owner: Owner) -> None:
    upload = await owner.begin(len(DATA))
    ids = [(await owner.part(upload, part))["id"] for part in PARTS]

    async def refused(body: Any) -> Any:
        return (await owner.post(f"/uploads/{upload}/complete", body, status=400))["error"]

    assert "were announced" in (await refused({"part_ids": ids[:2]}))["message"]
    assert "twice" in (await refused({"part_ids": [ids[0], *ids]}))["message"]
    assert "has no part" in (await refused({"part_ids": [*ids[:2], "part_none"]}))["message"]
    assert (await refused({"part_ids": ids, "md5": "0" * 32}))["code"] == "checksum_mismatch"
    assert (await refused({"part_ids": ids[::-1], "md5": hashlib.md5(DATA).hexdigest()}))["param"] == "md5"
    assert (await refused({}))["param"] == "part_ids"
    await owner.post(f"/uploads/{upload}/complete", {"part_ids": ids})
    assert "is completed" in (await refused({"part_ids": ids}))["message"]


async def test_a_bad_line_across_two_parts_is_found_by_its_number(on_sqlite: Owner) -> None:
    halves = (b'{"a": 1}\n{"a": ', b"2]}\n")
    upload = await on_sqlite.begin(sum(map(len, halves)), "batch")
    ids = [(await on_sqlite.part(upload, half))["id"] for half in halves]
    error = (await on_sqlite.post(f"/uploads/{upload}/complete", {"part_ids": ids}, status=400))["error"]
    assert "Line 2 is not valid JSON" in error["message"]


async def test_a_cancelled_upload_takes_no_part_and_keeps_none(owner: Owner) -> None:
    upload = await owner.begin(len(DATA))
    await owner.part(upload, PARTS[0])
    assert (await owner.post(f"/uploads/{upload}/cancel"))["status"] == "cancelled"
    assert owner.stored() == []
    refused = await owner.part(upload, PARTS[0], status=400)
    assert "is cancelled" in refused["error"]["message"]
    await owner.post(f"/uploads/{upload}/cancel", status=400)


async def test_an_upload_expires_after_an_hour_and_its_room_comes_back(db: sa.Engine, start: Any) -> None:
    owner = await start(db, project_uploads_mb=1)
    upload = await owner.begin(900_000)
    made = await owner.get(f"/uploads/{upload}")
    assert made["expires_at"] == made["created_at"] + 3600
    await owner.part(upload, bytes(1000))
    body = {"filename": "f", "purpose": "user_data", "bytes": 900_000, "mime_type": "x/y"}
    refused = await owner.post("/uploads", body, status=400)
    assert refused["error"]["code"] == "space_exhausted"
    with unit_of_work(db) as connection:
        connection.execute(sa.update(uploads).values(expires=1))
    assert (await owner.get(f"/uploads/{upload}"))["status"] == "expired"
    await owner.part(upload, bytes(1000), status=400)
    await owner.room.sweep()
    assert owner.stored() == []
    with db.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(upload_parts)) == 0
    await owner.begin(900_000)


async def test_another_project_cannot_touch_an_upload(owner: Owner) -> None:
    upload, other = await owner.begin(10), owner.other()
    await other.get(f"/uploads/{upload}", status=404)
    await other.get(f"/uploads/{upload}/parts", status=404)
    await other.part(upload, b"x", status=404)
    await other.post(f"/uploads/{upload}/complete", {"part_ids": []}, status=404)
    await other.post(f"/uploads/{upload}/cancel", status=404)
    assert owner.stored() == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": -1}, "bytes"),
        ({"bytes": 2**40}, "bytes"),
        ({"purpose": "nonsense"}, "purpose"),
        ({"filename": ".."}, "file"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
    ],
)
async def test_an_upload_that_cannot_be_is_refused_at_once(on_sqlite: Owner, change: Any, param: str) -> None:
    body = {"filename": "f", "purpose": "user_data", "bytes": 10, "mime_type": "x/y", **change}
    assert (await on_sqlite.post("/uploads", body, status=400))["error"]["param"] == param
