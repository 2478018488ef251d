"""Keys as OpenAI shows them: admin keys of an organisation, and the keys of its projects."""

from typing import Any

import sqlalchemy as sa

from pleiade.domain import Key
from pleiade.gateway.organization.fields import or_null
from pleiade.tenancy.errors import NotFoundError
from pleiade.tenancy.keys import SECRET_PREFIX, last_uses
from pleiade.tenancy.members import get_member
from pleiade.tenancy.service_accounts import get_service_account

SERVICE_ACCOUNT = "svc_acct_"


def admin_keys_shown(db: sa.Engine, keys: tuple[Key, ...]) -> list[dict[str, Any]]:
    """Admin keys; their secrets are known by their last four characters only. May block."""
    used = last_uses(db, [key.id for key in keys])
    return [
        {
            "object": "organization.admin_api_key",
            **_common(key, used),
            "owner": {
                "object": "organization.user",
                "type": "user",
                "role": key.role.value,
                **_owner(db, key),
            },
        }
        for key in keys
    ]


def project_keys_shown(db: sa.Engine, keys: tuple[Key, ...]) -> list[dict[str, Any]]:
    """Keys of a project, each with its owner as things stand. May block."""
    used = last_uses(db, [key.id for key in keys])
    return [_project_key(db, key, used) for key in keys]


def _project_key(db: sa.Engine, key: Key, used: dict[str, int]) -> dict[str, Any]:
    kind = ("service_account" if key.owner.startswith(SERVICE_ACCOUNT) else "user") if key.owner else None
    owner = _owner(db, key) if kind else {}
    return {
        "object": "organization.project.api_key",
        **_common(key, used),
        "owner": {"type": kind, "user": None, "service_account": None} | ({kind: owner} if kind else {}),
        # Somebody who left the organisation keeps their name here, and opens nothing.
        "owner_project_access": "inactive" if kind and owner["role"] == "none" else "active",
    }


def _common(key: Key, used: dict[str, int]) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "redacted_value": f"{SECRET_PREFIX}...{key.hint}",
        "created_at": key.created,
        "expires_at": or_null(key.expires),
        "last_used_at": used.get(key.id),
    }


def _owner(db: sa.Engine, key: Key) -> dict[str, Any]:
    """Whoever owns a key: of the organisation for an admin key, else of its project."""
    if not key.owner:
        return {"id": None, "name": None, "created_at": None}
    try:
        if key.owner.startswith(SERVICE_ACCOUNT):
            account = get_service_account(db, key.organisation, key.project, key.owner)
            return {"id": account.id, "name": account.name, "created_at": account.created, "role": account.role}
        member = get_member(db, key.organisation, key.owner)
    except NotFoundError:
        return {"id": key.owner, "name": "", "email": "", "created_at": key.created, "role": "none"}
    return {
        "id": member.user,
        "name": member.name,
        "email": member.email,
        "created_at": member.created,
        "role": member.role,
    }
