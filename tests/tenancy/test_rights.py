"""Who may do what: the table, what keys narrow, and the page that tells it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.domain import Principal, Role
from pleiade.tenancy.errors import InvalidError
from pleiade.tenancy.rights import RIGHTS, effective_role, grants, may, may_grant, right_for
from pleiade.tenancy.scopes import checked_scopes, covers, scope_of

PAGE = Path(__file__).parents[2] / "docs" / "tenancy.md"
ROLES = st.sampled_from(list(Role))
ACTIONS = st.sampled_from(sorted(RIGHTS))
SCOPES = st.lists(
    st.sampled_from(["all", "read-only", "model.request", "api.keys.write", "api.management.read", "api.usage.read"]),
    min_size=1,
).map(lambda scopes: checked_scopes(scopes))


def who(role: Role = Role.OWNER, **fields: object) -> Principal:
    return Principal(**({"key": "key_1", "organisation": "org-a", "project": "proj_a", "role": role} | fields))  # type: ignore[arg-type]


def test_the_page_shows_exactly_this_table() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (\w+) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(name, right.where, right.role.value, right.means) for name, right in RIGHTS.items()]


@given(action=ACTIONS, role=ROLES, kind=st.sampled_from(["project", "admin"]), scopes=SCOPES)
def test_nobody_may_anything_in_another_organisation(
    action: str, role: Role, kind: str, scopes: tuple[str, ...]
) -> None:
    caller = who(role, kind=kind, scopes=scopes)
    for organisation in ("org-b", "default", ""):
        assert not may(caller, action, organisation, "proj_a")
        assert not may(caller, action, organisation)


@given(action=ACTIONS, role=ROLES, scopes=SCOPES)
def test_a_key_of_a_project_stays_in_its_project(action: str, role: Role, scopes: tuple[str, ...]) -> None:
    caller = who(role, scopes=scopes)
    assert not may(caller, action, "org-a", "proj_b")
    assert not may(caller, action, "org-a")  # the organisation as a whole


@given(action=ACTIONS, kind=st.sampled_from(["project", "admin"]), project=st.sampled_from(["proj_a", ""]))
def test_a_higher_role_may_all_that_a_lower_one_may(action: str, kind: str, project: str) -> None:
    allowed = [may(who(role, kind=kind), action, "org-a", project) for role in sorted(Role, key=lambda role: role.rank)]
    assert allowed == sorted(allowed)


@given(action=ACTIONS, role=ROLES, kind=st.sampled_from(["project", "admin"]), scopes=SCOPES)
def test_scopes_only_take_away(action: str, role: Role, kind: str, scopes: tuple[str, ...]) -> None:
    if may(who(role, kind=kind, scopes=scopes), action, "org-a", "proj_a"):
        assert may(who(role, kind=kind), action, "org-a", "proj_a")
        assert grants(who(role, kind=kind, scopes=scopes), action)


def test_owners_and_admins_act_in_every_project_and_others_in_theirs() -> None:
    for role in Role:
        caller = who(role, kind="admin", project="")
        assert may(caller, "api.projects.read", "org-a", "proj_b") is (role in (Role.OWNER, Role.ADMIN))
        assert may(caller, "api.usage.read", "org-a") is (role in (Role.OWNER, Role.ADMIN))  # of all projects
        assert may(caller, "api.organization.read", "org-a") is True
        assert may(caller, "api.audit_logs.read", "org-a") is (role in (Role.OWNER, Role.ADMIN))
        assert may(caller, "api.organization.write", "org-a") is (role is Role.OWNER)


def test_only_the_house_touches_what_all_tenants_share() -> None:
    for action in (name for name, right in RIGHTS.items() if right.where == "house"):
        assert not may(who(Role.OWNER, kind="admin"), action, "org-a")
        assert may(who(Role.OWNER, kind="admin", organisation="default"), action, "default")
        assert not may(who(Role.OWNER, organisation="default"), action, "default", "proj_a")
        assert not may(who(Role.MEMBER, kind="admin", organisation="default"), action, "default") or (
            RIGHTS[action].role is Role.VIEWER
        )


def test_who_is_in_no_project_calls_no_model_and_finds_nothing_stored() -> None:
    for role in Role:
        caller = who(role, kind="admin", project="")
        for action in ("api.model.chat.request", "api.responses.write", "api.chat_completions.read"):
            assert not grants(caller, action)
            assert grants(who(Role.OWNER), action)
        assert grants(caller, "model.read")


def test_nobody_gives_a_role_above_their_own() -> None:
    assert may_grant(who(Role.ADMIN), Role.ADMIN)
    assert not may_grant(who(Role.ADMIN), Role.OWNER)
    assert [role for role in Role if may_grant(who(Role.MEMBER), role)] == [Role.MEMBER, Role.VIEWER]


@pytest.mark.parametrize(
    ("in_organisation", "in_project", "then"),
    [
        (Role.OWNER, None, Role.OWNER),
        (Role.OWNER, Role.VIEWER, Role.OWNER),
        (Role.ADMIN, Role.OWNER, Role.OWNER),
        (Role.DEVELOPER, None, None),
        (Role.VIEWER, Role.DEVELOPER, Role.DEVELOPER),
        (Role.MEMBER, Role.VIEWER, Role.VIEWER),
        (None, Role.OWNER, None),
    ],
)
def test_what_somebody_is_in_a_project(
    in_organisation: Role | None, in_project: Role | None, then: Role | None
) -> None:
    assert effective_role(in_organisation, in_project) is then


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/chat/completions", "api.model.chat.request"),
        ("GET", "/chat/completions", "api.chat_completions.read"),
        ("POST", "/chat/completions/{completion_id}", "api.chat_completions.write"),
        ("POST", "/completions", "api.model.completions.request"),
        ("POST", "/engines/{engine}/completions", "api.model.completions.request"),
        ("GET", "/engines", "model.read"),
        ("HEAD", "/models", "model.read"),
        ("DELETE", "/models/{model}", "api.models.write"),
        ("POST", "/embeddings", "api.model.embeddings.request"),
        ("POST", "/responses", "api.responses.write"),
        ("GET", "/responses/{response_id}", "api.responses.read"),
        ("POST", "/fine_tuning/jobs", "api.fine_tuning.write"),
        ("GET", "/organization/projects", "api.projects.read"),
        ("POST", "/organization/projects/{project_id}", "api.projects.write"),
        ("GET", "/organization/projects/{project_id}/api_keys", "api.keys.read"),
        ("DELETE", "/organization/projects/{project_id}/users/{user_id}", "api.members.write"),
        ("POST", "/organization/projects/{project_id}/rate_limits/{id}", "api.limits.write"),
        ("GET", "/organization/usage/completions", "api.usage.read"),
        ("GET", "/organization/costs", "api.usage.read"),
        ("GET", "/organization/audit_logs", "api.audit_logs.read"),
        ("POST", "/organization/admin_api_keys", "api.admin_keys.write"),
        ("DELETE", "/organization/invites/{invite_id}", "api.invites.write"),
        ("POST", "/organization/certificates", "api.organization.write"),
        ("GET", "/organization", "api.organization.read"),
        ("GET", "/projects/{project_id}/roles", "api.projects.read"),
        ("POST", "/projects/{project_id}/users/{user_id}/roles", "api.members.write"),
        ("PUT", "/deployments/{deployment}", "api.deployments.write"),
    ],
)
def test_each_route_has_a_scope_that_some_right_covers(method: str, path: str, scope: str) -> None:
    assert scope_of(method, path) == scope
    assert right_for(scope).role in Role
    assert covers(("all",), scope)


def test_what_scopes_cover() -> None:
    for granted, needed, covered in (
        ("model.request", "api.model.images.request", True),
        ("model.request", "model.read", False),
        ("api.model.chat.request", "api.model.images.request", False),
        ("api.responses.write", "api.responses.read", True),
        ("api.responses.read", "api.responses.write", False),
        ("read-only", "api.usage.read", True),
        ("read-only", "api.keys.write", False),
        ("read-only", "api.model.chat.request", False),
        ("api.management.read", "api.projects.read", True),
        ("api.management.read", "api.projects.write", False),
        ("api.management.write", "api.keys.write", True),
        ("api.management.write", "api.responses.read", False),
        ("api.management.write", "api.deployments.write", False),
    ):
        assert covers((granted,), needed) is covered, (granted, needed)
    assert covers(("model.read", "model.request"), "model.read")


def test_scopes_are_stored_once_each_and_strange_ones_refused() -> None:
    assert checked_scopes(["model.read", "all"]) == ("all",)
    assert checked_scopes(["model.request", "model.request", "api.model.read"]) == ("model.read", "model.request")
    for wrong in (
        ["api.data.read"],
        [],
        [""],
        ["everything"],
        ["api.x.delete"],
        ["api..read"],
        ["model.read\0"],
        ["api." + "x" * 99 + ".read"],
    ):
        with pytest.raises(InvalidError) as caught:
            checked_scopes(wrong)
        assert caught.value.param == "scopes"


def test_a_word_that_is_no_action_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="RIGHTS"):
        may(who(), "fly", "org-a")
