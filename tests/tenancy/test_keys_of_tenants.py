"""Keys among tenants: whose they are, what they are for, when they end; and ten thousand of them."""

import time

import msgspec
import pytest
import sqlalchemy as sa

from pleiade.domain import Key, Role
from pleiade.store import unit_of_work
from pleiade.store.tables import keys
from pleiade.tenancy.checks import LATEST
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError
from pleiade.tenancy.keys import (
    KeyNotFoundError,
    as_row,
    create_key,
    find_key,
    get_key,
    hash_secret,
    last_uses,
    note_last_use,
    page_keys,
    revoke_key,
    update_key,
    version,
)
from pleiade.tenancy.opening import open_keys
from pleiade.tenancy.service_accounts import (
    create_service_account,
    delete_service_account,
    get_service_account,
    list_service_accounts,
    update_service_account,
)
from tenancy.tenants import ACTOR, make_tenant


def test_names_of_any_script_are_kept_and_what_no_table_can_hold_is_refused(db: sa.Engine) -> None:
    for name in ("l'ordinateur « portable »", 'say "hi"; DROP TABLE keys; --', "键🔑", "a" * 256):
        _, key = create_key(db, name=name)
        assert (key.name, find_key(db, name).id) == (name, key.id)
    for wrong in ("", "  ", "a" * 257, "a" * 10_000, "nul\0byte", "two\nlines", "lone \ud800", "\u202egnp.exe"):
        with pytest.raises(InvalidError) as caught:
            create_key(db, name=wrong)
        assert caught.value.param == "name"
        with pytest.raises(KeyNotFoundError):
            find_key(db, wrong)


@pytest.mark.parametrize("expires", [-1, 1, 1_700_000_000, LATEST + 1, 10**30])
def test_a_key_cannot_end_before_it_begins_nor_after_all_calendars(sqlite_db: sa.Engine, expires: int) -> None:
    with pytest.raises(InvalidError, match="expiry"):
        create_key(sqlite_db, name="k", expires=expires)
    _, key = create_key(sqlite_db, name="k")
    with pytest.raises(InvalidError, match="expiry"):
        update_key(sqlite_db, "default", key.id, expires=expires, actor=ACTOR)


def test_another_tenants_key_is_not_found_in_the_words_for_an_unknown_one(db: sa.Engine) -> None:
    mine, theirs = make_tenant(db), make_tenant(db, "Other")
    _, key = create_key(db, name="k", organisation=theirs.id, project=theirs.project.id, actor=ACTOR)
    for wanted in (key.id, "key_nonexistent", "' OR 1=1 --", "\0", "\ud800"):
        for use in (
            lambda wanted=wanted: get_key(db, mine.id, wanted),
            lambda wanted=wanted: update_key(db, mine.id, wanted, name="x", actor=ACTOR),
            lambda wanted=wanted: revoke_key(db, wanted, organisation=mine.id, actor=ACTOR),
        ):
            with pytest.raises(KeyNotFoundError) as caught:
                use()
            assert str(caught.value) == f"no key has the id {wanted!r}"
        with pytest.raises(NotFoundError):
            page_keys(db, mine.id, after=wanted)
    with pytest.raises(NotFoundError):  # my project, their key
        get_key(db, theirs.id, key.id, project=mine.project.id)
    assert get_key(db, theirs.id, key.id) == key


def test_a_key_can_be_renamed_narrowed_and_given_an_end(db: sa.Engine) -> None:
    secret, key = create_key(db, name="k", scopes=("api.model.request", "model.read", "model.request"))
    assert key.scopes == ("model.read", "model.request")
    soon = int(time.time()) + 3600
    before = version(db)
    changed = update_key(db, "default", key.id, name="new", scopes=["read-only"], expires=soon, actor=ACTOR)
    assert version(db) > before
    assert (changed.name, changed.scopes, changed.expires) == ("new", ("read-only",), soon)
    opened = open_keys(db)[hash_secret(secret)]
    assert (opened.principal.scopes, opened.expires) == (("read-only",), soon)
    revoke_key(db, key.id)
    with pytest.raises(ConflictError, match="create a new one"):
        update_key(db, "default", key.id, name="again", actor=ACTOR)


