"""Files: what is sent comes back, belongs to its project, expires, and is refused with the number of its bad line."""

import asyncio
import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_files import AZURE, Owner, form

from pleiade.files.nouns import PURPOSE_MB
from pleiade.store import unit_of_work
from pleiade.store.files import files

GOOD = b'{"a": 1}\n{"a": 2}\n'


async def test_a_file_comes_back_as_it_was_sent_with_its_checksum(owner: Owner) -> None:
    data = os.urandom(3_000_000)
    made = await owner.send(data, name="pictures.bin")
    assert made["object"] == "file"
    assert (made["bytes"], made["filename"], made["purpose"]) == (3_000_000, "pictures.bin", "user_data")
    assert (made["status"], made["expires_at"]) == ("processed", None)
    assert made["sha256"] == hashlib.sha256(data).hexdigest()
    assert await owner.get(f"/files/{made['id']}") == made
    assert await owner.get(f"/files/{made['id']}/content") == data
    assert owner.told["content-length"] == "3000000"
    assert "attachment" in owner.told["content-disposition"]


async def test_files_are_listed_page_by_page_and_by_purpose(owner: Owner) -> None:
    ids = [(await owner.send(GOOD, purpose))["id"] for purpose in ("batch", "user_data", "batch")]
    assert [file["id"] for file in (await owner.get("/files"))["data"]] == ids[::-1]
    first = await owner.get("/files?limit=2&order=asc")
    assert ([file["id"] for file in first["data"]], first["has_more"]) == (ids[:2], True)
    rest = await owner.get(f"/files?limit=2&order=asc&after={first['last_id']}")
    assert ([file["id"] for file in rest["data"]], rest["has_more"]) == (ids[2:], False)
    batch = (await owner.get("/files?purpose=batch"))["data"]
    assert [file["id"] for file in batch] == [ids[2], ids[0]]
    await owner.ask("GET", "/files?after=file-none", status=400)


async def test_a_deleted_file_leaves_neither_a_row_nor_bytes(owner: Owner, db: sa.Engine) -> None:
    made = await owner.send(GOOD)
    assert len(owner.stored()) == 1
    gone = await owner.ask("DELETE", f"/files/{made['id']}")
    assert gone == {"id": made["id"], "object": "file", "deleted": True}
    await owner.get(f"/files/{made['id']}", status=404)
    assert owner.stored() == []
    with db.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(files)) == 0


async def test_another_project_sees_no_file_and_cannot_tell_it_from_none(owner: Owner) -> None:
    made, other = await owner.send(GOOD), owner.other()
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        hidden = await other.ask(method, f"/files/{made['id']}{path}", status=404)
        absent = await other.ask(method, f"/files/file-{'0' * 32}{path}", status=404)
        assert hidden["error"]["message"].replace(made["id"], "X") == absent["error"]["message"].replace(
            f"file-{'0' * 32}", "X"
        )
    assert (await other.get("/files"))["data"] == []


async def test_a_file_expires_and_its_bytes_go_with_it(owner: Owner, db: sa.Engine) -> None:
    texts = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    made = await owner.send(GOOD, texts=texts)
    assert made["expires_at"] == made["created_at"] + 3600
    batch = await owner.send(GOOD, "batch")
    assert batch["expires_at"] == batch["created_at"] + 30 * 24 * 3600  # as OpenAI's do
    with unit_of_work(db) as connection:
        connection.execute(sa.update(files).where(files.c.id == made["id"]).values(expires=1))
    await owner.get(f"/files/{made['id']}", status=404)
    await owner.room.sweep()  # type: ignore[attr-defined]
    assert len(owner.stored()) == 1
    assert [file["id"] for file in (await owner.get("/files"))["data"]] == [batch["id"]]


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "60"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "soon"}, "expires_after.seconds"),
        ({"expires_after[seconds]": "3600"}, "expires_after.anchor"),
    ],
)
async def test_an_expiry_that_is_none_is_named(on_sqlite: Owner, texts: dict[str, str], named: str) -> None:
    answer = await on_sqlite.send(GOOD, texts=texts, status=400)
    assert answer["error"]["param"] == named
    assert on_sqlite.stored() == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("été 東京.jsonl", "été 東京.jsonl"),
    ],
)
async def test_a_name_is_a_label_and_never_a_path(on_sqlite: Owner, name: str, kept: str) -> None:
    made = await on_sqlite.send(GOOD, name=name)
    assert made["filename"] == kept
    assert [path.parent for path in on_sqlite.stored()] == [on_sqlite.home / "files"]
    assert not (on_sqlite.home / kept).exists()


