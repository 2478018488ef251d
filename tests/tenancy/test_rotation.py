"""New secrets for keys in use: nothing is refused in between, and nothing old stays open for longer than said."""

import pytest
import sqlalchemy as sa

from pleiade.domain import Key
from pleiade.store import unit_of_work
from pleiade.store.tables import keys
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError
from pleiade.tenancy.keys import KeyNotFoundError, create_key, hash_secret, page_keys, revoke_key, update_key
from pleiade.tenancy.opening import open_keys
from pleiade.tenancy.projects import archive_project
from pleiade.tenancy.rotation import regenerate_key, rotate_key
from tenancy.tenants import ACTOR, Tenant, make_tenant


def key_in(db: sa.Engine, tenant: Tenant, **fields: object) -> tuple[str, Key]:
    return create_key(
        db,
        name="k",
        organisation=tenant.id,
        project=tenant.project.id,
        actor=ACTOR,
        **fields,  # type: ignore[arg-type]
    )


def opens(db: sa.Engine, *secrets: str) -> list[bool]:
    opened = open_keys(db)
    return [hash_secret(secret) in opened for secret in secrets]


def test_for_the_grace_period_both_secrets_are_the_same_key(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    old, key = key_in(db, tenant, scopes=("model.request",))
    new, rotated = rotate_key(db, key.id, organisation=tenant.id, grace_s=3600, actor=ACTOR)
    assert rotated.id == key.id
    opened = open_keys(db)
    assert opened[hash_secret(old)].principal == opened[hash_secret(new)].principal
    assert opened[hash_secret(old)].principal.key == key.id  # limits, budgets and usage go on
    assert opened[hash_secret(old)].expires > 0
    assert opened[hash_secret(new)].expires == 0
    assert [one.id for one in page_keys(db, tenant.id).items] == [key.id]


def test_the_old_secret_ends_with_the_grace_and_never_outlives_its_key(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    old, key = key_in(db, tenant, expires=4_000_000_000)
    new, rotated = rotate_key(db, key.id, organisation=tenant.id, grace_s=60, actor=ACTOR)
    assert rotated.expires == 4_000_000_000
    with unit_of_work(db) as connection:  # a minute later
        connection.execute(sa.update(keys).where(keys.c.replaced_by == key.id).values(expires=1_700_000_000))
    assert opens(db, old, new) == [False, True]
    second, _ = rotate_key(db, key.id, organisation=tenant.id, grace_s=3600, actor=ACTOR)
    assert opens(db, new, second) == [True, True]
    revoke_key(db, key.id, organisation=tenant.id, actor=ACTOR)
    assert opens(db, old, new, second) == [False, False, False]


def test_a_leaked_secret_ends_at_once_and_so_does_the_one_before_it(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    first, key = key_in(db, tenant)
    second, _ = rotate_key(db, key.id, organisation=tenant.id, grace_s=3600, actor=ACTOR)
    third, _ = rotate_key(db, key.id, organisation=tenant.id, grace_s=0, actor=ACTOR)
    assert opens(db, first, second, third) == [False, False, True]


def test_narrower_scopes_hold_for_the_old_secret_too(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    old, key = key_in(db, tenant)
    rotate_key(db, key.id, organisation=tenant.id, grace_s=3600, actor=ACTOR)
    update_key(db, tenant.id, key.id, scopes=("model.read",), actor=ACTOR)
    assert open_keys(db)[hash_secret(old)].principal.scopes == ("model.read",)


def test_each_of_a_projects_two_keys_is_regenerated_on_its_own(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    place = (db, tenant.id, tenant.project.id)
    first, key1 = regenerate_key(*place, "key1", actor=ACTOR)
    second, key2 = regenerate_key(*place, "key2", actor=ACTOR)
    assert (key1.slot, key2.slot, key1.id != key2.id) == ("key1", "key2", True)
    fresh, again = regenerate_key(*place, "key1", actor=ACTOR)
    assert again.id == key1.id
    assert opens(db, first, second, fresh) == [False, True, True]
    revoke_key(db, key1.id, organisation=tenant.id, actor=ACTOR)
    anew, key3 = regenerate_key(*place, "key1", actor=ACTOR)
    assert opens(db, fresh, anew) == [False, True]
    assert key3.id != key1.id
    with pytest.raises(InvalidError, match="key1 or key2"):
        regenerate_key(*place, "key3", actor=ACTOR)
    archive_project(db, tenant.id, tenant.project.id, actor=ACTOR)
    with pytest.raises(ConflictError, match="archived"):
        regenerate_key(*place, "key1", actor=ACTOR)


def test_what_cannot_be_rotated_says_so(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    _, key = key_in(db, tenant)
    for grace in (-1, 90 * 86400 + 1):
        with pytest.raises(InvalidError, match="90 days"):
            rotate_key(db, key.id, organisation=tenant.id, grace_s=grace, actor=ACTOR)
    for organisation, wanted in ((other.id, key.id), (tenant.id, "key_nonexistent"), (tenant.id, "\0")):
        with pytest.raises(KeyNotFoundError, match="no key has the id"):
            rotate_key(db, wanted, organisation=organisation, actor=ACTOR)
    with pytest.raises(NotFoundError):
        rotate_key(db, key.id, organisation=tenant.id, project="default", actor=ACTOR)
    revoke_key(db, key.id, organisation=tenant.id, actor=ACTOR)
    with pytest.raises(KeyNotFoundError, match="create a new one"):
        rotate_key(db, key.id, organisation=tenant.id, actor=ACTOR)
