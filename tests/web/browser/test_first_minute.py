"""A new server, and its first person: from the printed link to a page that works."""

from collections.abc import Callable
from typing import Any

from newcomer import LINK, first_answer, first_picture, join

from serving import CHAT, Server, wait_for

CALLS = """
async ([model]) => {
  const { csrf_token } = await (await fetch('/auth/me')).json();
  const ask = async (path, body) => {
    const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf_token };
    const answer = await fetch(path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : {});
    return [answer.status, await answer.text()];
  };
  const messages = [{ role: 'user', content: 'Hello' }];
  return {
    models: await ask('/v1/models'),
    chat: await ask('/v1/chat/completions', { model, messages, max_tokens: 2 }),
    streamed: await ask('/v1/chat/completions', { model, messages, stream: true, max_tokens: 2 }),
    response: await ask('/v1/responses', { model, max_output_tokens: 16, input: 'Hello' }),
    forged: [(await fetch('/v1/responses', { method: 'POST', body: '{}' })).status, ''],
  };
}
"""


def test_the_first_person_opens_the_printed_link_and_is_in(
    new_house: Server, open_tab: Callable[..., Any], screenshot: Callable[..., None]
) -> None:
    wait_for(lambda: LINK.search(new_house.log()), 30, "up prints the link")
    found = LINK.search(new_house.log())
    assert found is not None
    link = found[1].removeprefix(new_house.url)
    tab = open_tab(server=new_house)
    tab.go(link)
    tab.page.get_by_role("heading", name="Welcome to Pleiade").wait_for()
    assert tab.axe() == []
    screenshot(tab, "join-1440-light")
    tab.page.get_by_label("E-mail").fill("ada@example.org")
    tab.page.get_by_label("Name").fill("Ada")
    tab.page.get_by_label("Password").fill("short")
    tab.page.get_by_role("button", name="Start").click()
    assert "/join" in tab.page.url, "the browser says that it is too short; nothing was sent"
    join(tab.page)
    tab.page.get_by_role("button", name="Account: ada@example.org").wait_for()
    me = tab.page.evaluate("fetch('/auth/me').then((answer) => answer.json())")
    assert (me["role"], me["user"]["name"]) == ("owner", "Ada")
    told = tab.page.evaluate(CALLS, [CHAT])
    assert told["chat"][0] == 200, "and may ask at once"
    assert first_answer(tab.page)
    first_picture(tab.page)
    screenshot(tab, "first-picture-1440-light")
    assert [line for line in tab.complaints if "403" not in line] == [], "nothing was refused but the forged call"

    other = open_tab(server=new_house)
    other.go(link)
    other.page.get_by_text("This invitation cannot be used").wait_for()
    screenshot(other, "join-gone-1440-light")


def test_who_is_not_signed_in_comes_back_to_where_they_wanted_to_go(
    house: Server, open_tab: Callable[..., Any], member: str
) -> None:
    tab = open_tab()
    tab.go("/settings")
    tab.page.wait_for_url("**/signin?next=%2Fsettings")
    tab.page.get_by_label("E-mail").fill(member)
    tab.page.get_by_label("Password").fill("not this one, I fear")
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_role("alert").get_by_text("is wrong").wait_for()
    tab.sign_in(member, "/settings")
    tab.page.get_by_role("heading", name="Settings").wait_for()


def test_a_signed_in_page_calls_the_apis_that_programs_call(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    told = tab.page.evaluate(CALLS, [CHAT])
    assert {name: status for name, (status, _) in told.items()} == {
        "models": 200,
        "chat": 200,
        "streamed": 200,
        "response": 200,
        "forged": 403,
    }, told
    assert CHAT in told["models"][1]
    assert told["streamed"][1].rstrip().endswith("data: [DONE]")