def test_only_a_key_made_so_acts_for_the_whole_organisation(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    place = {"organisation": tenant.id, "project": tenant.project.id}
    made = {
        "admin": create_key(db, name="k", role=Role.ADMIN, actor=ACTOR, **place)[0],
        "project": create_key(db, name="k", role=Role.OWNER, kind="project", actor=ACTOR, **place)[0],
    }
    for kind, secret in made.items():
        assert open_keys(db)[hash_secret(secret)].principal.kind == kind


def test_last_uses_are_written_in_batches_and_never_go_back(db: sa.Engine) -> None:
    note_last_use(db, {"key_a": 100, "key_b": 200, "": 300})
    before = version(db)
    note_last_use(db, {"key_a": 90, "key_b": 210, "key_gone": 50})
    note_last_use(db, {})
    assert last_uses(db, ["key_a", "key_b", "key_never", "\0"]) == {"key_a": 100, "key_b": 210}
    assert version(db) == before  # a use makes nobody read the keys again


def test_a_service_account_owns_keys_that_end_with_it(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    place = (db, tenant.id, tenant.project.id)
    account, secret, key = create_service_account(*place, name="nightly 🤖", actor=ACTOR)
    assert key is not None
    assert account.id.startswith("svc_acct_")
    principal = open_keys(db)[hash_secret(secret)].principal
    assert (principal.user, principal.role, principal.key) == (account.id, Role.MEMBER, key.id)
    assert list_service_accounts(*place).items == (account,) == (get_service_account(*place, account.id),)
    update_service_account(*place, account.id, role="viewer", actor=ACTOR)
    assert open_keys(db)[hash_secret(secret)].principal.role is Role.VIEWER
    _, nothing, no_key = create_service_account(*place, name="x", with_key=False, actor=ACTOR)
    assert (nothing, no_key) == ("", None)
    for wanted in (account.id, "svc_acct_nonexistent", "\0"):
        with pytest.raises(NotFoundError) as caught:
            delete_service_account(db, other.id, other.project.id, wanted, actor=ACTOR)
        assert str(caught.value) == f"no service account has the id {wanted!r}"
    with pytest.raises(NotFoundError):  # a key of another project for it
        create_key(db, name="k", organisation=other.id, project=other.project.id, owner=account.id, actor=ACTOR)
    delete_service_account(*place, account.id, actor=ACTOR)
    assert hash_secret(secret) not in open_keys(db)
    assert [one.id for one in page_keys(db, tenant.id, owner=account.id, revoked=True).items] == [key.id]
    assert page_keys(db, tenant.id, owner=account.id).items == ()


def test_ten_thousand_keys_are_listed_by_pages_and_opened_in_one_query(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    _, pattern = create_key(db, name="k", organisation=tenant.id, project=tenant.project.id, actor=ACTOR)
    revoke_key(db, pattern.id, organisation=tenant.id, actor=ACTOR)
    many = [
        msgspec.structs.replace(pattern, id=f"key_{n:05}", sha256=hash_secret(f"secret {n}"), created=n // 100)
        for n in range(10_000)
    ]
    with unit_of_work(db) as connection:
        connection.execute(sa.insert(keys), [as_row(key) for key in many])
    statements: list[str] = []
    sa.event.listen(db, "before_cursor_execute", lambda *args: statements.append(args[2]))
    opened = open_keys(db)
    assert len(opened) == 10_000
    assert opened[hash_secret("secret 4711")].principal.key == "key_04711"
    statements = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(statements) == 1
    seen: list[Key] = []
    after, more = "", True
    while more:
        page = page_keys(db, tenant.id, after=after, limit=999)
        seen += page.items
        after, more = page.items[-1].id, page.more
    assert [key.id for key in seen] == [key.id for key in many]
    newest = page_keys(db, tenant.id, limit=3, newest_first=True)
    assert [key.id for key in newest.items] == ["key_09999", "key_09998", "key_09997"]
    older = page_keys(db, tenant.id, limit=1, after="key_09997", newest_first=True)
    assert [key.id for key in older.items] == ["key_09996"]
