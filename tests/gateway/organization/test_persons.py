"""A person's data: whole when it is taken along, gone when it is erased, in every table and every file."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import Customer
from records import a_run, ship
from scripted_engine import well_behaved

from pleiade.domain import OPERATOR, Role
from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.persons.erase import erase
from pleiade.persons.places import ELSEWHERE, Subject, tables_of
from pleiade.products.chat import attachments, chats, feedback, folders, messages, shares
from pleiade.products.chat.nouns import Extract
from pleiade.products.pictures import objects, pictures
from pleiade.products.pictures.nouns import Blob, Made, PictureRequest
from pleiade.products.records.rows import Owner
from pleiade.runs.shipping import Shipper
from pleiade.settings import Settings
from pleiade.store import reading, unit_of_work
from pleiade.store.object_storage import Objects, ObjectsError, new_name
from pleiade.store.tables import metadata
from pleiade.tenancy.invites import send_invite
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.members import add_member
from pleiade.tenancy.signin.passwords import set_password
from pleiade.tenancy.signin.sessions import begin_session
from pleiade.tenancy.users import create_user

WORD = "zanzibar"  # in everything that this person ever wrote
EMAIL = f"{WORD}@acme.example"
both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def served(serve: Any, tmp_path: Path, two: tuple[Customer, Customer], database: sa.Engine) -> Any:
    """A gateway that keeps what is said."""
    url = database.url.render_as_string(hide_password=False)
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": url, "runs": "content", "runs_redact": False}
    served = await serve(rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(url), **wanted)
    served.engine.script = well_behaved
    return served


async def call(served: Any, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key}"}
    async with served.client.request(method, f"{served.url}/v1{path}", headers=headers, json=body) as answer:
        data = await answer.read()
        return answer.status, json.loads(data) if answer.content_type == "application/json" else data


def a_life(db: sa.Engine, customer: Customer, home: Path) -> str:
    """Somebody who used everything; their id."""
    user = create_user(db, email=EMAIL, name=WORD.title(), actor=OPERATOR).id
    for project in ("", customer.project):
        add_member(db, customer.id, user, role=Role.DEVELOPER, project=project, actor=OPERATOR)
    set_password(db, user, f"the word is {WORD}", actor=OPERATOR)
    begin_session(db, user=user, organisation=customer.id, method="password", actor=OPERATOR)
    send_invite(db, customer.id, email=EMAIL.replace("@", "+2@"), role=Role.MEMBER, actor=OPERATOR)
    owner = Owner(customer.project, user)
    file, picture = new_name("bin"), new_name("png")
    Objects(str(home / "attachments")).write(file, WORD.encode())
    Objects(str(home / "pictures" / "gallery")).write(picture, WORD.encode())
    with unit_of_work(db) as connection:
        extract = Extract(kind="text", type="text/plain", text=f"a file of {WORD}")
        attached = attachments.insert(connection, owner, name=f"{WORD}.txt", size=8, extract=extract, object=file)
        folder = folders.insert(connection, owner, name=WORD, attachments=[attached.id])
        for temporary in (False, True):
            chat = chats.insert(connection, owner, title=WORD, folder=folder.id, temporary=temporary)
            asked = messages.insert(
                connection, owner, chat, parent=None, role="user", content=f"I am {WORD}", attachments=[attached.id]
            )
            said = messages.insert(
                connection, owner, chat, parent=asked.id, role="assistant", content=f"Hello {WORD}", request={"x": WORD}
            )
        shares.share(connection, owner, chat.id, 3600)
        rating: dict[str, Any] = {"verdict": "down", "reasons": [WORD], "correction": WORD, "consent": True}
        feedback.rate(connection, owner, chat.id, said.id, **rating)
        fields = {"prompt": WORD, "width": 8, "height": 8, "bytes": 8, "format": "png", "step": "step_1"}
        request = PictureRequest(route="/images/generations", body={"prompt": WORD})
        image = pictures.insert(connection, owner, Made(kind="generation", **fields), request)
        blobs = [Blob("picture", picture, "0" * 64, 8)]
        objects.use(connection, image.id, objects.reserve(connection, owner, blobs, 0))
    return user


def places_of(db: sa.Engine, home: Path, *words: str) -> set[str]:
    """Every table and file in which one of `words` stands."""
    found, words = set(), tuple(word.lower() for word in words)
    with reading(db) as connection:
        for name in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{name}"')):
                text = " ".join(
                    bytes(one).decode("latin-1") if isinstance(one, (bytes, memoryview)) else str(one) for one in row
                )
                if any(word in text.lower() for word in words):
                    found.add(name)
    kept = [path for path in home.rglob("*") if path.is_file() and not path.name.startswith("pleiade.db")]
    return found | {path.name for path in kept if any(word.encode() in path.read_bytes().lower() for word in words)}


async def use_everything(served: Any, database: sa.Engine, customer: Customer, home: Path) -> tuple[str, str]:
    """The person and their key, after they called everything, too."""
    user = a_life(database, customer, home)
    place: dict[str, Any] = {"organisation": customer.id, "project": customer.project, "owner": user}
    key = create_key(database, name=f"{WORD}'s laptop", role=Role.DEVELOPER, actor=OPERATOR, **place)[0]
    await served.gateway.keys.refresh()
    client = customer.client(key, strict=False)
    said: Any = [{"role": "user", "content": f"I am {WORD}"}]
    await client.chat.completions.create(model="chat", messages=said, store=True, metadata={"who": WORD})
    await client.responses.create(model="chat", input=f"I am {WORD}", store=True)
    async for _ in await client.responses.create(model="chat", input=f"I am {WORD}", stream=True):
        pass
    served.gateway.recorder.spool.flush()
    Shipper(home / "runs", database, keep=True).turn()
    _, told = await call(served, customer.key, "GET", "/organization/runs")
    rated = {"run_id": told["data"][0]["id"], "verdict": "up", "correction": WORD}
    assert (await call(served, key, "POST", "/feedback", rated))[0] == 200
    return user, key


@both
async def test_nothing_of_an_erased_person_is_found_again(
    served: Any, acme: Customer, database: sa.Engine, tmp_path: Path
) -> None:
    user, key = await use_everything(served, database, acme, tmp_path)
    before = places_of(database, tmp_path, WORD, user)
    assert {"chats", "chat_messages", "pictures", "responses", "chat_completions", "runs", "feedback"} <= before
    status, archive = await call(served, acme.key, "GET", f"/organization/users/{user}/data")
    assert status == 200, archive

    # A call that ended a moment before is not in the database yet.
    client = acme.client(key, strict=False)
    await client.chat.completions.create(model="chat", messages=[{"role": "user", "content": WORD}])
    served.gateway.recorder.spool.flush()
    status, told = await call(served, acme.key, "POST", f"/organization/users/{user}/erase", {"email": "x@y.example"})
    assert status == 400, "not by mistake"
    status, told = await call(served, acme.key, "POST", f"/organization/users/{user}/erase", {"email": EMAIL})
    assert status == 200, told
    assert {told[name] for name in ("account", "erased")} == {True}
    assert (told["chats"], told["files"], told["pictures"], told["feedback"]) == (2, 1, 1, 2)
    assert min(told["responses"], told["completions"], told["runs"]) >= 1
    while Shipper(tmp_path / "runs", database, keep=True).turn():
        pass

    assert places_of(database, tmp_path, WORD) <= {"audit_log", "invites"}, "the log of administration stays"
    by_id = {"audit_log", "erased", "keys", "series"}
    assert places_of(database, tmp_path, user) <= by_id, "the books name the id, and nothing else"
    await served.gateway.keys.refresh()
    assert (await call(served, key, "GET", "/models"))[0] == 401
    assert (await call(served, acme.key, "GET", f"/organization/users/{user}"))[0] == 404


async def test_what_is_taken_along_is_everything(
    served: Any, acme: Customer, database: sa.Engine, tmp_path: Path
) -> None:
    user, _ = await use_everything(served, database, acme, tmp_path)
    status, data = await call(served, acme.key, "GET", f"/organization/users/{user}/data")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    counts = json.loads(files["records.json"])
    assert {name: len(data.splitlines()) for name, data in files.items() if name.endswith(".jsonl")} == {
        **{f"{name}.jsonl": count for name, count in counts.items()},
        "run_contents.jsonl": counts["runs"],
    }
    empty = [name for name, count in counts.items() if not count]
    assert empty == [], "this person has some of everything"
    assert WORD.encode() in files["messages.jsonl"]
    assert WORD.encode() in files["run_contents.jsonl"]
    assert [data for name, data in files.items() if name.startswith(("attachments/", "pictures/"))] == [
        WORD.encode()
    ] * 2
    assert b"sha256" not in files["keys.jsonl"]


async def test_only_owners_may_and_the_last_one_stays(served: Any, acme: Customer, database: sa.Engine) -> None:
    owner = f"/organization/users/{acme.owner}"
    place: dict[str, Any] = {"organisation": acme.id, "project": acme.project, "kind": "admin", "actor": OPERATOR}
    admin = create_key(database, name="a", role=Role.ADMIN, **place)[0]
    other = create_key(database, name="o", role=Role.OWNER, **place)[0]
    await served.gateway.keys.refresh()
    for method, path, body in (("GET", "/data", None), ("POST", "/erase", {"email": "owner@acme.example"})):
        assert (await call(served, admin, method, owner + path, body))[0] in (401, 403)
    status, told = await call(served, other, "POST", f"{owner}/erase", {"email": "owner@acme.example"})
    assert (status, told["error"]["code"]) == (400, "conflict")
    assert (await call(served, other, "GET", owner))[0] == 200


async def test_an_interrupted_erasure_is_finished_and_other_organisations_keep_theirs(
    served: Any, acme: Customer, globex: Customer, database: sa.Engine, tmp_path: Path
) -> None:
    user = a_life(database, acme, tmp_path)
    for project in ("", globex.project):
        add_member(database, globex.id, user, role=Role.MEMBER, project=project, actor=OPERATOR)
    ship(database, [a_run(organisation=globex.id, project=globex.project, user=user)])

    class Away(Objects):
        def delete(self, name: str) -> None:
            raise ObjectsError("the bucket is away")

    subject, gallery = Subject(acme.id, user), Objects(str(tmp_path / "pictures" / "gallery"))
    with pytest.raises(ObjectsError):
        erase(database, subject, Away(str(tmp_path / "attachments")), gallery, actor=OPERATOR)
    status, told = await call(served, acme.key, "POST", f"/organization/users/{user}/erase", {"email": EMAIL})
    assert (status, told["account"]) == (200, False), told
    assert list((tmp_path / "attachments").iterdir()) == []
    assert (await call(served, globex.key, "GET", f"/organization/users/{user}"))[0] == 200
    _, told = await call(served, globex.key, "GET", f"/organization/runs?user_ids={user}")
    assert len(told["data"]) == 1


def test_every_column_that_names_people_is_decided_about() -> None:
    """A new table with an owner fails here, until somebody has said what becomes of it."""
    known = {table.name for table, _ in tables_of(Subject("o", "u")).values()}
    names = ("owner", "user", "email", "actor", "actor_id", "actor_email", "handled_by", "changed_by", "created_by")
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if column.name in names and not (table.name in known and column.name in ("owner", "user"))
    }
    assert columns == set(ELSEWHERE)
