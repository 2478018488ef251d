"""Contract mode: production code judges every request; only what exists nowhere is made up, and says so."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from openai import types
from openai.types import Batch, FileDeleted, FileObject, Model, ModelDeleted, Upload, evals, fine_tuning
from openai.types.admin import organization
from openai.types.admin.organization import projects, users
from openai.types.admin.organization.projects import service_accounts
from openai.types.chat import ChatCompletion, ChatCompletionDeleted, ChatCompletionStoreMessage
from openai.types.evals import runs
from openai.types.fine_tuning import checkpoints
from openai.types.fine_tuning import jobs as fine_tuning_jobs
from openai.types.responses import Response, ResponseItem, ResponseStreamEvent
from openai.types.uploads import UploadPart
from pydantic import TypeAdapter

from pleiade.gateway.call import Call
from pleiade.gateway.contract.fixtures import key_of, load_fixtures
from pleiade.gateway.contract.stage import SUITE_KEYS
from pleiade.gateway.errors import ApiError
from pleiade.gateway.routing import Route

Serve = Callable[..., Awaitable[Any]]
SUITE = {"authorization": f"Bearer {SUITE_KEYS[0].decode()}"}

TYPES = {
    "GET /chat/completions/{}": ChatCompletion,
    "POST /chat/completions/{}": ChatCompletion,
    "DELETE /chat/completions/{}": ChatCompletionDeleted,
    "GET /models/{}": Model,
    "DELETE /models/{}": ModelDeleted,
    "GET /responses/{}": Response,
    "POST /responses/{}/cancel": Response,
    "GET /chat/completions": ChatCompletion,
    "GET /chat/completions/{}/messages": ChatCompletionStoreMessage,
    "GET /responses/{}/input_items": ResponseItem,
    "GET /files": FileObject,
    "GET /files/{}": FileObject,
    "DELETE /files/{}": FileDeleted,
    "GET /files/{}/content": dict[str, str],
    "GET /uploads/{}": Upload,
    "POST /uploads/{}/parts": UploadPart,
    "POST /uploads/{}/complete": Upload,
    "POST /uploads/{}/cancel": Upload,
    "GET /batches": Batch,
    "POST /batches": Batch,
    "GET /batches/{}": Batch,
    "POST /batches/{}/cancel": Batch,
}
TUNING: dict[str, Any] = {
    "GET /fine_tuning/jobs": fine_tuning.FineTuningJob,
    "POST /fine_tuning/jobs": fine_tuning.FineTuningJob,
    "GET /fine_tuning/jobs/{}": fine_tuning.FineTuningJob,
    **{f"POST /fine_tuning/jobs/{{}}/{act}": fine_tuning.FineTuningJob for act in ("cancel", "pause", "resume")},
    "GET /fine_tuning/jobs/{}/events": fine_tuning.FineTuningJobEvent,
    "GET /fine_tuning/jobs/{}/checkpoints": fine_tuning_jobs.FineTuningJobCheckpoint,
    "GET /fine_tuning/checkpoints/{}/permissions": checkpoints.PermissionCreateResponse,
    "POST /fine_tuning/checkpoints/{}/permissions": checkpoints.PermissionCreateResponse,
    "DELETE /fine_tuning/checkpoints/{}/permissions/{}": checkpoints.PermissionDeleteResponse,
}
RUN = "/evals/{}/runs/{}"
EVALS: dict[str, Any] = {
    "GET /evals": types.EvalListResponse,
    "GET /evals/{}": types.EvalRetrieveResponse,
    "POST /evals/{}": types.EvalUpdateResponse,
    "DELETE /evals/{}": types.EvalDeleteResponse,
    "GET /evals/{}/runs": evals.RunListResponse,
    "POST /evals/{}/runs": evals.RunCreateResponse,
    f"GET {RUN}": evals.RunRetrieveResponse,
    f"POST {RUN}": evals.RunCancelResponse,
    f"POST {RUN}/cancel": evals.RunCancelResponse,
    f"DELETE {RUN}": evals.RunDeleteResponse,
    f"GET {RUN}/output_items": runs.OutputItemListResponse,
    f"GET {RUN}/output_items/{{}}": runs.OutputItemRetrieveResponse,
}
PROJECT, USER = "/organization/projects/{}", "/organization/users/{}"
ADMINISTRATION: dict[str, Any] = {
    "GET /organization/projects": organization.Project,
    f"GET {PROJECT}": organization.Project,
    f"POST {PROJECT}": organization.Project,
    f"POST {PROJECT}/archive": organization.Project,
    "GET /organization/users": organization.OrganizationUser,
    f"GET {USER}": organization.OrganizationUser,
    f"POST {USER}": organization.OrganizationUser,
    f"DELETE {USER}": organization.UserDeleteResponse,
    f"GET {USER}/roles": users.RoleListResponse,
    f"POST {USER}/roles": users.RoleCreateResponse,
    f"GET {USER}/roles/{{}}": users.RoleRetrieveResponse,
    f"DELETE {USER}/roles/{{}}": users.RoleDeleteResponse,
    "GET /projects/{}/users/{}/roles": users.RoleListResponse,
    "POST /projects/{}/users/{}/roles": users.RoleCreateResponse,
    "GET /projects/{}/users/{}/roles/{}": users.RoleRetrieveResponse,
    "DELETE /projects/{}/users/{}/roles/{}": users.RoleDeleteResponse,
    "GET /organization/invites": organization.Invite,
    "GET /organization/invites/{}": organization.Invite,
    "DELETE /organization/invites/{}": organization.InviteDeleteResponse,
    "GET /organization/admin_api_keys": organization.AdminAPIKey,
    "GET /organization/admin_api_keys/{}": organization.AdminAPIKey,
    "DELETE /organization/admin_api_keys/{}": organization.AdminAPIKeyDeleteResponse,
    f"GET {PROJECT}/users": projects.ProjectUser,
    f"POST {PROJECT}/users": projects.ProjectUser,
    f"GET {PROJECT}/users/{{}}": projects.ProjectUser,
    f"POST {PROJECT}/users/{{}}": projects.ProjectUser,
    f"DELETE {PROJECT}/users/{{}}": projects.UserDeleteResponse,
    f"GET {PROJECT}/api_keys": projects.ProjectAPIKey,
    f"GET {PROJECT}/api_keys/{{}}": projects.ProjectAPIKey,
    f"POST {PROJECT}/api_keys/{{}}": projects.ProjectAPIKey,
    f"DELETE {PROJECT}/api_keys/{{}}": projects.APIKeyDeleteResponse,
    f"GET {PROJECT}/service_accounts": projects.ProjectServiceAccount,
    f"POST {PROJECT}/service_accounts": projects.ServiceAccountCreateResponse,
    f"GET {PROJECT}/service_accounts/{{}}": projects.ProjectServiceAccount,
    f"POST {PROJECT}/service_accounts/{{}}": projects.ProjectServiceAccount,
    f"DELETE {PROJECT}/service_accounts/{{}}": projects.ServiceAccountDeleteResponse,
    f"POST {PROJECT}/service_accounts/{{}}/api_keys": service_accounts.APIKeyCreateResponse,
    f"GET {PROJECT}/rate_limits": projects.ProjectRateLimit,
    f"POST {PROJECT}/rate_limits/{{}}": projects.ProjectRateLimit,
    "GET /organization/spend_limit": organization.OrganizationSpendLimit,
    "DELETE /organization/spend_limit": organization.OrganizationSpendLimitDeleted,
    f"GET {PROJECT}/spend_limit": projects.ProjectSpendLimit,
    f"POST {PROJECT}/spend_limit": projects.ProjectSpendLimit,
    f"DELETE {PROJECT}/spend_limit": projects.ProjectSpendLimitDeleted,
    f"GET {PROJECT}/model_permissions": projects.ProjectModelPermissions,
    f"POST {PROJECT}/model_permissions": projects.ProjectModelPermissions,
    f"DELETE {PROJECT}/model_permissions": projects.ProjectModelPermissionsDeleted,
    "GET /organization/audit_logs": organization.AuditLogListResponse,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose admin key is one that the gateways of these tests know."""
    (tmp_path / "admin.key").write_text("sk-pleiade-test-secret-0123456789\n")
    return tmp_path


