"""The first person of a new house comes in by a link, once; nobody else does."""

import threading

import pytest
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, OPERATOR
from pleiade.store.tenants import invites
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError, TenancyError
from pleiade.tenancy.first_person import invite_first_person
from pleiade.tenancy.invites import accept_invite, find_invite, list_invites
from pleiade.tenancy.members import add_member, list_members
from pleiade.tenancy.users import create_user


def test_whoever_comes_first_chooses_their_address_and_owns_the_house(db: sa.Engine) -> None:
    token = invite_first_person(db)
    assert find_invite(db, token).email == ""
    user, invite = accept_invite(db, token, actor=OPERATOR, name="Ada", email="Ada@Example.org")
    assert (user.email, user.name, invite.email) == ("ada@example.org", "Ada", "ada@example.org")
    (member,) = list_members(db, DEFAULT_ORGANISATION).items
    assert (member.user, member.role) == (user.id, "owner")
    assert [one.email for one in list_invites(db, DEFAULT_ORGANISATION).items] == ["ada@example.org"]
    assert invite_first_person(db) == "", "from now on somebody is there"


def test_a_new_start_makes_a_new_link_and_the_one_before_opens_nothing(db: sa.Engine) -> None:
    before, token = invite_first_person(db), invite_first_person(db)
    with pytest.raises(NotFoundError):
        accept_invite(db, before, actor=OPERATOR, email="eve@example.org")
    accept_invite(db, token, actor=OPERATOR, email="ada@example.org")
    with pytest.raises(NotFoundError):
        accept_invite(db, token, actor=OPERATOR, email="eve@example.org")


def test_the_link_opens_nothing_once_somebody_came_another_way(db: sa.Engine) -> None:
    token = invite_first_person(db)
    somebody = create_user(db, email="grace@example.org", actor=OPERATOR)
    add_member(db, DEFAULT_ORGANISATION, somebody.id, role="viewer", actor=OPERATOR)
    with pytest.raises(NotFoundError, match="joined already"):
        accept_invite(db, token, actor=OPERATOR, email="eve@example.org")


def test_the_link_opens_nobodys_account_and_needs_an_address(db: sa.Engine) -> None:
    token = invite_first_person(db)
    create_user(db, email="grace@example.org", actor=OPERATOR)
    with pytest.raises(ConflictError, match="known here"):
        accept_invite(db, token, actor=OPERATOR, email="Grace@example.org")
    for address in ("", "no address", "a@b@c"):
        with pytest.raises(InvalidError) as told:
            accept_invite(db, token, actor=OPERATOR, email=address)
        assert told.value.param == "email"
    accept_invite(db, token, actor=OPERATOR, email="ada@example.org")


def test_two_at_the_same_moment_make_one_owner(db: sa.Engine) -> None:
    token = invite_first_person(db)
    refused: list[Exception] = []

    def come(name: str) -> None:
        try:
            accept_invite(db, token, actor=OPERATOR, email=f"{name}@example.org")
        except TenancyError as error:
            refused.append(error)

    both = [threading.Thread(target=come, args=(name,)) for name in ("ada", "eve")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(refused) == 1
    assert len(list_members(db, DEFAULT_ORGANISATION).items) == 1


def test_no_table_holds_the_token_of_the_link(db: sa.Engine) -> None:
    token = invite_first_person(db)
    with db.connect() as connection:
        rows = connection.execute(sa.select(invites)).all()
    assert len(rows) == 1
    assert token not in repr(rows)
