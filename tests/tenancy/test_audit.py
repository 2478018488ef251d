"""The audit log: every act is in it with who did it, and nobody changes or shortens it unseen."""

import csv
import hashlib
import json
import subprocess
import sys

import msgspec
import pytest
import sqlalchemy as sa

from pleiade.domain import OPERATOR, Actor, Place
from pleiade.store import unit_of_work
from pleiade.store.tenants import audit_head, audit_log
from pleiade.tenancy import audit
from pleiade.tenancy.audit_reading import Wanted, export_csv, export_json, list_events
from pleiade.tenancy.errors import InvalidError, NotFoundError
from pleiade.tenancy.invites import delete_invite, send_invite
from pleiade.tenancy.keys import create_key, revoke_key
from pleiade.tenancy.members import remove_member, set_role
from pleiade.tenancy.organisations import update_organisation
from pleiade.tenancy.projects import archive_project, create_project, rename_project
from pleiade.tenancy.rotation import rotate_key
from pleiade.tenancy.service_accounts import create_service_account, delete_service_account
from tenancy.tenants import ACTOR, make_member, make_tenant


def change_something(db: sa.Engine, times: int = 3) -> str:
    """An organisation with some events; its id."""
    tenant = make_tenant(db)
    for number in range(times):
        create_project(db, tenant.id, name=f"Projet « {number} » 🚀", actor=ACTOR)
    return tenant.id


def test_every_act_is_written_down_as_openai_names_it(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    place = {"organisation": tenant.id, "project": tenant.project.id}
    _, key = create_key(db, name="k", scopes=("model.request",), actor=ACTOR, **place)
    rotate_key(db, key.id, organisation=tenant.id, actor=ACTOR)
    revoke_key(db, key.id, organisation=tenant.id, actor=ACTOR)
    user = make_member(db, tenant)
    set_role(db, tenant.id, user.id, role="admin", actor=ACTOR)
    remove_member(db, tenant.id, user.id, actor=ACTOR)
    _, invite = send_invite(db, tenant.id, email="new@example.com", role="viewer", actor=ACTOR)
    delete_invite(db, tenant.id, invite.id, actor=ACTOR)
    account, _, _ = create_service_account(db, tenant.id, tenant.project.id, name="bot", actor=ACTOR)
    delete_service_account(db, tenant.id, tenant.project.id, account.id, actor=ACTOR)
    rename_project(db, tenant.id, tenant.project.id, name="New", actor=ACTOR)
    archive_project(db, tenant.id, tenant.project.id, actor=ACTOR)
    update_organisation(db, tenant.id, name="Acme Ltd", actor=ACTOR)
    events = list_events(db, Wanted(organisation=tenant.id), limit=100).items
    assert [event.type for event in reversed(events)] == [
        "organization.created",
        "project.created",
        "user.added",
        "api_key.created",
        "api_key.updated",
        "api_key.deleted",
        "user.added",
        "user.updated",
        "user.deleted",
        "invite.sent",
        "invite.deleted",
        "service_account.created",
        "api_key.created",
        "service_account.deleted",
        "project.updated",
        "project.archived",
        "organization.updated",
    ]
    assert all(event.actor == ACTOR for event in events)
    (created,) = list_events(db, Wanted(types=("api_key.created",), resources=(key.id,))).items
    assert created.details["id"] == key.id
    assert created.details["data"]["scopes"] == ["model.request"]
    assert created.project == tenant.project.id


def test_an_act_that_fails_leaves_no_event_and_an_event_that_fails_no_act(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    before = list_events(db, Wanted(), limit=1).items[0]
    with pytest.raises(NotFoundError):
        send_invite(
            db, tenant.id, email="a@b.example", role="member", projects=[Place("nowhere", "member")], actor=ACTOR
        )
    assert list_events(db, Wanted(), limit=1).items[0] == before
    unwritable = msgspec.structs.replace(ACTOR, email="x" * 1000 if db.dialect.name == "postgresql" else object())
    with pytest.raises((sa.exc.DBAPIError, sa.exc.InterfaceError, TypeError)):
        create_project(db, tenant.id, name="Never", actor=unwritable)
    assert list_events(db, Wanted(), limit=1).items[0] == before
    assert audit.verify(db).problems == ()


def test_an_untouched_log_is_proven(db: sa.Engine) -> None:
    change_something(db)
    found = audit.verify(db)
    assert (found.problems, found.events > 0, len(found.head)) == ((), True, 64)
    change_something(db)
    assert audit.verify(db, head=found.head).problems == ()  # what was noted earlier is still in it


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("details", '{"id":"proj_other"}'),
        ("actor", '{"type":"operator"}'),
        ("time", 1),
        ("type", "project.updated"),
        ("organisation", "default"),
        ("previous", "0" * 64),
    ],
)
def test_a_changed_event_is_found(sqlite_db: sa.Engine, column: str, value: object) -> None:
    change_something(sqlite_db)
    with unit_of_work(sqlite_db) as connection:
        connection.execute(sa.update(audit_log).where(audit_log.c.sequence == 3).values({column: value}))
    assert any("event 3" in problem for problem in audit.verify(sqlite_db).problems)


