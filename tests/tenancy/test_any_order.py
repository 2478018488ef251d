"""Whatever happens to people and places, in any order: keys open what their owners may, and somebody owns the house."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pleiade.domain import Role
from pleiade.store import open_database
from pleiade.tenancy.audit import verify
from pleiade.tenancy.errors import TenancyError
from pleiade.tenancy.keys import create_key, hash_secret, revoke_key
from pleiade.tenancy.members import add_member, list_members, remove_member, set_role
from pleiade.tenancy.opening import open_keys, principal_of_user
from pleiade.tenancy.organisations import archive_organisation, restore_organisation
from pleiade.tenancy.projects import archive_project, create_project
from pleiade.tenancy.rotation import rotate_key
from tenancy.tenants import ACTOR, make_member, make_tenant

PEOPLE, PROJECTS = 3, 2
COMMON = ["join", "leave", "promote", "join project", "leave project", "promote in project"]
RARE = ["key", "rotate", "revoke", "archive", "restore", "archive project"]
STEP = st.tuples(
    st.sampled_from(COMMON * 3 + RARE),
    st.integers(0, PEOPLE - 1),
    st.integers(0, PROJECTS - 1),
    st.sampled_from(list(Role)),
)


@pytest.fixture
def fresh(migrated_sqlite: Path) -> Callable[[], sa.Engine]:
    """Opens a new database; hypothesis asks for many within one test."""

    def make() -> sa.Engine:
        return open_database(f"sqlite:///{shutil.copy(migrated_sqlite, tempfile.mkdtemp(dir=migrated_sqlite.parent))}")

    return make


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a database for each step of shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=5, max_size=25))
def test_keys_open_exactly_what_their_owners_may(
    fresh: Callable[[], sa.Engine], steps: list[tuple[str, int, int, Role]]
) -> None:
    db = fresh()
    tenant = make_tenant(db)
    org = tenant.id
    people = [tenant.owner.id, *(make_member(db, tenant).id for _ in range(PEOPLE - 1))]
    projects = [tenant.project.id, create_project(db, org, name="Two", actor=ACTOR).id]
    issued: list[tuple[str, str, str, str]] = []  # secret, key, owner, project
    ended: set[str] = set()  # secrets that must never open again

    def act(what: str, person: str, project: str, role: Role) -> None:
        match what:
            case "join":
                add_member(db, org, person, role=role, actor=ACTOR)
            case "leave":
                remove_member(db, org, person, actor=ACTOR)
                ended.update(secret for secret, _, owner, _ in issued if owner == person)
            case "promote":
                set_role(db, org, person, role=role, actor=ACTOR)
            case "join project":
                add_member(db, org, person, role=role, project=project, actor=ACTOR)
            case "leave project":
                remove_member(db, org, person, project=project, actor=ACTOR)
                ended.update(secret for secret, _, owner, place in issued if (owner, place) == (person, project))
            case "promote in project":
                set_role(db, org, person, role=role, project=project, actor=ACTOR)
            case "key":
                place = {"organisation": org, "project": project}
                secret, key = create_key(db, name="k", role=role, owner=person, kind="project", actor=ACTOR, **place)
                issued.append((secret, key.id, person, project))
            case "rotate" if issued:
                old, key_id, owner, place_of = issued[-1]
                secret, _ = rotate_key(db, key_id, organisation=org, actor=ACTOR)
                ended.add(old)
                issued.append((secret, key_id, owner, place_of))
            case "revoke" if issued:
                revoke_key(db, issued[0][1], organisation=org, actor=ACTOR)
                ended.update(secret for secret, key_id, _, _ in issued if key_id == issued[0][1])
            case "archive":
                archive_organisation(db, org, actor=ACTOR)
            case "restore":
                restore_organisation(db, org, actor=ACTOR)
            case "archive project" if project != projects[0]:
                archive_project(db, org, project, actor=ACTOR)

    for person in people:  # to begin with, everybody has a place and a key everywhere
        for project in projects:
            act("join project", person, project, Role.DEVELOPER)
            act("key", person, project, Role.OWNER)
    for what, person, project, role in steps:
        try:
            act(what, people[person], projects[project], role)
        except TenancyError:
            continue  # refused, with a sentence: nothing changed
    opened = open_keys(db)
    for secret, key_id, owner, project in issued:
        entry = opened.get(hash_secret(secret))
        acting = principal_of_user(db, owner, org, project)
        if secret in ended or acting is None:
            assert entry is None
        else:
            assert entry is not None
            assert (entry.principal.key, entry.principal.user) == (key_id, owner)
            assert entry.principal.role.rank <= acting.role.rank
    assert any(member.role == "owner" for member in list_members(db, org).items)
    assert verify(db).problems == ()
    db.dispose()
