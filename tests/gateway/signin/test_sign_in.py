"""People sign in: at a conforming OpenID provider, or with a password; and nobody else does in their name."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import oidc_provider_mock
import pytest
import sqlalchemy as sa
from scripted_gateway import CHAT
from town import Town

from pleiade.domain import OPERATOR, RegistrationRule
from pleiade.store import reading, unit_of_work
from pleiade.store.signin import pending_sign_ins, sessions
from pleiade.store.tenants import audit_log
from pleiade.tenancy.members import add_member, remove_member
from pleiade.tenancy.projects import create_project
from pleiade.tenancy.registration import approve, list_registrations, set_rule
from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.issuers import add_issuer, remove_issuer
from pleiade.tenancy.signin.passwords import set_password
from pleiade.tenancy.signin.throttle import PER_ADDRESS, PER_PAIR
from pleiade.tenancy.users import create_user

PASSWORD = "correct horse battery"
HOME = "http://pleiade.test"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The URL of a provider that knows Alice, who has verified her address, and Mallory, who has not."""
    users = [
        oidc_provider_mock.User(
            sub="alice", claims={"email": "alice@acme.example", "email_verified": True, "name": "Alice"}
        ),
        oidc_provider_mock.User(sub="mallory", claims={"email": "alice@acme.example", "email_verified": False}),
    ]
    users += [
        oidc_provider_mock.User(sub=email, claims={"email": email, "email_verified": True})
        for email in ("xia@nowhere.example", "yan@nowhere.example", "zoe@nowhere.example")
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


class Browser:
    """Keeps cookies, follows no redirect by itself, and reaches the server under its public name."""

    def __init__(self, town: Town) -> None:
        self._base = town.served.url
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.cookies: dict[str, str] = {}

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= options.pop("headers", {})
        answer = await self._session.request(
            method, self._base + path.removeprefix(HOME), headers=headers, allow_redirects=False, **options
        )
        await answer.read()
        for name, cookie in answer.cookies.items():
            self.cookies.pop(name, None)
            if cookie.value:
                self.cookies[name] = cookie.value
        return answer

    async def elsewhere(self, url: str, subject: str) -> str:
        """Consent at the provider as `subject`; where it sends the browser."""
        answer = await self._session.post(url, data={"sub": subject}, allow_redirects=False)
        return answer.headers["location"]

    async def come_back_from(self, town: Town, subject: str, path: str = "/auth/login?next=/chat") -> str:
        """Begin to sign in and consent; the URL that comes back here."""
        async with asyncio.timeout(10):  # gateways learn of the issuer within a second
            while (start := await self.ask("GET", path)).status != 302:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
        return await self.elsewhere(start.headers["location"], subject)

    async def with_password(self, email: str = "alice@acme.example", password: str = PASSWORD, **more: Any) -> Any:
        return await self.ask("POST", "/auth/login", json={"email": email, "password": password, **more})


@pytest.fixture
async def browser(town: Town) -> AsyncIterator[Browser]:
    async with Browser(town) as browser:
        yield browser


@pytest.fixture
def town(town: Town, provider: str) -> Town:
    """The town, with Alice as a member who may sign in at the provider or with a password."""
    town.alice = town.person("alice")
    issuer = Issuer(
        id="",
        name="Test",
        issuer=provider,
        organisation="acme",
        client="pleiade",
        client_secret="a secret/with+odd=letters",
    )
    town.issuer_id = add_issuer(town.db, issuer).id
    set_password(town.db, town.alice, PASSWORD, actor=OPERATOR)
    return town


async def test_a_member_signs_in_at_the_provider_looks_around_and_signs_out(town: Town, browser: Browser) -> None:
    back = await browser.come_back_from(town, "alice")
    assert back.startswith(f"{HOME}/auth/callback?")
    answer = await browser.ask("GET", back)
    assert (answer.status, answer.headers["location"]) == (303, "/chat")
    cookie = next(value for value in answer.headers.getall("set-cookie") if "pleiade_session" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    me = await (await browser.ask("GET", "/auth/me")).json()
    assert me["user"] == {"object": "user", "id": town.alice, "email": "alice@acme.example", "name": "alice"}
    assert me["organization"] == {"id": "acme", "name": "Acme"}
    csrf = {"x-csrf-token": me["csrf_token"]}
    assert (await browser.ask("POST", "/v1/chat/completions", json=CHAT, headers=csrf)).status == 200
    stolen = dict(browser.cookies)
    assert (await browser.ask("POST", "/auth/logout", headers=csrf)).status == 200
    browser.cookies = stolen
    assert (await browser.ask("GET", "/v1/models")).status == 401
    with reading(town.db) as connection:
        types = connection.scalars(sa.select(audit_log.c.type).order_by(audit_log.c.sequence)).all()
    assert types[-2:] == ["login.succeeded", "logout.succeeded"]


async def test_the_secret_of_a_session_is_not_in_the_database(town: Town, browser: Browser) -> None:
    await browser.with_password()
    with reading(town.db) as connection:
        row = connection.execute(sa.select(sessions)).one()
    assert browser.cookies["pleiade_session"] not in [str(value) for value in row]


async def test_what_comes_back_twice_is_refused(town: Town, browser: Browser) -> None:
    back = await browser.come_back_from(town, "alice")
    begun = dict(browser.cookies)
    assert (await browser.ask("GET", back)).status == 303
    browser.cookies = begun
    assert (await browser.ask("GET", back)).status == 403


async def test_a_sign_in_that_began_in_another_browser_is_refused(town: Town, browser: Browser) -> None:
    back = await browser.come_back_from(town, "alice")
    async with Browser(town) as victim:
        assert (await victim.ask("GET", back)).status == 403
        assert "pleiade_session" not in victim.cookies


async def test_a_made_up_state_is_refused(browser: Browser) -> None:
    assert (await browser.ask("GET", "/auth/callback?code=x&state=y")).status == 403
    assert (await browser.ask("GET", "/auth/callback?code=x")).status == 403


async def test_a_token_made_for_another_sign_in_is_refused(town: Town, browser: Browser) -> None:
    back = await browser.come_back_from(town, "alice")
    with unit_of_work(town.db) as connection:
        connection.execute(sa.update(pending_sign_ins).values(nonce="another"))
    answer = await browser.ask("GET", back)
    assert answer.status == 403
    assert "another sign-in" in (await answer.json())["error"]["message"]


async def test_the_code_of_one_sign_in_serves_no_other(town: Town, browser: Browser) -> None:
    first = parse_qs(urlsplit(await browser.come_back_from(town, "alice")).query)
    second = await browser.come_back_from(town, "mallory")
    state = parse_qs(urlsplit(second).query)["state"][0]
    answer = await browser.ask("GET", f"/auth/callback?code={first['code'][0]}&state={state}")
    assert answer.status == 403


async def test_a_code_that_the_provider_did_not_give_is_refused(town: Town, browser: Browser) -> None:
    state = parse_qs(urlsplit(await browser.come_back_from(town, "alice")).query)["state"][0]
    assert (await browser.ask("GET", f"/auth/callback?code=made-up&state={state}")).status == 403


async def test_an_address_that_is_not_verified_signs_in_nobody(town: Town, browser: Browser) -> None:
    answer = await browser.ask("GET", await browser.come_back_from(town, "mallory"))
    assert answer.status == 403
    assert "no member" in (await answer.json())["error"]["message"]


async def test_a_refusal_of_the_provider_is_told(town: Town, browser: Browser) -> None:
    back = await browser.come_back_from(town, "alice")
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = await browser.ask("GET", f"/auth/callback?error=access_denied&error_description=Not+today&state={state}")
    assert answer.status == 403
    assert "Not today" in (await answer.json())["error"]["message"]


async def test_nobody_is_sent_to_another_host_afterwards(town: Town, browser: Browser) -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "/a\r\nb"):
        back = await browser.come_back_from(town, "alice", f"/auth/login?next={quote(path, safe='')}")
        assert (await browser.ask("GET", back)).headers["location"] == "/", path


async def test_sessions_end_with_the_issuer_and_the_membership(town: Town, browser: Browser) -> None:
    await browser.ask("GET", await browser.come_back_from(town, "alice"))
    assert (await browser.ask("GET", "/v1/models")).status == 200
    remove_issuer(town.db, town.issuer_id)
    await until(browser, 401)
    await browser.with_password()
    assert (await browser.ask("GET", "/v1/models")).status == 200
    remove_member(town.db, "acme", town.alice, actor=OPERATOR)
    await until(browser, 401)


async def until(browser: Browser, status: int) -> None:
    async with asyncio.timeout(10):
        while (await browser.ask("GET", "/v1/models")).status != status:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


async def test_a_person_works_in_the_project_that_they_say(town: Town, browser: Browser) -> None:
    second = create_project(town.db, "acme", name="Second", actor=OPERATOR).id
    other = create_project(town.db, "acme", name="Not hers", actor=OPERATOR).id
    add_member(town.db, "acme", town.alice, role="member", project=second, actor=OPERATOR)
    await browser.with_password()
    for project, status in ((second, 200), (other, 401), ("default", 401), ("proj_none", 401)):
        answer = await browser.ask("GET", "/v1/models", headers={"openai-project": project})
        assert answer.status == status, project
        if status == 200:
            assert town.served.log_lines()[-1]["project"] == second
    me = await (await browser.ask("GET", "/auth/me")).json()
    assert (await browser.ask("POST", "/auth/logout", headers={"x-csrf-token": me["csrf_token"]})).status == 200
    assert (await browser.ask("GET", "/v1/models", headers={"openai-project": second})).status == 401


async def test_an_office_behind_one_address_signs_in_as_often_as_it_likes(browser: Browser) -> None:
    for _ in range(PER_ADDRESS + 5):
        assert (await browser.with_password()).status == 200


async def test_a_write_with_a_cookie_needs_the_token_of_our_pages(town: Town, browser: Browser) -> None:
    csrf = (await (await browser.with_password()).json())["csrf_token"]
    good = {"x-csrf-token": csrf}
    for headers in ({}, {"x-csrf-token": "0" * 64}, {**good, "origin": "https://evil.example"}, {"origin": "null"}):
        answer = await browser.ask("POST", "/v1/chat/completions", json=CHAT, headers=headers)
        assert (answer.status, (await answer.json())["error"]["code"]) == (403, "csrf")
        assert (await browser.ask("POST", "/auth/logout", headers=headers)).status == 403
    assert (await browser.ask("POST", "/v1/chat/completions", json=CHAT, headers=good)).status == 200


async def test_a_key_goes_before_a_cookie(town: Town, browser: Browser) -> None:
    await browser.with_password()
    wrong = {"authorization": "Bearer sk-wrong"}
    assert (await browser.ask("GET", "/v1/models", headers=wrong)).status == 401
    assert (await browser.ask("POST", "/v1/chat/completions", json=CHAT, headers=town.served.headers)).status == 200


async def test_other_sites_cannot_sign_people_in(browser: Browser) -> None:
    body = {"email": "alice@acme.example", "password": PASSWORD}
    answer = await browser.ask("POST", "/auth/login", json=body, headers={"origin": "https://evil.example"})
    assert answer.status == 403


async def test_a_wrong_password_is_told_like_an_unknown_address(browser: Browser) -> None:
    for email, password in [
        ("alice@acme.example", "wrong"),
        ("nobody@acme.example", PASSWORD),
        ("a\0b@acme.example", PASSWORD),
        ("", ""),
    ]:
        answer = await browser.with_password(email, password)
        assert answer.status == 401
        assert (await answer.json())["error"]["message"] == "The e-mail address or the password is wrong."


async def test_passwords_cannot_be_guessed_for_long_not_even_at_once(browser: Browser) -> None:
    tries = [browser.with_password(password=f"guess {number}") for number in range(PER_PAIR + 5)]
    statuses = sorted([(await answer).status for answer in asyncio.as_completed(tries)])
    assert statuses == [401] * PER_PAIR + [429] * 5
    answer = await browser.with_password()
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 60


async def test_the_right_password_forgives_the_wrong_ones_before(browser: Browser) -> None:
    for _ in range(2):
        for _ in range(PER_PAIR - 1):
            assert (await browser.with_password(password="wrong")).status == 401
        assert (await browser.with_password()).status == 200


async def test_a_new_password_ends_all_sessions(town: Town, browser: Browser) -> None:
    await browser.with_password()
    assert (await browser.ask("GET", "/v1/models")).status == 200
    set_password(town.db, town.alice, "another good one", actor=OPERATOR)
    await until(browser, 401)
    assert (await browser.with_password()).status == 401
    assert (await browser.with_password(password="another good one")).status == 200


async def test_nobody_signs_in_to_an_organisation_that_is_not_theirs(browser: Browser) -> None:
    assert (await browser.with_password(organization="default")).status == 401
    assert (await browser.with_password(organization="acme")).status == 200


async def test_whoever_registers_waits_or_is_in_as_the_operator_said(
    town: Town, browser: Browser, provider: str
) -> None:
    remove_issuer(town.db, town.issuer_id)
    house = Issuer(id="", name="House", issuer=provider, organisation="default", client="pleiade", client_secret="s")
    path = f"/auth/login?issuer={add_issuer(town.db, house).id}"
    asked = {"email": "zoe@nowhere.example", "name": "Zoe"}
    assert (await browser.ask("POST", "/auth/register", json=asked)).status == 400  # off unless opened
    zoe = await browser.come_back_from(town, "zoe@nowhere.example", path)
    assert (await browser.ask("GET", zoe)).status == 403
    set_rule(town.db, RegistrationRule(mode="approval"), actor=OPERATOR)
    for _ in range(2):  # asking again changes nothing
        assert (await browser.ask("POST", "/auth/register", json=asked)).status == 200
    (waiting,) = list_registrations(town.db).items
    zoe = await browser.come_back_from(town, "zoe@nowhere.example", path)
    assert (await browser.ask("GET", zoe)).status == 403
    approve(town.db, waiting.id, actor=OPERATOR)
    zoe = await browser.come_back_from(town, "zoe@nowhere.example", path)
    assert (await browser.ask("GET", zoe)).status == 303
    me = await (await browser.ask("GET", "/auth/me")).json()
    assert (me["user"]["email"], me["organization"]["id"]) == ("zoe@nowhere.example", "default")


async def test_an_open_door_gives_each_an_organisation_of_their_own(
    town: Town, browser: Browser, provider: str
) -> None:
    remove_issuer(town.db, town.issuer_id)
    house = Issuer(id="", name="House", issuer=provider, organisation="default", client="pleiade", client_secret="s")
    path = f"/auth/login?issuer={add_issuer(town.db, house).id}"
    set_rule(town.db, RegistrationRule(mode="open", organisation="", role="owner", project=""), actor=OPERATOR)
    for _ in range(2):  # the second time as somebody known
        back = await browser.come_back_from(town, "yan@nowhere.example", path)
        assert (await browser.ask("GET", back)).status == 303
        me = await (await browser.ask("GET", "/auth/me")).json()
        assert (me["user"]["email"], me["role"]) == ("yan@nowhere.example", "owner")
        assert me["organization"]["id"] not in ("default", "acme")


async def test_a_customers_identity_provider_does_not_speak_for_other_customers(town: Town, browser: Browser) -> None:
    """Acme's provider says that somebody is a member of the house only: that is not for it to say."""
    user = create_user(town.db, email="xia@nowhere.example", actor=OPERATOR).id
    add_member(town.db, "default", user, role="owner", actor=OPERATOR)
    answer = await browser.ask("GET", await browser.come_back_from(town, "xia@nowhere.example"))
    assert answer.status == 403
    assert "pleiade_session" not in browser.cookies


async def test_the_ways_to_sign_in_tell_no_secret(town: Town, browser: Browser) -> None:
    async with asyncio.timeout(10):
        while not (ways := await (await browser.ask("GET", "/auth/ways")).json())["issuers"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert ways["issuers"] == [{"id": town.issuer_id, "name": "Test"}]
    assert ways["signed_in"] is False


async def test_a_page_learns_whether_somebody_is_signed_in_without_being_refused(town: Town, browser: Browser) -> None:
    await browser.with_password()
    assert (await (await browser.ask("GET", "/auth/ways")).json())["signed_in"] is True
    browser.cookies["pleiade_session"] = "made-up"
    assert (await (await browser.ask("GET", "/auth/ways")).json())["signed_in"] is False


async def test_without_a_session_nobody_is_anybody(browser: Browser) -> None:
    assert (await browser.ask("GET", "/auth/me")).status == 401
    browser.cookies["pleiade_session"] = "made-up"
    assert (await browser.ask("GET", "/auth/me")).status == 401
    assert (await browser.ask("GET", "/v1/models")).status == 401
