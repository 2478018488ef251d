"""What every secret opens, as gateways hold it in memory: read at once, because one query is quicker than many."""

import time

import sqlalchemy as sa

from pleiade.domain import Billing, OpenKey, Principal, Role, Storefront
from pleiade.store import reading
from pleiade.store.tables import keys
from pleiade.store.tenants import (
    organisation_members,
    organisations,
    project_members,
    projects,
    service_accounts,
)
from pleiade.tenancy.checks import storable
from pleiade.tenancy.rights import effective_role

SERVICE_ACCOUNT = "svc_acct_"


def open_keys(db: sa.Engine) -> dict[str, OpenKey]:
    """SHA-256 of the secret → what it opens, for every key that opens anything now. Raises StoreError.

    Not among them: keys that are revoked or expired, those of archived projects and organisations, and those
    whose owner is gone from where the key belongs. A key never may more than its owner may there.
    """
    now = int(time.time())
    roles = {role.value: role for role in Role}
    storefronts = {storefront.value: storefront for storefront in Storefront}
    billings = {billing.value: billing for billing in Billing}
    scopes: dict[str, tuple[str, ...]] = {}  # most keys share theirs, so they share the tuple too
    opened: dict[str, OpenKey] = {}
    with reading(db) as connection:
        rows = connection.execute(_KEYS, {"now": now})
        for (
            id,
            sha256,
            role,
            organisation,
            project,
            owner,
            kind,
            scope_text,
            expires,
            replaced_by,
            storefront,
            billing,
            in_organisation,
            in_project,
            account_role,
        ) in rows:
            held = roles[role]
            if owner:
                limit = _owners_role(owner, kind, roles, in_organisation, in_project, account_role)
                if limit is None:
                    continue
                held = min(held, limit, key=_rank)
            if scope_text not in scopes:
                scopes[scope_text] = tuple(scope_text.split())
            opened[sha256] = OpenKey(
                Principal(
                    key=replaced_by or id,
                    project=project,
                    role=held,
                    organisation=organisation,
                    user=owner,
                    kind=kind,
                    scopes=scopes[scope_text],
                    storefront=storefronts[storefront],
                    billing=billings[billing],
                ),
                expires,
            )
    return opened


def principal_of_user(db: sa.Engine, user: str, organisation: str, project: str = "") -> Principal | None:
    """How somebody who signed in acts: in a project with their role there, or ("") in the organisation as a whole.

    None if they are not, or no longer, a member there, or the organisation or project is archived or unknown.
    Raises StoreError.
    """
    if not all(storable(text) for text in (user, organisation, project)):
        return None
    with reading(db) as connection:
        place = connection.execute(
            sa.select(organisations.c.storefront, organisations.c.billing, organisation_members.c.role)
            .join(organisation_members, organisation_members.c.organisation == organisations.c.id)
            .where(
                organisations.c.id == organisation,
                organisations.c.archived == 0,
                organisations.c.deleted == 0,
                organisation_members.c.user == user,
            )
        ).one_or_none()
        if place is None:
            return None
        role: Role | None = Role(place.role)
        if project:
            named = sa.select(projects.c.id, project_members.c.role).join(
                project_members,
                sa.and_(project_members.c.project == projects.c.id, project_members.c.user == user),
                isouter=True,
            )
            found = connection.execute(
                named.where(projects.c.id == project, projects.c.organisation == organisation, projects.c.archived == 0)
            ).one_or_none()
            if found is None:
                return None
            role = effective_role(role, Role(found.role) if found.role else None)
    if role is None:
        return None
    return Principal(
        key="",
        project=project,
        role=role,
        organisation=organisation,
        user=user,
        kind="project" if project else "admin",
        storefront=Storefront(place.storefront),
        billing=Billing(place.billing),
    )


def _owners_role(
    owner: str,
    kind: str,
    roles: dict[str, Role],
    in_organisation: str | None,
    in_project: str | None,
    account: str | None,
) -> Role | None:
    """What the owner of a key may where the key belongs; None if they are gone from there."""
    if owner.startswith(SERVICE_ACCOUNT):
        return roles[account] if account else None
    everywhere = roles[in_organisation] if in_organisation else None
    if kind == "admin":
        return everywhere
    return effective_role(everywhere, roles[in_project] if in_project else None)


def _rank(role: Role) -> int:
    return role.rank


_KEYS = (
    sa.select(
        keys.c.id,
        keys.c.sha256,
        keys.c.role,
        keys.c.organisation,
        keys.c.project,
        keys.c.owner,
        keys.c.kind,
        keys.c.scopes,
        keys.c.expires,
        keys.c.replaced_by,
        organisations.c.storefront,
        organisations.c.billing,
        organisation_members.c.role.label("in_organisation"),
        project_members.c.role.label("in_project"),
        service_accounts.c.role.label("account_role"),
    )
    .join(projects, projects.c.id == keys.c.project)
    .join(organisations, organisations.c.id == keys.c.organisation)
    .outerjoin(
        organisation_members,
        sa.and_(
            organisation_members.c.organisation == keys.c.organisation, organisation_members.c.user == keys.c.owner
        ),
    )
    .outerjoin(
        project_members, sa.and_(project_members.c.project == keys.c.project, project_members.c.user == keys.c.owner)
    )
    .outerjoin(
        service_accounts,
        sa.and_(service_accounts.c.id == keys.c.owner, service_accounts.c.project == keys.c.project),
    )
    .where(
        keys.c.revoked == 0,
        sa.or_(keys.c.expires == 0, keys.c.expires > sa.bindparam("now")),
        projects.c.archived == 0,
        organisations.c.archived == 0,
        organisations.c.deleted == 0,
    )
)
