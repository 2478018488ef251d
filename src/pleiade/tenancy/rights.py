"""Who may do what: one table, and one function that reads it."""

from functools import lru_cache
from typing import Literal

import msgspec

from pleiade.domain import DEFAULT_ORGANISATION, Principal, Role
from pleiade.tenancy.scopes import covers

Where = Literal["project", "organisation", "house"]


class Right(msgspec.Struct, frozen=True):
    """What one action needs: this role or a higher one, there."""

    role: Role
    where: Where
    means: str


# "project": in the project that the action is about; owners and admins of the organisation have it in every project,
# and only they have it for all projects at once.
# "organisation": for the whole organisation; a key of a project never has it, an admin key or a person does. Whoever
# signed in is there with their role in a project, so it counts for what every member may, and no further.
# "house": only owners and admins of the house's own organisation, for things that all tenants share.
RIGHTS: dict[str, Right] = {
    "model.read": Right(Role.VIEWER, "project", "list models"),
    "model.request": Right(Role.MEMBER, "project", "call models"),
    "api.data.read": Right(Role.VIEWER, "project", "read what the project stored: responses, completions, files, jobs"),
    "api.data.write": Right(Role.MEMBER, "project", "store, change and delete it"),
    "api.fine_tuning.write": Right(Role.DEVELOPER, "project", "start and stop fine-tunes"),
    "api.keys.read": Right(Role.DEVELOPER, "project", "list keys and service accounts"),
    "api.keys.write": Right(Role.DEVELOPER, "project", "make, rotate and revoke them, up to one's own role"),
    "api.limits.read": Right(Role.VIEWER, "project", "see limits and budgets"),
    "api.limits.write": Right(Role.ADMIN, "project", "change limits and budgets"),
    "api.usage.read": Right(Role.VIEWER, "project", "see usage and costs"),
    "api.runs.read": Right(Role.VIEWER, "project", "see calls one by one; what was said in them: one's own"),
    "api.feedback_inbox.read": Right(Role.DEVELOPER, "project", "read feedback; question and answer only by consent"),
    "api.feedback_inbox.write": Right(Role.DEVELOPER, "project", "say what was done about it"),
    "api.projects.read": Right(Role.VIEWER, "project", "see the project and its name"),
    "api.projects.write": Right(Role.ADMIN, "project", "make, rename and archive projects"),
    "api.members.read": Right(Role.VIEWER, "project", "see who belongs to it"),
    "api.members.write": Right(Role.ADMIN, "project", "add and remove people and change their roles, up to one's own"),
    "api.invites.read": Right(Role.ADMIN, "organisation", "see invitations"),
    "api.invites.write": Right(Role.ADMIN, "organisation", "invite, up to one's own role"),
    "api.admin_keys.read": Right(Role.ADMIN, "organisation", "list admin keys"),
    "api.admin_keys.write": Right(Role.ADMIN, "organisation", "make and revoke them, up to one's own role"),
    "api.audit_logs.read": Right(Role.ADMIN, "organisation", "read and export the audit log"),
    "api.billing.read": Right(Role.MEMBER, "organisation", "see its invoices"),
    "api.billing.write": Right(Role.ADMIN, "house", "draft and issue invoices, note payments, credit, adjust"),
    "api.settlement.read": Right(Role.ADMIN, "organisation", "see what is settled with it as a partner"),
    "api.settlement.write": Right(Role.ADMIN, "house", "keep agreements, try scenarios, settle with partners"),
    "api.organization.read": Right(Role.VIEWER, "organisation", "see the organisation"),
    "api.organization.write": Right(Role.OWNER, "organisation", "rename the organisation and change its settings"),
    "api.person_data.read": Right(Role.OWNER, "organisation", "take along everything that is kept of a person"),
    "api.person_data.write": Right(Role.OWNER, "organisation", "erase a person with all that"),
    "api.deployments.read": Right(Role.VIEWER, "house", "see how models are deployed"),
    "api.deployments.write": Right(Role.ADMIN, "house", "deploy models and change their capacity"),
    "api.doctor.read": Right(Role.ADMIN, "house", "examine the installation, take diagnostics along"),
    "api.settings.read": Right(Role.ADMIN, "house", "see what is set, and where"),
    "api.settings.write": Right(Role.OWNER, "house", "change settings while the server runs"),
    "api.tenants.read": Right(Role.ADMIN, "house", "see all organisations and those who wait to be let in"),
    "api.tenants.write": Right(Role.ADMIN, "house", "make, bill, archive and delete organisations, let people in"),
    "api.prices.write": Right(Role.ADMIN, "house", "set prices"),
    "api.ledger.read": Right(Role.ADMIN, "house", "read the books"),
}

_IN_A_PROJECT = tuple(RIGHTS[name] for name in ("model.request", "api.data.read", "api.data.write"))

# Roles that act in every project of their organisation.
_EVERYWHERE = (Role.OWNER, Role.ADMIN)


def may(principal: Principal, action: str, organisation: str, project: str = "") -> bool:
    """Whether `principal` may do `action` there: pure, from RIGHTS and the key's scopes.

    `project` is "" for what concerns the organisation as a whole, or all of its projects. `action` is a name of
    RIGHTS, or a scope of a route (`scopes.scope_of`), which RIGHTS covers by kind. Who gets False should be told
    "not found" about another organisation's things, for they may not even know that these exist.
    """
    right = right_for(action)
    if not organisation or organisation != principal.organisation or not covers(principal.scopes, action):
        return False
    wide = principal.kind == "admin"
    match right.where:
        case "house":
            allowed = wide and organisation == DEFAULT_ORGANISATION
        case "organisation":
            signed_in = not principal.key and bool(principal.user)
            allowed = wide or (signed_in and right.role.rank <= Role.MEMBER.rank)
        case "project":
            allowed = (bool(project) and project == principal.project) or (wide and principal.role in _EVERYWHERE)
    return allowed and principal.role.rank >= right.role.rank


def grants(principal: Principal, action: str) -> bool:
    """Whether `principal` may do `action` somewhere: what the gateway asks of every request, before its route does.

    Models and what they made belong to a project: who is in none has neither.
    """
    right = right_for(action)
    homeless = not principal.project and right in _IN_A_PROJECT
    return not homeless and covers(principal.scopes, action) and principal.role.rank >= right.role.rank


def may_grant(principal: Principal, role: Role) -> bool:
    """Whether `principal` may give `role` to somebody, or take it away: none above their own."""
    return role.rank <= principal.role.rank


def effective_role(in_organisation: Role | None, in_project: Role | None) -> Role | None:
    """What somebody is in a project: an owner or admin of the organisation is that in each; else their place in it."""
    if in_organisation is None:
        return None  # projects are for members of the organisation
    if in_organisation in _EVERYWHERE and (in_project is None or in_project.rank < in_organisation.rank):
        return in_organisation
    return in_project


@lru_cache(maxsize=1024)
def right_for(action: str) -> Right:
    """The right that covers `action`: its own, or for a route's scope that of its kind."""
    if action in RIGHTS:
        return RIGHTS[action]
    match action.rpartition(".")[2]:
        case "request":
            return RIGHTS["model.request"]
        case "read":
            return RIGHTS["api.data.read"]
        case "write":
            return RIGHTS["api.data.write"]
    raise ValueError(f"{action!r} is no action: see pleiade.tenancy.rights.RIGHTS")