def test_a_changed_event_with_a_new_hash_is_found_at_the_next_one(db: sa.Engine) -> None:
    change_something(db)
    with unit_of_work(db) as connection:
        row = dict(connection.execute(sa.select(audit_log).where(audit_log.c.sequence == 3)).mappings().one())
        row = {str(name): value for name, value in row.items()} | {"time": 1}
        values = {"time": 1, "sha256": audit.digest_of(row)}
        connection.execute(sa.update(audit_log).where(audit_log.c.sequence == 3).values(values))
    assert audit.verify(db).problems == ("event 4 does not follow the one before it",)


def test_a_missing_event_is_found_wherever_it_was(db: sa.Engine) -> None:
    change_something(db)
    noted = audit.verify(db).head
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(audit_log).where(audit_log.c.sequence == 2))
    assert "events 2 to 2 are missing" in audit.verify(db).problems
    with unit_of_work(db) as connection:  # all of it
        connection.execute(sa.delete(audit_log))
    assert any("were written" in problem for problem in audit.verify(db).problems)
    with unit_of_work(db) as connection:  # and the end as well: only who noted a hash can tell
        connection.execute(sa.update(audit_head).values(sequence=0, sha256=audit.ZEROS))
    assert audit.verify(db).problems == ()
    assert "shortened" in audit.verify(db, head=noted).problems[0]


WRITER = """
import sys
from pleiade.domain import OPERATOR
from pleiade.store import open_database
from pleiade.tenancy.projects import create_project
db = open_database(sys.argv[1])
for number in range(20):
    create_project(db, "default", name=f"{sys.argv[2]} {number}", actor=OPERATOR)
"""


def test_processes_that_write_at_once_make_one_chain(db: sa.Engine) -> None:
    url = db.url.render_as_string(hide_password=False)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, str(number)]) for number in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    found = audit.verify(db)
    assert (found.events, found.problems) == (40, ())


def test_an_export_can_be_verified_without_this_program(db: sa.Engine) -> None:
    change_something(db)
    previous = "0" * 64
    lines = [json.loads(line) for line in export_json(db, Wanted())]
    for number, line in enumerate(lines, start=1):
        hashed = [line[name] for name in ("previous", "sequence", "id", "time", "organisation", "project", "type")]
        text = json.dumps([*hashed, line["actor"], line["details"]], ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == line["sha256"]
        assert (line["previous"], line["sequence"]) == (previous, number)
        previous = line["sha256"]
    table = list(csv.DictReader("".join(export_csv(db, Wanted())).splitlines()))
    assert [row["sha256"] for row in table] == [line["sha256"] for line in lines]
    assert [row["details"] for row in table] == [line["details"] for line in lines]
    assert "🚀" in lines[-1]["details"]


def test_events_are_found_by_whose_and_what_and_when(db: sa.Engine) -> None:
    first, second = change_something(db), change_something(db)
    other = Actor(type="api_key", key="key_1", user="svc_acct_1")
    create_project(db, second, name="P", actor=other)
    assert all(event.organisation == first for event in list_events(db, Wanted(organisation=first)).items)
    (only,) = list_events(db, Wanted(actor_ids=("svc_acct_1",))).items
    assert (only.actor, only.organisation) == (other, second)
    assert list_events(db, Wanted(actor_emails=(ACTOR.email,), types=("user.added", "\0"))).items != ()
    assert list_events(db, Wanted(actor_emails=("\0",))).items == ()
    assert list_events(db, Wanted(until=1)).items == ()
    assert list_events(db, Wanted(since=1, projects=(only.project,))).items == (only,)
    with pytest.raises(NotFoundError):
        list_events(db, Wanted(organisation=first), after=only.id)  # another tenant's event is no cursor
    with pytest.raises(InvalidError):
        list_events(db, Wanted(), limit=0)


def test_pages_of_events_meet_in_both_directions(db: sa.Engine) -> None:
    organisation = Wanted(organisation=change_something(db, 6))
    everything = list_events(db, organisation, limit=100).items
    first = list_events(db, organisation, limit=4)
    assert (first.items, first.more) == (everything[:4], True)
    assert list_events(db, organisation, after=first.items[-1].id, limit=4).items == everything[4:8]
    before = list_events(db, organisation, before=everything[5].id, limit=3)
    assert (before.items, before.more) == (everything[2:5], True)


def test_the_command_line_is_an_actor_too(db: sa.Engine) -> None:
    create_key(db, name="k")
    assert list_events(db, Wanted(), limit=1).items[0].actor == OPERATOR
