"""Organisations and projects: what archiving and deleting stop, and what they keep."""

import pytest
import sqlalchemy as sa

from pleiade.domain import Billing, Storefront
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError
from pleiade.tenancy.keys import create_key, hash_secret, version
from pleiade.tenancy.members import list_members
from pleiade.tenancy.opening import open_keys
from pleiade.tenancy.organisations import (
    archive_organisation,
    create_organisation,
    delete_organisation,
    find_organisation,
    get_organisation,
    list_organisations,
    restore_organisation,
    update_organisation,
)
from pleiade.tenancy.projects import (
    archive_project,
    create_project,
    find_project,
    get_project,
    list_projects,
    rename_project,
)
from tenancy.tenants import ACTOR, make_member, make_tenant


def nothing_unpaid(db: sa.Engine, organisation: str) -> list[str]:
    return []


def test_the_house_and_its_first_project_are_there_from_the_start(db: sa.Engine) -> None:
    house = get_organisation(db, "default")
    assert (house.billing, house.storefront, house.currency) == (Billing.INTERNAL, Storefront.OPENAI, "USD")
    assert get_project(db, "default", "default").status == "active"
    for stop in (
        archive_organisation,
        lambda db, id, actor: delete_organisation(db, id, actor=actor, unpaid=nothing_unpaid),
    ):
        with pytest.raises(ConflictError, match="the house's own"):
            stop(db, "default", actor=ACTOR)
    with pytest.raises(ConflictError, match="the house's first"):
        archive_project(db, "default", "default", actor=ACTOR)


def test_a_new_organisation_has_an_id_like_openais_and_a_project(db: sa.Engine) -> None:
    made = create_organisation(db, name=" Acme « 🚀 » ", storefront=Storefront.AZURE, currency="EUR", actor=ACTOR)
    assert made.id.startswith("org-")
    assert made.name == "Acme « 🚀 »"
    assert get_organisation(db, made.id) == made == find_organisation(db, "Acme « 🚀 »")
    (project,) = list_projects(db, made.id).items
    assert project.id.startswith("proj_")
    assert made in list_organisations(db).items


def test_a_chosen_id_is_used_once_and_never_again(db: sa.Engine) -> None:
    create_organisation(db, name="A", id="acme", actor=ACTOR)
    delete_organisation(db, "acme", actor=ACTOR, unpaid=nothing_unpaid)
    with pytest.raises(ConflictError, match="or was"):
        create_organisation(db, name="B", id="acme", actor=ACTOR)
    with pytest.raises(InvalidError):
        create_organisation(db, name="B", id="ac me'--", actor=ACTOR)
    create_project(db, "default", name="P", id="web", actor=ACTOR)
    tenant = make_tenant(db)
    with pytest.raises(ConflictError, match="taken"):
        create_project(db, tenant.id, name="P", id="web", actor=ACTOR)


def test_what_an_organisation_is_billed_for_reaches_its_keys_at_once(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    secret, _ = create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)
    before = version(db)
    update_organisation(db, tenant.id, billing=Billing.PREPAID, storefront=Storefront.AZURE, actor=ACTOR)
    assert version(db) > before
    principal = open_keys(db)[hash_secret(secret)].principal
    assert (principal.billing, principal.storefront) == (Billing.PREPAID, Storefront.AZURE)
    unchanged = version(db)
    update_organisation(db, tenant.id, billing=Billing.PREPAID, actor=ACTOR)
    assert version(db) == unchanged  # nothing changed: nobody reads anything again
    for unknown in ("dollars", "XTS"):  # a code of the standard's, for tests: nobody pays in it
        with pytest.raises(InvalidError, match="ISO 4217"):
            update_organisation(db, tenant.id, currency=unknown, actor=ACTOR)


