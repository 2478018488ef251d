"""A person's own keys of a project over HTTP: made, given new secrets, bounded by what their owner may."""

from typing import Any

from customers import Customer

BASE = "/v1/organization/projects/{project}/api_keys"


async def ask(customer: Customer, served: Any, path: str, body: Any, key: str = "") -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key or customer.key}"}
    url = served.url + path.format(project=customer.project)
    async with served.client.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_key_of_ones_own_is_made_and_shown_once(served: Any, acme: Customer) -> None:
    wanted = {"name": "laptop", "scopes": ["model.request"], "expires_in_seconds": 3600}
    status, made = await ask(acme, served, BASE, wanted)
    assert (status, made["name"], made["value"][:3]) == (200, "laptop", "sk-"), made
    assert made["redacted_value"].endswith(made["value"][-4:])
    headers = {"authorization": f"Bearer {acme.key}"}
    url = served.url + BASE.format(project=acme.project)
    async with served.client.get(url, headers=headers) as answer:
        listed = await answer.json()
    assert made["id"] in {key["id"] for key in listed["data"]}
    assert made["value"] not in str(listed)


async def test_a_new_secret_opens_at_once_and_the_old_one_for_its_grace(served: Any, acme: Customer) -> None:
    _, made = await ask(acme, served, BASE, {"name": "shop"})
    status, fresh = await ask(acme, served, f"{BASE}/{made['id']}/rotate", {"grace_seconds": 3600})
    assert (status, fresh["id"]) == (200, made["id"])
    assert fresh["value"] != made["value"]
    await served.gateway.keys.refresh()
    for secret in (made["value"], fresh["value"]):
        async with served.client.get(
            served.url + "/v1/models", headers={"authorization": f"Bearer {secret}"}
        ) as answer:
            assert answer.status == 200
    await ask(acme, served, f"{BASE}/{made['id']}/rotate", {})
    await served.gateway.keys.refresh()
    async with served.client.get(
        served.url + "/v1/models", headers={"authorization": f"Bearer {fresh['value']}"}
    ) as answer:
        assert answer.status == 401


async def test_nobody_makes_a_key_above_their_own_role(served: Any, acme: Customer) -> None:
    _, viewer = await ask(acme, served, BASE, {"name": "viewer", "role": "viewer"})
    _, developer = await ask(acme, served, BASE, {"name": "developer", "role": "developer"})
    await served.gateway.keys.refresh()
    status, told = await ask(acme, served, BASE, {"name": "more"}, key=viewer["value"])
    assert status in (401, 403)
    assert "Missing scopes" in told["error"]["message"]
    status, told = await ask(acme, served, BASE, {"name": "more", "role": "owner"}, key=developer["value"])
    assert status == 403
    status, told = await ask(acme, served, BASE, {"name": "", "role": "member"})
    assert status == 400
    status, told = await ask(acme, served, f"{BASE}/key_none/rotate", {})
    assert status == 404
