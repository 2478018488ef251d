"""Invitations open once, for one address, for a time; self-registration opens to nobody until it is said."""

import threading

import pytest
import sqlalchemy as sa

from pleiade.domain import Actor, Billing, Place, RegistrationRule
from pleiade.store import unit_of_work
from pleiade.store.tenants import invites
from pleiade.tenancy.audit_reading import Wanted, list_events
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError, TenancyError
from pleiade.tenancy.invites import accept_invite, delete_invite, find_invite, get_invite, list_invites, send_invite
from pleiade.tenancy.members import get_member, list_members, memberships, remove_member
from pleiade.tenancy.organisations import archive_organisation, get_organisation
from pleiade.tenancy.projects import archive_project, create_project
from pleiade.tenancy.registration import (
    approve,
    get_rule,
    list_registrations,
    open_batch,
    refuse,
    register,
    set_rule,
)
from pleiade.tenancy.users import user_by_email
from tenancy.tenants import ACTOR, make_tenant

SELF = Actor(type="self", ip_address="192.0.2.9")


def test_an_invitation_makes_a_user_and_gives_the_places_it_names(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    other = create_project(db, tenant.id, name="Other", actor=ACTOR)
    gone = create_project(db, tenant.id, name="Gone", actor=ACTOR)
    token, invite = send_invite(
        db,
        tenant.id,
        email="New.Person@example.com",
        role="viewer",
        projects=[Place(tenant.project.id, "member"), Place(other.id, "owner"), Place(gone.id, "owner")],
        actor=ACTOR,
    )
    assert invite.id.startswith("invite-")
    assert find_invite(db, token) == invite == get_invite(db, tenant.id, invite.id)
    archive_project(db, tenant.id, gone.id, actor=ACTOR)
    user, accepted = accept_invite(db, token, name="New Person", actor=SELF)
    assert (user.email, user.name) == ("new.person@example.com", "New Person")
    assert accepted.status(accepted.created) == "accepted"
    places = {place.project: place.role for place in memberships(db, user.id)}
    assert places == {"": "viewer", tenant.project.id: "member", other.id: "owner"}
    assert list_events(db, Wanted(organisation=tenant.id), limit=1).items[0].type == "invite.accepted"


def test_an_invitation_is_accepted_once_even_by_two_at_the_same_moment(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    token, _ = send_invite(db, tenant.id, email="new@example.com", role="member", actor=ACTOR)
    together, refused = threading.Barrier(2), list[TenancyError]()

    def accept() -> None:
        together.wait()
        try:
            accept_invite(db, token, actor=SELF)
        except NotFoundError as error:
            refused.append(error)

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert len(list_members(db, tenant.id).items) == 2


def test_unknown_used_expired_and_withdrawn_links_say_the_same(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    used, _ = send_invite(db, tenant.id, email="a@example.com", role="member", actor=ACTOR)
    accept_invite(db, used, actor=SELF)
    late, invite = send_invite(db, tenant.id, email="b@example.com", role="member", actor=ACTOR)
    with unit_of_work(db) as connection:
        connection.execute(sa.update(invites).where(invites.c.id == invite.id).values(expires=1_700_000_000))
    assert get_invite(db, tenant.id, invite.id).status(1_800_000_000) == "expired"
    withdrawn, third = send_invite(db, tenant.id, email="c@example.com", role="member", actor=ACTOR)
    delete_invite(db, tenant.id, third.id, actor=ACTOR)
    for token in (used, late, withdrawn, "unknown", "", "\0", "\ud800"):
        for use in (
            lambda token=token: find_invite(db, token),
            lambda token=token: accept_invite(db, token, actor=SELF),
        ):
            with pytest.raises(NotFoundError, match="unknown, used, expired or withdrawn"):
                use()


def test_no_table_holds_the_token_of_an_invitation(db: sa.Engine) -> None:
    tenant = make_tenant(db)
    token, _ = send_invite(db, tenant.id, email="a@example.com", role="member", actor=ACTOR)
    with db.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                assert token not in str(row)


def test_an_invitation_is_for_the_address_that_it_names(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    token, invite = send_invite(db, tenant.id, email="a@example.com", role="member", actor=ACTOR)
    with pytest.raises(ConflictError, match=r"is for a@example\.com"):
        accept_invite(db, token, email="thief@example.com", actor=SELF)
    with pytest.raises(ConflictError, match="invited already"):
        send_invite(db, tenant.id, email="A@example.com", role="owner", actor=ACTOR)
    send_invite(db, other.id, email="a@example.com", role="owner", actor=ACTOR)  # elsewhere is another matter
    user, _ = accept_invite(db, token, email="A@Example.com", actor=SELF)
    with pytest.raises(ConflictError, match="member already"):
        send_invite(db, tenant.id, email="a@example.com", role="owner", actor=ACTOR)
    with pytest.raises(ConflictError, match="accepted"):
        delete_invite(db, tenant.id, invite.id, actor=ACTOR)
    for wanted in (invite.id, "invite-nonexistent", "\0"):
        with pytest.raises(NotFoundError, match="no invitation"):
            get_invite(db, other.id, wanted)
    remove_member(db, tenant.id, user.id, actor=ACTOR)
    with pytest.raises(NotFoundError):
        get_member(db, tenant.id, user.id)


def test_impossible_invitations_are_refused(db: sa.Engine) -> None:
    tenant, other = make_tenant(db), make_tenant(db, "Other")
    for fields, error in (
        ({"role": "emperor"}, InvalidError),
        ({"email": "nobody"}, InvalidError),
        ({"lifetime_s": 0}, InvalidError),
        ({"lifetime_s": -5}, InvalidError),
        ({"lifetime_s": 10**12}, InvalidError),
        ({"projects": [Place(other.project.id, "member")]}, NotFoundError),
        ({"projects": [Place(tenant.project.id, "")]}, InvalidError),
    ):
        with pytest.raises(error):
            send_invite(db, tenant.id, **({"email": "a@example.com", "role": "member", "actor": ACTOR} | fields))  # type: ignore[arg-type]
    assert list_invites(db, tenant.id).items == ()
    token, _ = send_invite(db, tenant.id, email="a@example.com", role="member", actor=ACTOR)
    archive_organisation(db, tenant.id, actor=ACTOR)
    with pytest.raises(ConflictError, match="archived"):
        accept_invite(db, token, actor=SELF)
    with pytest.raises(ConflictError, match="archived"):
        send_invite(db, tenant.id, email="b@example.com", role="member", actor=ACTOR)


def test_nobody_registers_until_an_operator_opens_the_door(db: sa.Engine) -> None:
    assert get_rule(db).mode == "off"
    with pytest.raises(ConflictError, match="ask the operator"):
        register(db, email="a@example.com", name="A", actor=SELF)
    assert user_by_email(db, "a@example.com") is None


def test_with_approval_somebody_waits_until_they_are_let_in_or_refused(db: sa.Engine) -> None:
    set_rule(db, RegistrationRule(mode="approval"), actor=ACTOR)
    asked = register(db, email="A@example.com", name="Ada", note="I study\nweaving", actor=SELF)
    assert (asked.state, asked.email) == ("waiting", "a@example.com")
    assert register(db, email="a@example.com", name="Ada again", actor=SELF) == asked  # asking twice is asking once
    assert list_registrations(db).items == (asked,)
    refused = refuse(db, asked.id, actor=ACTOR)
    assert (refused.state, user_by_email(db, "a@example.com")) == ("refused", None)
    user, approved = approve(db, asked.id, actor=ACTOR)  # second thoughts
    assert (approved.state, approved.user) == ("approved", user.id)
    assert [(place.project, place.role) for place in memberships(db, user.id)] == [
        ("", "member"),
        ("default", "member"),
    ]
    for again in (approve, refuse):
        with pytest.raises(ConflictError, match="already"):
            again(db, asked.id, actor=ACTOR)
        with pytest.raises(NotFoundError):
            again(db, "reg_nonexistent", actor=ACTOR)


def test_a_waiting_list_is_opened_from_its_beginning(db: sa.Engine) -> None:
    set_rule(db, RegistrationRule(mode="waiting-list"), actor=ACTOR)
    asked = [register(db, email=f"p{n}@example.com", name=f"P{n}", actor=SELF) for n in range(5)]
    first = sorted(asked, key=lambda one: (one.created, one.id))
    let_in = open_batch(db, 3, actor=ACTOR)
    assert [one.id for one in let_in] == [one.id for one in first[:3]]
    assert [one.id for one in list_registrations(db).items] == [one.id for one in first[3:]]
    assert len(open_batch(db, 10, actor=ACTOR)) == 2
    assert open_batch(db, 10, actor=ACTOR) == []
    with pytest.raises(InvalidError):
        open_batch(db, -1, actor=ACTOR)


def test_with_an_open_door_each_can_get_an_organisation_of_their_own(db: sa.Engine) -> None:
    set_rule(db, RegistrationRule(mode="open", organisation="", currency="EUR"), actor=ACTOR)
    asked = register(db, email="a@example.com", name="Ada's «shop»", actor=SELF)
    assert asked.state == "approved"
    (place,) = memberships(db, asked.user)
    own = get_organisation(db, place.organisation)
    assert (place.role, own.name, own.billing, own.currency) == ("owner", "Ada's «shop»", Billing.PREPAID, "EUR")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"mode": "ajar"}, InvalidError),
        ({"role": "owner"}, InvalidError),  # of the house, by oneself
        ({"role": "emperor"}, InvalidError),
        ({"organisation": "org-nonexistent"}, NotFoundError),
        ({"project": "proj_nonexistent"}, NotFoundError),
        ({"currency": "gold"}, InvalidError),
    ],
)
def test_a_rule_that_would_give_too_much_or_nothing_is_refused(
    sqlite_db: sa.Engine, fields: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        set_rule(sqlite_db, RegistrationRule(**({"mode": "open"} | fields)), actor=ACTOR)  # type: ignore[arg-type]
    assert get_rule(sqlite_db).mode == "off"