def test_an_archived_organisation_opens_nothing_until_it_is_restored(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    secret, _ = create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)
    before = version(db)
    archive_organisation(db, tenant.id, actor=ACTOR)
    assert version(db) > before
    assert hash_secret(secret) not in open_keys(db)
    assert tenant.id not in {one.id for one in list_organisations(db).items}
    assert tenant.id in {one.id for one in list_organisations(db, archived=True).items}
    with pytest.raises(ConflictError, match="archived"):
        create_project(db, tenant.id, name="P", actor=ACTOR)
    restore_organisation(db, tenant.id, actor=ACTOR)
    assert hash_secret(secret) in open_keys(db)


def test_an_archived_project_opens_nothing(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    secret, _ = create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)
    before = version(db)
    archived = archive_project(db, tenant.id, tenant.project.id, actor=ACTOR)
    assert archived.status == "archived"
    assert version(db) > before
    assert hash_secret(secret) not in open_keys(db)
    assert list_projects(db, tenant.id).items == ()
    assert list_projects(db, tenant.id, archived=True).items == (archived,)
    with pytest.raises(ConflictError, match="archived"):
        create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)
    with pytest.raises(ConflictError, match="archived"):
        rename_project(db, tenant.id, tenant.project.id, name="x", actor=ACTOR)


def test_an_organisation_with_an_unpaid_bill_is_not_deleted(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    secret, _ = create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)

    def one_bill(db: sa.Engine, organisation: str) -> list[str]:
        assert organisation == tenant.id
        return ["invoice 2026-10 (12.50 USD)"]

    with pytest.raises(ConflictError, match=r"unpaid bills.*2026-10 \(12\.50 USD\)"):
        delete_organisation(db, tenant.id, actor=ACTOR, unpaid=one_bill)
    assert hash_secret(secret) in open_keys(db)
    make_member(db, tenant)
    delete_organisation(db, tenant.id, actor=ACTOR, unpaid=nothing_unpaid)
    assert hash_secret(secret) not in open_keys(db)
    for gone in (get_organisation, list_projects, list_members):
        with pytest.raises(NotFoundError):
            gone(db, tenant.id)


def test_a_name_that_two_share_must_be_said_by_id(db: sa.Engine) -> None:
    first, second = (create_organisation(db, name="Twin", actor=ACTOR) for _ in range(2))
    with pytest.raises(InvalidError, match=f"{first.id}|{second.id}"):
        find_organisation(db, "Twin")
    for _ in range(2):
        create_project(db, first.id, name="Web", actor=ACTOR)
    with pytest.raises(InvalidError, match="2 projects"):
        find_project(db, first.id, "Web")


def test_the_projects_of_another_organisation_are_not_found_in_the_words_for_unknown_ones(db: sa.Engine) -> None:
    mine, theirs = make_tenant(db), make_tenant(db, "Other")
    for wanted in (theirs.project.id, "proj_nonexistent", "x'; DROP TABLE projects; --", "\0", "\ud800", "é" * 10_000):
        with pytest.raises(NotFoundError) as caught:
            get_project(db, mine.id, wanted)
        assert str(caught.value) == f"no project has the id {wanted[:80]!r}"
        for change in (
            lambda wanted=wanted: rename_project(db, mine.id, wanted, name="x", actor=ACTOR),
            lambda wanted=wanted: archive_project(db, mine.id, wanted, actor=ACTOR),
            lambda wanted=wanted: create_key(db, name="k", organisation=mine.id, project=wanted, actor=ACTOR),
            lambda wanted=wanted: list_projects(db, mine.id, after=wanted),
        ):
            with pytest.raises(NotFoundError):
                change()
    assert get_project(db, theirs.id, theirs.project.id) == theirs.project


def test_pages_follow_each_other_without_a_gap(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    made = [tenant.project, *(create_project(db, tenant.id, name=f"P{n}", actor=ACTOR) for n in range(6))]
    seen, after, more = [], "", True
    while more:
        page = list_projects(db, tenant.id, after=after, limit=3)
        seen += page.items
        more, after = page.more, page.items[-1].id
    assert sorted(one.id for one in seen) == sorted(one.id for one in made)
    assert len(seen) == len(made)
    for limit in (0, -1, 10_001):
        with pytest.raises(InvalidError, match="limit"):
            list_projects(db, tenant.id, limit=limit)