@pytest.mark.parametrize("key", sorted(load_fixtures().keys() - {"DELETE /responses/{}"}))  # which answers nothing
def test_each_fixture_is_valid_for_the_type_that_the_sdk_expects(key: str) -> None:
    fixture = load_fixtures()[key]
    buckets = "/usage/" in key or key.endswith("/costs")
    kind = organization.UsageCompletionsResponse if buckets else (TYPES | TUNING | EVALS | ADMINISTRATION)[key]
    items = [fixture.body] if buckets else fixture.body.get("data", [fixture.body])
    for item in items:
        TypeAdapter(kind).validate_python(item, strict=True)
    for event in fixture.events:
        TypeAdapter(ResponseStreamEvent).validate_python(event)


def test_a_key_forgets_the_names_of_parameters() -> None:
    assert key_of("GET", "/responses/{response_id}/input_items") == "GET /responses/{}/input_items"


async def test_an_unknown_model_is_a_fixture_that_says_so(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    answer = await served.get("/v1/models/gpt-next")
    assert answer.status == 200
    assert answer.headers.get("x-pleiade-fixture") == "true", (await answer.text(), dict(answer.headers))
    assert (await answer.json())["id"] == "gpt-next"


async def test_a_known_model_is_the_real_answer(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    answer = await served.get("/v1/models/chat")
    assert answer.status == 200
    assert "x-pleiade-fixture" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/openai/deployments/x/chat/completions?api-version=2024-10-21"]
)
async def test_a_creation_with_any_model_reaches_a_real_engine(serve: Serve, home: Path, path: str) -> None:
    served = await serve(contract=True, home=str(home))
    body = {"model": "gpt-next", "messages": [{"role": "user", "content": "Hello!"}]}
    answer = await served.post(path, body)
    assert answer.status == 200, await answer.text()
    assert "x-pleiade-fixture" not in answer.headers
    assert (await served.post("/v1/embeddings", {"model": "x", "input": "Hello!"})).status == 200


async def test_production_code_still_judges_every_request(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    assert (await served.post("/v1/chat/completions", {"model": 5, "messages": []})).status == 400
    assert (await served.client.post(served.url + "/v1/embeddings", data=b"{", headers=served.headers)).status == 400
    assert (await served.get("/v1/no/such/route")).status == 404
    assert (await served.get("/v1/models/x", headers={"authorization": "Bearer sk-wrong"})).status == 401


async def test_the_keys_of_the_suite_are_the_admin_in_contract_mode_only(serve: Serve, home: Path) -> None:
    in_contract, in_production = await serve(contract=True, home=str(home)), await serve(home=str(home))
    assert (await in_contract.get("/v1/models", headers=SUITE)).status == 200
    assert (await in_production.get("/v1/models", headers=SUITE)).status == 401
    assert (await in_production.get("/v1/models/gpt-next")).status == 404
    unknown = {"model": "gpt-next", "messages": [{"role": "user", "content": "Hello!"}]}
    assert (await in_production.post("/v1/chat/completions", unknown)).status == 404


class Responses:
    """A room that refuses references as the real one does, one after the other."""

    stages = ()

    def __init__(self) -> None:
        self.routes = [Route(method="POST", path="/responses", handler=self.create)]

    async def create(self, call: Call) -> None:
        body = (await call.receive())["body"]
        for param in ("prompt", "conversation", "previous_response_id"):
            if param.encode() in body:
                raise ApiError(400, "unknown", param=param, code="invalid_value")
        if b'"model"' not in body:
            raise ApiError(400, "missing", param="model", code="missing_required_parameter")
        call.status = 200
        await call.answer.whole(200, body)

    async def start(self, gateway: object) -> None:
        pass

    async def stop(self) -> None:
        pass


async def test_unknown_references_are_left_out_one_by_one_and_told(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home), rooms=[Responses()])
    body = {
        "input": "Hello!",
        "conversation": "conv_x",
        "previous_response_id": "resp_x",
        "prompt": {"id": "x"},
    }
    answer = await served.post("/v1/responses", body)
    assert await answer.json() == {"input": "Hello!", "model": "chat", "max_output_tokens": 16}
    assert answer.headers["x-pleiade-contract"] == (
        "with max_output_tokens, without prompt, without conversation, without previous_response_id, with model"
    )
    assert "x-pleiade-fixture" not in answer.headers


async def test_embeddings_come_as_floats_for_strict_validation(serve: Serve, home: Path) -> None:
    served = await serve(contract=True, home=str(home))
    body = {"model": "embed", "input": "Hello!", "encoding_format": "base64"}
    answer = await served.post("/v1/embeddings", body)
    assert answer.headers["x-pleiade-contract"] == "without encoding_format"
    assert "encoding_format" not in served.engine.seen[-1].body