@pytest.mark.parametrize("name", ["..", "/", "x" * 256, "\u200b"])
async def test_a_name_that_is_none_is_refused(on_sqlite: Owner, name: str) -> None:
    assert "name" in await on_sqlite.refused(GOOD, name=name)
    assert on_sqlite.stored() == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1}\n[2]\n', "Line 2 is not a JSON object"),
        (b'{"a": 1}\r\n\r\n{"a": ', "Line 3 is not valid JSON"),
        (b'{"a": "\xff"}\n', "Line 1 is not UTF-8 (byte 8)"),
        (b'{"a": "\\ud800"}\n', "Line 1 is not valid JSON"),
        (b'{"a": NaN}\n', "Line 1 is not valid JSON"),
        (b"[" * 100_000, "Line 1 is nested too deeply"),
        (b'{"a": 1}\n{"a": "' + b"x" * 20_000_000 + b'"}\n', "Line 2 is longer than 16 MB"),
        (b"\xef\xbb\xbf\n\n", "The file is empty"),
        (b"", "The file is empty"),
    ],
    ids=["list", "cut", "latin1", "surrogate", "nan", "deep", "20MB", "bom only", "empty"],
)
async def test_a_line_that_is_wrong_is_named_and_nothing_is_kept(on_sqlite: Owner, data: bytes, said: str) -> None:
    assert said in await on_sqlite.refused(data)
    assert on_sqlite.stored() == []
    assert (await on_sqlite.get("/files"))["data"] == []


async def test_a_byte_order_mark_and_line_ends_of_windows_are_passed_over(on_sqlite: Owner) -> None:
    data = b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}'
    made = await on_sqlite.send(data, "fine-tune")
    assert await on_sqlite.get(f"/files/{made['id']}/content") == data


async def test_a_project_keeps_as_much_as_it_may(db: sa.Engine, start: Any) -> None:
    owner = await start(db, project_uploads_mb=2)
    made = await owner.send(bytes(1_500_000))
    assert "keeps 1.4 MB" in await owner.refused(bytes(1_000_000), "user_data")
    await owner.other().send(bytes(1_500_000))
    chunked = form(bytes(1_000_000), purpose="user_data")()
    headers = {"content-type": chunked.content_type}

    async def pieces() -> Any:  # a client that does not say how much will come
        writer = _Pieces()
        await chunked.write(writer)
        for piece in writer.pieces:
            yield piece

    owner.headers = {**owner.headers, **headers}
    refused = await owner.ask("POST", "/files", data=pieces(), status=400)
    assert refused["error"]["code"] == "space_exhausted"
    del owner.headers["content-type"]
    assert len(owner.stored()) == 2
    await owner.ask("DELETE", f"/files/{made['id']}")
    await owner.send(bytes(1_000_000))


