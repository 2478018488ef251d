"""People: their places, the last owner, and what their keys may once a place changes."""

import threading

import pytest
import sqlalchemy as sa

from pleiade.domain import Role
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError, TenancyError
from pleiade.tenancy.keys import create_key, get_key, hash_secret, version
from pleiade.tenancy.members import add_member, get_member, list_members, memberships, remove_member, set_role
from pleiade.tenancy.opening import open_keys, principal_of_user
from pleiade.tenancy.signin.passwords import has_password, set_password
from pleiade.tenancy.users import create_user, delete_user, find_user, get_user, list_users, rename_user, user_by_email
from tenancy.tenants import ACTOR, make_member, make_tenant


def test_one_address_is_one_person_however_it_is_written(db: sa.Engine) -> None:
    user = create_user(db, email=" Ada.Lovelace@Example.COM ", actor=ACTOR)
    assert (user.email, user.name) == ("ada.lovelace@example.com", "ada.lovelace")
    assert user.id.startswith("user-")
    assert find_user(db, "ADA.lovelace@example.com") == user == get_user(db, user.id) == find_user(db, user.id)
    assert user_by_email(db, "nobody@example.com") is None
    with pytest.raises(ConflictError, match="already"):
        create_user(db, email="ada.LOVELACE@example.com", actor=ACTOR)
    for wrong in ("", "ada", "ada@", "a b@c", "a@b\0c", "a\n@b", "@", "a@b@c", "é" * 300 + "@x", '"a"@b'):
        with pytest.raises(InvalidError, match="email"):
            create_user(db, email=wrong, actor=ACTOR)


