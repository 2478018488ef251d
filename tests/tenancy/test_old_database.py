"""A database from before tenancy: every key still opens, in the project that it named."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from pleiade.domain import Role
from pleiade.store import migrate, open_database, unit_of_work
from pleiade.store.migrate import MIGRATIONS
from pleiade.tenancy.audit import verify
from pleiade.tenancy.keys import create_key, hash_secret
from pleiade.tenancy.opening import open_keys
from pleiade.tenancy.projects import list_projects

BEFORE = "0003"
OLD = [
    {"id": "key_1", "name": "laptop", "secret": "one", "role": "member", "project": "default"},
    {"id": "key_2", "name": "ops", "secret": "two", "role": "admin", "project": "default"},
    {"id": "key_3", "name": "l'été 🌞", "secret": "three", "role": "member", "project": 'say "hi" 🚀'},
    {"id": "key_4", "name": "gone", "secret": "four", "role": "member", "project": "gone", "revoked": 1_700_000_000},
]


def test_keys_of_before_tenancy_still_open(database_url: str) -> None:
    db = open_database(database_url)
    with unit_of_work(db) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        for key in OLD:
            connection.execute(
                sa.text(
                    "INSERT INTO keys (id, name, sha256, hint, role, project, created, expires, revoked) "
                    "VALUES (:id, :name, :sha256, 'xxxx', :role, :project, 1700000000, 0, :revoked)"
                ),
                {"revoked": 0, "sha256": hash_secret(str(key["secret"])), **key},
            )
    migrate(db)
    opened = {secret: open_keys(db).get(hash_secret(secret)) for secret in ("one", "two", "three", "four")}
    assert opened["four"] is None
    principals = {secret: entry.principal for secret, entry in opened.items() if entry is not None}
    assert {secret: (who.key, who.organisation, who.project) for secret, who in principals.items()} == {
        "one": ("key_1", "default", "default"),
        "two": ("key_2", "default", "default"),
        "three": ("key_3", "default", 'say "hi" 🚀'),
    }
    assert (principals["two"].role, principals["two"].kind) == (Role.ADMIN, "admin")
    assert (principals["one"].kind, principals["one"].scopes) == ("project", ("all",))
    assert {one.id for one in list_projects(db, "default").items} == {"default", 'say "hi" 🚀', "gone"}
    create_key(db, name="new", project='say "hi" 🚀')
    assert verify(db).problems == ()
    db.dispose()