class _Pieces:
    """What aiohttp writes a form to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes) -> None:
        self.pieces.append(bytes(data))


async def test_a_file_above_the_limit_is_refused_before_it_fills_the_disk(sqlite_db: sa.Engine, start: Any) -> None:
    owner = await start(sqlite_db, file_mb=1)
    assert "larger than 1 MB" in await owner.refused(bytes(1_100_000), "user_data")
    assert owner.stored() == []


async def test_what_is_too_large_for_its_purpose_is_refused_as_it_comes(
    sqlite_db: sa.Engine, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PURPOSE_MB, "batch", 1)
    owner = await start(sqlite_db)
    lines = b'{"custom_id": "one of many"}\n' * 40_000
    assert "A file for 'batch' has at most 1 MB" in await owner.refused(lines, "batch")
    announced = {"purpose": "batch", "filename": "f.jsonl", "bytes": len(lines), "mime_type": "application/jsonl"}
    error = (await owner.post("/uploads", announced, status=400))["error"]
    assert (error["code"], error["param"]) == ("file_too_large", "bytes")
    assert owner.stored() == []


async def test_a_client_that_goes_away_leaves_nothing_and_gets_its_room_back(owner: Owner, db: sa.Engine) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", owner.served.port)
    head = b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
    head += b'--x\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
    key = owner.headers["authorization"].encode()
    writer.write(
        b"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: " + key + b"\r\n"
        b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 9000000\r\n\r\n" + head + bytes(3_000_000)
    )
    await writer.drain()
    async with asyncio.timeout(10):
        while not owner.stored():  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.01)
    writer.transport.abort()
    await owner.served.settle()
    assert owner.stored() == []
    with db.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(files)) == 0


async def test_what_is_no_form_or_lacks_a_field_is_told(on_sqlite: Owner) -> None:
    await on_sqlite.post("/files", {"purpose": "batch"}, status=400)
    nothing = await on_sqlite.ask("POST", "/files", data=form(b"x", field="other", purpose="batch"), status=400)
    assert nothing["error"]["param"] == "file"
    for purpose in ("batch_output", "nonsense"):
        assert "Supported values" in await on_sqlite.refused(GOOD, purpose)
    assert on_sqlite.stored() == []


async def test_azures_dated_surface_answers_201_and_says_where(on_sqlite: Owner) -> None:
    body = form(GOOD, purpose="batch")
    made = await on_sqlite.ask("POST", f"/files{AZURE}", data=body, prefix="/openai", status=201)
    assert on_sqlite.told["location"].endswith(f"/openai/files/{made['id']}{AZURE}")
    assert await on_sqlite.ask("GET", f"/files/{made['id']}/content{AZURE}", prefix="/openai") == GOOD
    await on_sqlite.ask("POST", "/files", data=form(GOOD, purpose="batch"), prefix="/openai/v1")


async def test_files_wait_in_any_store_that_fsspec_knows(sqlite_db: sa.Engine, start: Any) -> None:
    owner = await start(sqlite_db, files_url="memory://pleiade-files")
    data = os.urandom(2_000_000)
    made = await owner.send(data)
    assert await owner.get(f"/files/{made['id']}/content") == data
    assert "Line 1" in await owner.refused(b"[]")
    await owner.ask("DELETE", f"/files/{made['id']}")
    import fsspec

    assert fsspec.filesystem("memory").find("/pleiade-files") == []


_SMALL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pleiade.files.contents import Arrival
from pleiade.store.object_storage import NoSpaceError, Objects, new_name
arrival = Arrival(Objects(sys.argv[2]), new_name("bin"), 2**40)
try:
    for _ in range(64):
        arrival.write(bytes(1 << 20))
    arrival.commit()
except NoSpaceError as error:
    print("full", arrival.bytes)
"""


def test_a_disk_that_fills_up_in_the_middle_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    command = [sys.executable, "-c", _SMALL_DISK, str(8 << 20), str(tmp_path / "files")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.startswith("full")
    assert list((tmp_path / "files").iterdir()) == []


async def test_a_full_disk_is_told_to_the_client_as_such(on_sqlite: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    small = on_sqlite.home / "small"
    small.symlink_to("/dev/full")
    folder = on_sqlite.home / "files"
    await on_sqlite.send(GOOD)
    monkeypatch.setattr("pleiade.store.object_backends._FolderWriter", _full_writer(small))
    error = (await on_sqlite.send(GOOD, status=507))["error"]
    assert error["code"] == "insufficient_storage"
    assert on_sqlite.told["x-should-retry"] == "false"
    assert len(list(folder.iterdir())) == 1
    assert len((await on_sqlite.get("/files"))["data"]) == 1


def _full_writer(device: Path) -> type:
    """A file on a device that is always full: the kernel's own ENOSPC."""

    class Full:
        def __init__(self, trial: Path, path: Path) -> None:
            self._file = device.open("wb", buffering=0)

        def write(self, data: bytes) -> None:
            self._file.write(data)

        def commit(self) -> None:
            self._file.close()

        def discard(self) -> None:
            self._file.close()

    return Full


async def test_a_large_file_passes_in_constant_memory(tmp_path: Path, sqlite_db: sa.Engine, start: Any) -> None:
    owner = await start(sqlite_db)
    line = json.dumps({"text": "x" * 1000}).encode() + b"\n"
    piece, count = line * 2000, 60

    async def body() -> Any:
        yield b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(count):
            yield piece
        yield b"\r\n--x--\r\n"

    await owner.send(line)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    owner.headers = {**owner.headers, "content-type": "multipart/form-data; boundary=x"}
    made = await owner.ask("POST", "/files", data=body())
    assert made["bytes"] == len(piece) * count
    size = 0
    async with owner.served.client.get(
        f"{owner.served.url}/v1/files/{made['id']}/content", headers=owner.headers
    ) as answer:
        async for data in answer.content.iter_chunked(1 << 16):
            size += len(data)
    assert size == made["bytes"]
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < made["bytes"] / 1e6 / 3, "memory grows with the file"
