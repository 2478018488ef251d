"""The official package administers the running server: a customer's project from its first key to its last bill.

This file runs twice, like test_openai_sdk.py: with the package of the environment (3.x), and with 2.x.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from serving import API_VERSION, CHAT, Server

T = TypeVar("T")
HELLO: list[Any] = [{"role": "user", "content": "Hello!"}]


@pytest.fixture
def admin(server: Server) -> OpenAI:
    """A client with the house's first admin key."""
    key = server.key
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, admin_api_key=key, max_retries=0)


def eventually(ask: Callable[[], T], good: Callable[[T], bool] = bool, *, within_s: float = 30.0) -> T:
    """The first good answer; gateways learn of changes within a second, the books of calls soon after."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            answer = ask()
        except openai.AuthenticationError:
            if time.monotonic() > deadline:
                raise
        else:
            if good(answer) or time.monotonic() > deadline:
                assert good(answer), answer
                return answer
        time.sleep(0.1)


def test_a_project_from_its_first_key_to_its_end(server: Server, admin: OpenAI) -> None:
    organization = admin.admin.organization
    began = int(time.time())
    project = organization.projects.create(name=f"Shop {uuid.uuid4().hex[:6]}")
    made = organization.projects.service_accounts.create(project.id, name="till")
    assert made.api_key is not None
    secret = made.api_key.value
    shop = OpenAI(base_url=f"{server.url}/v1", api_key=secret, admin_api_key=secret, max_retries=0)
    azure = AzureOpenAI(azure_endpoint=server.url, api_key=secret, api_version=API_VERSION, max_retries=0)
    first = eventually(lambda: shop.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4))
    second = azure.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4)
    assert first.usage is not None
    assert second.usage is not None

    def used() -> Any:
        page = organization.usage.completions(
            start_time=began, project_ids=[project.id], group_by=["project_id", "api_key_id"], bucket_width="1h"
        )
        return [result for bucket in page.data for result in bucket.results]

    results = eventually(used, lambda found: sum(result.num_model_requests for result in found) >= 2)
    assert {result.project_id for result in results} == {project.id}
    assert {result.api_key_id for result in results} == {made.api_key.id}
    assert sum(result.input_tokens for result in results) == first.usage.prompt_tokens + second.usage.prompt_tokens
    counted = first.usage.completion_tokens + second.usage.completion_tokens
    assert sum(result.output_tokens for result in results) == counted
    costs = organization.usage.costs(start_time=began, project_ids=[project.id])
    assert [bucket.results for bucket in costs.data] == [[] for _ in costs.data]  # the house pays itself nothing

    with pytest.raises(openai.AuthenticationError):
        shop.admin.organization.projects.list()
    organization.projects.archive(project.id)
    eventually(lambda: _refused(shop), bool)
    events = organization.audit_logs.list(project_ids=[project.id], limit=20)
    assert {event.type for event in events} >= {"project.created", "service_account.created", "project.archived"}


def test_a_rate_limit_set_by_the_client_is_kept_by_every_gateway(server: Server, admin: OpenAI) -> None:
    organization = admin.admin.organization
    project = organization.projects.create(name=f"Slow {uuid.uuid4().hex[:6]}")
    rates = organization.projects.rate_limits
    model = next(rate for rate in rates.list_rate_limits(project.id) if "pico" in rate.model)
    changed = rates.update_rate_limit(model.id, project_id=project.id, max_requests_per_1_minute=1)
    assert changed.max_requests_per_1_minute == 1
    made = organization.projects.service_accounts.create(project.id, name="bot")
    assert made.api_key is not None
    slow = OpenAI(base_url=f"{server.url}/v1", api_key=made.api_key.value, max_retries=0)
    eventually(lambda: slow.models.list())

    def ask() -> bool:
        try:
            slow.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=2)
        except openai.RateLimitError as error:
            return "retry-after" in error.response.headers
        return False

    eventually(ask)
    organization.projects.archive(project.id)


def test_lists_go_on_from_page_to_page(admin: OpenAI) -> None:
    projects = admin.admin.organization.projects
    made = {projects.create(name=f"Page {number}").id for number in range(5)}
    assert made <= {project.id for project in projects.list(limit=2)}
    for identifier in made:
        projects.archive(identifier)
    assert not made & {project.id for project in projects.list(limit=2)}
    assert made <= {project.id for project in projects.list(limit=2, include_archived=True)}


def test_what_does_not_exist_is_not_found(admin: OpenAI) -> None:
    organization = admin.admin.organization
    attempts: list[Callable[[], object]] = [
        lambda: organization.projects.retrieve("proj_none"),
        lambda: organization.users.retrieve("user-none"),
        lambda: organization.invites.retrieve("invite-none"),
        lambda: organization.admin_api_keys.retrieve("key_none"),
        lambda: organization.projects.service_accounts.list("proj_none"),
        lambda: organization.projects.api_keys.list("proj_none"),
    ]
    for attempt in attempts:
        with pytest.raises(openai.NotFoundError) as error:
            attempt()
        assert error.value.type == "invalid_request_error"


def _refused(client: OpenAI) -> bool:
    try:
        client.models.list()
    except openai.AuthenticationError:
        return True
    return False
