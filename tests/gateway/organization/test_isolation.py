"""Every route with another tenant's ids. Made from the router's own table: a new route without a decision fails."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from customers import Customer
from graded import an_eval
from money import AGREEMENT, a_bill, nobody
from records import a_run, ship
from scripted_engine import well_behaved
from tuned import tuned

from pleiade.domain import OPERATOR, Role
from pleiade.feedback.inbox import list_page
from pleiade.feedback.nouns import Wanted
from pleiade.files import records as files
from pleiade.files import uploads
from pleiade.files.nouns import File, Kept
from pleiade.gateway.images import operation_records
from pleiade.gateway.images.operation_records import Operation
from pleiade.gateway.routing import Route
from pleiade.jobs.batch import records as batches
from pleiade.products.chat import attachments, chats, feedback, folders, messages
from pleiade.products.chat.nouns import Extract
from pleiade.products.pictures import objects, pictures
from pleiade.products.pictures.nouns import Blob, Made, PictureRequest
from pleiade.products.records.rows import Owner
from pleiade.settlement.kept import keep
from pleiade.store import unit_of_work
from pleiade.tenancy.invites import send_invite
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.members import add_member
from pleiade.tenancy.service_accounts import create_service_account
from pleiade.tenancy.users import create_user

OWN, HIDDEN, MISSING = "own", "hidden", "missing"


@dataclass(frozen=True)
class Things:
    """One of each thing that a tenant owns, by the name of the path parameter that takes its id."""

    ids: Mapping[str, str]
    secrets: tuple[str, ...]  # what must not appear in anybody else's answers


def a_file(connection: sa.Connection, project: str) -> str:
    """Its row; nobody needs its bytes here."""
    file = File(id=files.new_id(), bytes=9, created_at=1, filename="secret-jsonl", purpose="evals")
    files.insert(connection, Kept(file=file, project=project, objects=(f"9999999999-{uuid.uuid4().hex}.bin",)))
    return file.id


def things_of(db: sa.Engine, customer: Customer) -> Things:
    """Made through tenancy, not through the routes that are tested."""
    person = create_user(db, email=f"person@{customer.id}.example", actor=OPERATOR).id
    for project in ("", customer.project):
        add_member(db, customer.id, person, role=Role.MEMBER, project=project, actor=OPERATOR)
    account, _, key = create_service_account(db, customer.id, customer.project, name="bot", actor=OPERATOR)
    assert key is not None
    _, invite = send_invite(db, customer.id, email=f"new@{customer.id}.example", role=Role.MEMBER, actor=OPERATOR)
    _, admin = create_key(
        db, name="spare", role=Role.ADMIN, organisation=customer.id, project=customer.project, kind="admin"
    )
    operation = Operation(
        id=str(uuid.uuid4()),
        project=customer.project,
        created=1,
        expires=2**33,
        status="succeeded",
        body={"result": "secret-picture"},
    )
    run = a_run(organisation=customer.id, project=customer.project, user=person, said="secret-run")
    ship(db, [run])
    owner = Owner(customer.project, customer.owner)
    with unit_of_work(db) as connection:
        operation_records.insert(connection, operation)
        brought = a_file(connection, customer.project)
        batch = batches.create(
            connection,
            organisation=customer.id,
            project=customer.project,
            principal={},
            endpoint="/v1/chat/completions",
            input_file="secret-input",
            metadata=None,
            keep=0,
        )
        upload = uploads.create(connection, customer.project, uploads.new_upload("secret-upload", "evals", 9, ""), 0, 0)
        graded = an_eval(connection, customer.project)
        text = Extract(kind="text", type="text/plain", text="secret-file")
        file = attachments.insert(connection, owner, name="f.txt", size=1, extract=text, object="9999999999-f.bin")
        folder = folders.insert(connection, owner, name="secret-folder", attachments=[file.id])
        fields = {"prompt": "secret-prompt", "width": 8, "height": 8, "bytes": 1, "format": "png", "step": "step_1"}
        made = Made(kind="generation", **fields)
        image = pictures.insert(connection, owner, made, PictureRequest(route="/images/generations", body={}))
        blobs = [Blob("picture", f"9999999999-{uuid.uuid4().hex}.png", "0" * 64, 1)]
        objects.use(connection, image.id, objects.reserve(connection, owner, blobs, 0))
        chat = chats.insert(connection, owner, title="secret-title", folder=folder.id)
        question = messages.insert(connection, owner, chat, parent=None, role="user", content="secret-question")
        answer = messages.insert(
            connection,
            owner,
            chat,
            parent=question.id,
            role="assistant",
            content="secret-reply",
            request={"model": "x"},
        )
        rating: dict[str, Any] = {"verdict": "down", "reasons": [], "correction": "secret-correction", "consent": True}
        feedback.rate(connection, owner, chat.id, answer.id, **rating)
        (given,), _ = list_page(connection, Wanted(organisation=customer.id), after=None, limit=1)
    ids = {
        "operation_id": operation.id,
        "chat_id": chat.id,
        "message_id": answer.id,
        "folder_id": folder.id,
        "attachment_id": file.id,
        "picture_id": image.id,
        "project_id": customer.project,
        "user_id": person,
        "service_account_id": account.id,
        "api_key_id": key.id,
        "key_id": admin.id,
        "invite_id": invite.id,
        "run_id": run.id,
        "file_id": brought,
        "batch_id": batch.id,
        **graded,
        "upload_id": upload.id,
        **tuned(db, customer),
        "feedback_id": given.id,
        "invoice_id": a_bill(db, customer.id),
        "agreement_id": keep(db, AGREEMENT.format(name=f"secret-{customer.id}"), {"partner": customer.id}, nobody).id,
    }
    kinds = ("picture", "file", "folder", "title", "question", "reply", "run", "prompt", "correction")
    words = tuple(f"secret-{kind}" for kind in (*kinds, "jsonl", "upload", "tuned", "base", "examples", "event"))
    return Things(ids, (*ids.values(), f"@{customer.id}.example", customer.owner, *words))


# Path parameters that name nobody's property: shared by all tenants, or of things that every tenant has alike.
SHARED = {
    "model": "chat",
    "engine": "chat",
    "deployment": "chat",
    "lesson_id": "lesson_of-the-house",  # as deployments are: test_lesson_routes.py shows that customers see none
    "role_id": "role-api-organization-member",
    "rate_limit_id": "rl-pico-1",
    "subscription": "s",
    "group": "g",
    "account": "a",
    "share_id": "share_of-nobody",  # opened by whoever has it
    "file": "9999999999-00000000000000000000000000000000.png",  # opened by our signature, whoever has it
}

# What a client stored; the ids are made by calls of the other tenant.
STORED = {"completion_id", "response_id"}

# Bodies that are right, so that nothing but the ids can be why a write is refused.
BODIES: dict[str, dict[str, Any]] = {
    "/organization/projects/{project_id}": {"name": "taken"},
    "/organization/users/{user_id}": {"role": "owner"},
    "/organization/projects/{project_id}/users": {"role": "member"},
    "/organization/projects/{project_id}/users/{user_id}": {"role": "owner"},
    "/organization/users/{user_id}/roles": {"role_id": "role-api-organization-owner"},
    "/projects/{project_id}/users/{user_id}/roles": {"role_id": "role-api-project-owner"},
    "/organization/projects/{project_id}/api_keys/{api_key_id}": {"scopes": ["all"]},
    "/organization/projects/{project_id}/service_accounts": {"name": "mine"},
    "/organization/projects/{project_id}/service_accounts/{service_account_id}": {"role": "owner"},
    "/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys": {"name": "mine"},
    "/organization/projects/{project_id}/rate_limits/{rate_limit_id}": {"max_requests_per_1_minute": 1},
    "/organization/projects/{project_id}/spend_limit": {
        "currency": "USD",
        "interval": "month",
        "threshold_amount": 100,
    },
    "/organization/projects/{project_id}/model_permissions": {"mode": "deny_list", "model_ids": ["chat"]},
    "/chat/completions/{completion_id}": {"metadata": {}},
    "/organization/users/{user_id}/erase": {"email": "person@acme.example"},
    "/chats/{chat_id}/messages/{message_id}/feedback": {"verdict": "up"},
    "/uploads/{upload_id}/complete": {"part_ids": []},
    "/organization/invoices/{invoice_id}/issue": {"total": "12.50"},
    "/organization/invoices/{invoice_id}/credit": {"reason": "taken"},
    "/organization/agreements/{agreement_id}/close": {"through": "2026-09", "id": "0"},
    "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions": {"project_ids": ["default"]},
}

# Routes without an id in their path: lists and sums, which must not show what others own, and creations, whose bodies
# name something of another tenant where they can (the answer must be 404).
LISTS = {
    "GET /fine_tuning/jobs",
    "GET /fine-tunes",
    "GET /organization/projects",
    "GET /organization/users",
    "GET /organization/roles",
    "GET /organization/invites",
    "GET /organization/admin_api_keys",
    "GET /organization/audit_logs",
    "GET /organization/spend_limit",
    "GET /organization/costs",
    "GET /organization/overview",
    "GET /organization/runs",
    "GET /organization/invoices",
    "GET /organization/agreements",
    "GET /organization/feedback",
    "GET /organization/feedback/export",
    "GET /chat/completions",
    "GET /chats",
    "GET /chats/search",
    "GET /chats/folders",
    "GET /chats/export",
    "GET /gallery",
    "GET /files",
    "GET /batches",
    "GET /evals",
    *(
        f"GET /organization/usage/{kind}"
        for kind in (
            "completions",
            "decisions",
            "embeddings",
            "moderations",
            "images",
            "audio_speeches",
            "audio_transcriptions",
            "vector_stores",
            "code_interpreter_sessions",
            "file_search_calls",
            "web_search_calls",
        )
    ),
}
CREATIONS: dict[str, dict[str, Any]] = {
    "POST /fine_tuning/jobs": {"model": "chat", "training_file": "{file_id}"},
    "POST /fine-tunes": {"model": "chat", "training_file": "{file_id}"},
    "POST /chats": {"folder": "{folder_id}"},
    "POST /chats/folders": {"name": "mine", "attachments": ["{attachment_id}"]},
    "POST /batches": {
        "input_file_id": "{file_id}",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    },
    "POST /feedback": {"run_id": "{run_id}", "verdict": "up"},
    "POST /organization/invites": {
        "email": "mallory@globex.example",
        "role": "reader",
        "projects": [{"id": "{project_id}", "role": "member"}],
    },
    "POST /responses": {"model": "chat", "input": "hi", "previous_response_id": "{response_id}"},
    "POST /responses/input_tokens": {"model": "chat", "input": "hi", "previous_response_id": "{response_id}"},
    "POST /responses/compact": {"model": "chat", "input": "hi", "previous_response_id": "{response_id}"},
}
# Decided: nothing of a tenant is named in these, in path or body, and nothing of one is in their answers.
OF_NOBODY = {
    "POST /attachments",
    "POST /files",
    "POST /uploads",
    "POST /evals",
    "POST /fine_tuning/alpha/graders/run",
    "POST /fine_tuning/alpha/graders/validate",
    "POST /chats/import",
    "POST /gallery",
    "POST /organization/projects",
    "POST /organization/admin_api_keys",
    "POST /organization/spend_limit",
    "DELETE /organization/spend_limit",
    "POST /chat/completions",
    "POST /completions",
    "POST /embeddings",
    "POST /rewards",
    "POST /moderations",
    "POST /edits",
    "POST /images/generations",
    "POST /images/generations:submit",
    "POST /images/edits",
    "POST /images/variations",
    "POST /images/outpaint",
    "GET /models",
    "GET /engines",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /auth/ways",
    "GET /auth/login",
    "POST /auth/login",
    "GET /auth/callback",
    "GET /auth/me",
    "POST /auth/logout",
    "POST /auth/invite",
    "POST /auth/invite/look",
    "GET /",
    "GET /*",
    "GET /openapi.json",
    "POST /auth/register",
    # The house's own acts: test_invoices and test_settlements show that customers may none of them.
    "POST /organization/invoices",
    "POST /organization/adjustments",
    "GET /organization/customers",
    "POST /organization/agreements",
    # Deployments are the house's own: tests/gateway/deployments shows that customers see none of them.
    "GET /deployments",
    "POST /deployments",
    "GET /organization/deployments",
    "POST /organization/deployments",
    "GET /organization/models",
    "POST /organization/models/plan",
    "GET /organization/lessons",
    "POST /organization/lessons",
    "POST /organization/lessons/preview",
    # So is the installation: test_house.py shows that customers see nothing of it.
    "GET /organization/settings",
    "POST /organization/settings",
    "GET /organization/doctor",
    "GET /organization/doctor/bundle",
    "GET ",  # /openai/deployments/{deployment} itself
    "PATCH ",
    "DELETE ",
}


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def params_of(route: Route) -> list[str]:
    return [segment[1:-1] for segment in route.path.split("/") if segment.startswith("{")]


@pytest.fixture
async def theirs(database: sa.Engine, served: Any, acme: Customer) -> Things:
    """What Acme has, stored answers among it."""
    things = things_of(database, acme)
    client = acme.client(acme.key, strict=False)
    served.engine.script = well_behaved
    completion = await client.chat.completions.create(
        model="chat", messages=[{"role": "user", "content": "secret-of-acme"}], store=True
    )
    response = await client.responses.create(model="chat", input="secret-of-acme", store=True)
    ids = {**things.ids, "completion_id": completion.id, "response_id": response.id}
    return Things(ids, (*things.secrets, "secret-of-acme"))


def path_of(route: Route, ids: Mapping[str, str]) -> str:
    path = route.path
    for name in params_of(route):
        path = path.replace(f"{{{name}}}", ids.get(name) or SHARED[name])
    return path


async def ask(
    customer: Customer, served: Any, route: Route, path: str, body: Any, surface: str = "/v1"
) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {customer.key}"}
    query = "?start_time=1" if "/usage/" in path or path.endswith("/costs") else ""
    query = "?q=secret" if path == "/chats/search" else query
    async with served.client.request(
        route.method,
        f"{served.url}{surface}{path}{query}",
        headers=headers,
        json=body if route.method == "POST" else None,
    ) as answer:
        return answer.status, await answer.text(errors="replace")


async def test_every_route_is_decided_about(served: Any, theirs: Things) -> None:
    undecided = [
        name_of(route)
        for route in served.gateway.routes
        if not (name_of(route) in LISTS | OF_NOBODY | CREATIONS.keys() or params_of(route))
        or any(name not in theirs.ids and name not in SHARED for name in params_of(route))
    ]
    assert undecided == [], "say for each of these, in this file, whose things it names"
    known = {name_of(route) for route in served.gateway.routes}
    assert (LISTS | OF_NOBODY | CREATIONS.keys()) - known == set(), "these routes are gone"


async def test_another_tenants_ids_are_not_found_on_any_route(served: Any, globex: Customer, theirs: Things) -> None:
    asked = [route for route in served.gateway.routes if any(name in theirs.ids for name in params_of(route))]
    assert len(asked) > 30
    answers = [
        (route, *(await ask(globex, served, route, path_of(route, theirs.ids), BODIES.get(route.path, {}))))
        for route in asked
    ]
    for route in asked:
        path, body = path_of(route, theirs.ids), BODIES.get(route.path, {})
        status, _ = await ask(globex, served, route, path, body, "/openai/v1")
        assert status == 404, name_of(route)
    wrong = [(name_of(route), status, text[:200]) for route, status, text in answers if status != 404]
    assert wrong == [], "another tenant's ids must be answered with 404, never 403 with a hint"
    for route, _, text in answers:
        hints = [secret for secret in theirs.secrets if secret in text and secret not in path_of(route, theirs.ids)]
        assert hints == [], name_of(route)


async def test_ones_own_place_with_another_tenants_thing_in_it_is_not_found_either(
    served: Any, globex: Customer, theirs: Things, database: sa.Engine
) -> None:
    own = things_of(database, globex)
    deeper = [route for route in served.gateway.routes if len([n for n in params_of(route) if n in theirs.ids]) > 1]
    for route in deeper:
        for name in params_of(route):
            if name in theirs.ids and name != "project_id":
                mixed = {**own.ids, name: theirs.ids[name]}
                status, text = await ask(globex, served, route, path_of(route, mixed), BODIES.get(route.path, {}))
                assert status == 404, (name_of(route), status, text)


async def test_unknown_ids_are_told_in_the_same_words(served: Any, globex: Customer, theirs: Things) -> None:
    """Nobody learns that an id exists elsewhere: the answer differs in nothing but the id itself."""
    for route in served.gateway.routes:
        if not any(name in theirs.ids for name in params_of(route)):
            continue
        nowhere = {name: value[:-6] + "zzzzzz" for name, value in theirs.ids.items()}
        body = BODIES.get(route.path, {})
        status, text = await ask(globex, served, route, path_of(route, theirs.ids), body)
        other_status, other = await ask(globex, served, route, path_of(route, nowhere), body)
        # The longest first: a short one may be how a random one happens to end.
        for name, value in sorted(theirs.ids.items(), key=lambda one: -len(one[1])):
            text, other = text.replace(value, name), other.replace(nowhere[name], name)
        assert (status, text) == (other_status, other), name_of(route)


async def test_lists_show_nothing_of_others(served: Any, globex: Customer, acme: Customer, theirs: Things) -> None:
    for route in served.gateway.routes:
        if name_of(route) in LISTS:
            _, text = await ask(globex, served, route, route.path, None)
            assert not [secret for secret in theirs.secrets if secret in text], name_of(route)


async def test_bodies_that_name_anothers_things_are_not_found(served: Any, globex: Customer, theirs: Things) -> None:
    for route in served.gateway.routes:
        body = CREATIONS.get(name_of(route))
        if body is not None:
            text = json.dumps(body)
            for name, value in theirs.ids.items():
                text = text.replace(f"{{{name}}}", value)
            status, answer = await ask(globex, served, route, route.path, json.loads(text))
            assert status in (400, 404), (name_of(route), status, answer)
            assert "not found" in answer.lower() or "no " in answer.lower(), (name_of(route), answer)


async def test_nothing_of_theirs_was_changed_by_all_that(
    served: Any, acme: Customer, globex: Customer, theirs: Things
) -> None:
    shown = [
        route
        for route in served.gateway.routes
        if route.method == "GET"
        and (name_of(route) in LISTS or any(name in theirs.ids for name in params_of(route)))
        # These tell of the acts of this test: the log, and an archive (whose files bear their time). The overview is of
        # the last hour, which goes on meanwhile.
        and route.path
        not in ("/organization/audit_logs", "/organization/users/{user_id}/data", "/organization/overview")
    ]

    async def picture() -> list[str]:
        answers = [await ask(acme, served, route, path_of(route, theirs.ids), None) for route in shown]
        return [f"{status} {text}" for status, text in answers]

    before = await picture()
    # What Acme does not have.
    absent = ("role", "spend limit", "list of models", "bytes of this")
    assert all(text.startswith("200") for text in before if not any(name in text for name in absent)), before
    for route in served.gateway.routes:
        if route.method != "GET" and any(name in theirs.ids for name in params_of(route)):
            await ask(globex, served, route, path_of(route, theirs.ids), BODIES.get(route.path, {}))
    assert await picture() == before


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_ids_that_nobody_would_write_are_not_found_and_break_nothing(
    served: Any, acme: Customer, theirs: Things
) -> None:
    strange = ["'; DROP TABLE keys; --", '"', "🚀", "a\0b", "a\nb", "ünïcode", "{project_id}", "x" * 3000, "\u202e"]
    asked = [route for route in served.gateway.routes if any(name in theirs.ids for name in params_of(route))]
    for number, route in enumerate(asked):
        for text in (strange[number % len(strange)], strange[(number + 4) % len(strange)]):
            for name in (name for name in params_of(route) if name in theirs.ids):
                path = path_of(route, {**theirs.ids, name: quote(text, safe="")})
                status, answer = await ask(acme, served, route, path, BODIES.get(route.path, {}))
                assert status == 404, (name_of(route), text, status, answer)
    listed = [route for route in served.gateway.routes if name_of(route) in LISTS and "/usage/" not in route.path]
    for route in listed:
        for text in strange:
            path = f"{route.path}?after={quote(text, safe='')}&start_time=1"
            status, answer = await ask(acme, served, route, path, None)
            assert status in (200, 400, 404), (name_of(route), text, status, answer)
