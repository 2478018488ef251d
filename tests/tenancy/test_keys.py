"""Keys: what is shown once is never stored, and what is revoked stays revoked."""

import pytest
import sqlalchemy as sa

from pleiade.domain import OPERATOR, Role
from pleiade.tenancy.keys import (
    KeyNotFoundError,
    create_key,
    find_key,
    hash_secret,
    list_keys,
    load_keys,
    revoke_key,
    version,
)
from pleiade.tenancy.projects import create_project
from pleiade.tenancy.rotation import rotate_key


def test_a_key_is_found_by_the_hash_of_its_secret(db: sa.Engine) -> None:
    create_project(db, "default", name="Research", id="research", actor=OPERATOR)
    secret, key = create_key(db, name="laptop", role=Role.ADMIN, project="research", expires=2_000_000_000)
    assert load_keys(db)[hash_secret(secret)] == key
    assert (key.role, key.project, key.expires, key.hint) == (
        Role.ADMIN,
        "research",
        2_000_000_000,
        secret[-4:],
    )


def test_secrets_have_the_documented_shape_and_never_repeat(sqlite_db: sa.Engine) -> None:
    secrets = {create_key(sqlite_db, name="k")[0] for _ in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("sk-pleiade-") and len(secret) == 11 + 43 for secret in secrets)


def test_no_table_holds_a_secret(db: sa.Engine) -> None:
    secret, _ = create_key(db, name="laptop")
    with db.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                assert secret not in str(row)


def test_a_revoked_key_stays_listed_with_its_time(db: sa.Engine) -> None:
    secret, key = create_key(db, name="laptop")
    revoked = revoke_key(db, key.id)
    assert revoked.revoked > 0
    assert load_keys(db)[hash_secret(secret)] == revoked
    assert revoke_key(db, key.id) == revoked  # again changes nothing


def test_rotating_gives_a_new_secret_and_revokes_the_old_one(db: sa.Engine) -> None:
    create_project(db, "default", name="Research", id="research", actor=OPERATOR)
    old_secret, old = create_key(db, name="laptop", role=Role.ADMIN, project="research")
    new_secret, new = rotate_key(db, "laptop")
    keys = load_keys(db)
    assert keys[hash_secret(old_secret)].revoked > 0
    assert keys[hash_secret(new_secret)] == new
    assert (new.name, new.role, new.project, new.revoked) == (old.name, old.role, old.project, 0)
    assert new.id == old.id  # limits, budgets and usage of the key go on
    with pytest.raises(KeyNotFoundError, match="create a new one"):
        rotate_key(db, keys[hash_secret(old_secret)].id)


def test_a_name_that_two_keys_share_must_be_said_by_id(db: sa.Engine) -> None:
    _, first = create_key(db, name="shared")
    _, second = create_key(db, name="shared")
    with pytest.raises(KeyNotFoundError, match=f"2 keys.*{first.id}|2 keys.*{second.id}"):
        revoke_key(db, "shared")
    revoke_key(db, first.id)
    assert find_key(db, "shared") == second


def test_an_unknown_key_says_where_to_look(db: sa.Engine) -> None:
    with pytest.raises(KeyNotFoundError, match="pleiade key list"):
        revoke_key(db, "nobody")


def test_every_change_grows_the_version(db: sa.Engine) -> None:
    seen = [version(db)]
    _, key = create_key(db, name="a")
    seen.append(version(db))
    rotate_key(db, key.id)
    seen.append(version(db))
    revoke_key(db, "a")
    seen.append(version(db))
    list_keys(db)
    assert seen == sorted(set(seen))
