"""Coming in by an invitation's link: looking where it leads, and joining."""

from typing import Any

from town import Town

from pleiade.domain import OPERATOR
from pleiade.tenancy.first_person import invite_first_person
from pleiade.tenancy.invites import send_invite

PASSWORD = "seven stars in one night"


async def post(town: Town, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """POST without a key, as a page does that nobody has signed in to."""
    answer = await town.served.post(path, body, headers={})
    return answer.status, await answer.json()


async def test_a_link_tells_whom_it_invites_into_what_and_stays_good(town: Town) -> None:
    token, invite = send_invite(town.db, "acme", email="new@acme.example", role="member", actor=OPERATOR)
    for _ in range(2):
        status, told = await post(town, "/auth/invite/look", token=token)
        assert (status, told["object"]) == (200, "auth.invite")
        assert (told["email"], told["organization"], told["known"]) == (
            "new@acme.example",
            {"id": "acme", "name": "Acme"},
            False,
        )
        assert (told["role"], told["expires_at"]) == ("member", invite.expires)
    status, joined = await post(town, "/auth/invite", token=token, name="New", password=PASSWORD)
    assert (status, joined["user"]["email"]) == (200, "new@acme.example")
    status, told = await post(town, "/auth/invite/look", token=token)
    assert (status, "ask for a new one" in told["error"]["message"]) == (404, True)
    again, _ = send_invite(town.db, "default", email="new@acme.example", role="member", actor=OPERATOR)
    assert (await post(town, "/auth/invite/look", token=again))[1]["known"] is True


async def test_the_first_person_chooses_address_and_password_and_is_signed_in_with_them(town: Town) -> None:
    token = invite_first_person(town.db)
    status, told = await post(town, "/auth/invite/look", token=token)
    assert (status, told["email"], told["role"]) == (200, None, "owner")
    for wrong, param in (
        ({"password": PASSWORD}, "email"),
        ({"email": "ada@example.org"}, None),
        ({"email": "ada@example.org", "password": "short"}, None),
    ):
        status, told = await post(town, "/auth/invite", token=token, **wrong)
        assert (status, told["error"]["param"]) == (400, param), told
    status, told = await post(town, "/auth/invite", token=token, name="Ada", email="ada@example.org", password=PASSWORD)
    assert (status, told["organization"]) == (200, {"id": "default"})
    status, told = await post(town, "/auth/login", email="ada@example.org", password=PASSWORD)
    assert (status, told["role"]) == (200, "owner")
    assert told["project"], "and can ask a model at once"


async def test_an_address_given_beside_another_invitation_changes_nothing(town: Town) -> None:
    token, _ = send_invite(town.db, "acme", email="new@acme.example", role="member", actor=OPERATOR)
    status, told = await post(town, "/auth/invite", token=token, email="eve@example.org", password=PASSWORD)
    assert (status, told["user"]["email"]) == (200, "new@acme.example")


async def test_who_guesses_tokens_is_slowed_down(town: Town) -> None:
    statuses = [(await post(town, "/auth/invite/look", token="guess"))[0] for _ in range(30)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


async def test_a_page_of_another_site_may_not_look(town: Town) -> None:
    token = invite_first_person(town.db)
    answer = await town.served.post("/auth/invite/look", {"token": token}, headers={"origin": "https://evil.example"})
    assert answer.status == 403