def test_a_member_has_a_role_in_the_organisation_and_another_in_a_project(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    user = make_member(db, tenant, Role.VIEWER, Role.DEVELOPER)
    assert get_member(db, tenant.id, user.id).role == "viewer"
    assert get_member(db, tenant.id, user.id, project=tenant.project.id).role == "developer"
    assert [(place.project, place.role) for place in memberships(db, user.id)] == [
        ("", "viewer"),
        (tenant.project.id, "developer"),
    ]
    assert {member.user for member in list_members(db, tenant.id).items} == {tenant.owner.id, user.id}
    assert [one.user for one in list_members(db, tenant.id, emails=(user.email.upper(), "\0")).items] == [user.id]
    with pytest.raises(ConflictError, match="already"):
        add_member(db, tenant.id, user.id, role="member", actor=ACTOR)
    with pytest.raises(InvalidError, match="not a role"):
        add_member(db, tenant.id, user.id, role="emperor", actor=ACTOR)


def test_a_project_takes_only_members_of_its_organisation(db: sa.Engine) -> None:
    mine, theirs = make_tenant(db), make_tenant(db, "Other")
    for stranger in (theirs.owner.id, "user-nonexistent", "'", "\0"):
        with pytest.raises(NotFoundError) as caught:
            add_member(db, mine.id, stranger, role="member", project=mine.project.id, actor=ACTOR)
        assert str(caught.value) == f"no user has the id {stranger!r}"
        for change in (
            lambda stranger=stranger: get_member(db, mine.id, stranger),
            lambda stranger=stranger: set_role(db, mine.id, stranger, role="owner", actor=ACTOR),
            lambda stranger=stranger: remove_member(db, mine.id, stranger, actor=ACTOR),
        ):
            with pytest.raises(NotFoundError, match="no user has the id"):
                change()
    with pytest.raises(NotFoundError):
        add_member(db, mine.id, mine.owner.id, role="member", project=theirs.project.id, actor=ACTOR)


def test_the_last_owner_is_neither_removed_nor_demoted_nor_deleted(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    for change in (
        lambda: remove_member(db, tenant.id, tenant.owner.id, actor=ACTOR),
        lambda: set_role(db, tenant.id, tenant.owner.id, role="admin", actor=ACTOR),
        lambda: delete_user(db, tenant.owner.id, actor=ACTOR),
    ):
        with pytest.raises(ConflictError, match="last owner"):
            change()
    other = make_member(db, tenant, Role.OWNER)
    set_role(db, tenant.id, tenant.owner.id, role="viewer", actor=ACTOR)
    with pytest.raises(ConflictError, match="last owner"):
        remove_member(db, tenant.id, other.id, actor=ACTOR)


def test_two_owners_who_leave_at_the_same_moment_leave_one_behind(db: sa.Engine) -> None:
    for _ in range(5):
        tenant = make_tenant(db)
        owners = [tenant.owner.id, make_member(db, tenant, Role.OWNER).id]
        together = threading.Barrier(2)
        refused: list[TenancyError] = []

        def leave(user: str, tenant=tenant, together=together, refused=refused) -> None:  # type: ignore[no-untyped-def]
            together.wait()
            try:
                remove_member(db, tenant.id, user, actor=ACTOR)
            except TenancyError as error:
                refused.append(error)

        threads = [threading.Thread(target=leave, args=(user,)) for user in owners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        assert [member.role for member in list_members(db, tenant.id).items] == ["owner"]


def test_a_persons_key_never_may_more_than_the_person(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    user = make_member(db, tenant, Role.MEMBER, Role.DEVELOPER)
    place = {"organisation": tenant.id, "project": tenant.project.id}
    secret, key = create_key(db, name="k", role=Role.OWNER, owner=user.id, actor=ACTOR, **place)
    digest = hash_secret(secret)
    principal = open_keys(db)[digest].principal
    assert (principal.role, principal.user, principal.kind) == (Role.DEVELOPER, user.id, "project")
    before = version(db)
    set_role(db, tenant.id, user.id, role="viewer", project=tenant.project.id, actor=ACTOR)
    assert version(db) > before
    assert open_keys(db)[digest].principal.role is Role.VIEWER
    set_role(db, tenant.id, user.id, role="admin", actor=ACTOR)  # of the organisation: in every project
    assert open_keys(db)[digest].principal.role is Role.ADMIN
    before = version(db)
    remove_member(db, tenant.id, user.id, actor=ACTOR)
    assert version(db) > before
    assert digest not in open_keys(db)
    add_member(db, tenant.id, user.id, role="owner", actor=ACTOR)
    assert digest not in open_keys(db)  # back again, with new keys only
    assert get_key(db, tenant.id, key.id).revoked > 0


def test_a_person_without_a_place_in_the_project_has_no_key_there(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    user = make_member(db, tenant, Role.MEMBER)
    place = {"organisation": tenant.id, "project": tenant.project.id}
    secret, _ = create_key(db, name="k", owner=user.id, actor=ACTOR, **place)
    assert hash_secret(secret) not in open_keys(db)
    add_member(db, tenant.id, user.id, role="member", project=tenant.project.id, actor=ACTOR)
    assert hash_secret(secret) in open_keys(db)
    for stranger in (other.owner.id, "user-nonexistent", "svc_acct_nonexistent", "\0"):
        with pytest.raises(NotFoundError, match="no user or service account"):
            create_key(db, name="k", owner=stranger, actor=ACTOR, **place)


def test_a_deleted_person_leaves_no_key_and_frees_the_address(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    user = make_member(db, tenant, Role.DEVELOPER, Role.MEMBER)
    place = {"organisation": tenant.id, "project": tenant.project.id}
    secret, _ = create_key(db, name="k", owner=user.id, actor=ACTOR, **place)
    set_password(db, user.id, "correct horse battery", actor=ACTOR)
    before = version(db)
    delete_user(db, user.id, actor=ACTOR)
    assert version(db) > before
    assert not has_password(db, user.id)
    assert hash_secret(secret) not in open_keys(db)
    assert memberships(db, user.id) == []
    assert create_user(db, email=user.email, actor=ACTOR).id != user.id
    with pytest.raises(NotFoundError):
        delete_user(db, user.id, actor=ACTOR)


def test_who_signs_in_acts_with_their_role_where_they_are(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    user = make_member(db, tenant, Role.VIEWER, Role.DEVELOPER)
    whole = principal_of_user(db, user.id, tenant.id)
    assert whole is not None
    assert (whole.kind, whole.role, whole.project, whole.key) == ("admin", Role.VIEWER, "", "")
    inside = principal_of_user(db, user.id, tenant.id, tenant.project.id)
    assert inside is not None
    assert (inside.kind, inside.role, inside.user) == ("project", Role.DEVELOPER, user.id)
    owner = principal_of_user(db, tenant.owner.id, tenant.id, tenant.project.id)
    assert owner is not None
    assert owner.role is Role.OWNER  # without a place of their own in the project
    for organisation, project in ((other.id, ""), (tenant.id, other.project.id), ("\0", ""), (tenant.id, "'")):
        assert principal_of_user(db, user.id, organisation, project) is None


def test_everybody_is_listed_and_can_be_renamed(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    renamed = rename_user(db, tenant.owner.id, name="L'été 🌞", actor=ACTOR)
    assert renamed in list_users(db).items
    with pytest.raises(InvalidError):
        rename_user(db, tenant.owner.id, name="\x1b[31mred", actor=ACTOR)
