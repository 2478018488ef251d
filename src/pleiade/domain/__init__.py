"""The nouns of Pleiade, as plain frozen types with no I/O.

This room knows nothing of databases, processes, tensors or HTTP; every other room may know it.
"""

from pleiade.domain.deployment import (
    Adapter,
    Deployment,
    DeploymentVersion,
    Endpoint,
    EndpointState,
    EndpointTable,
    Traffic,
    is_for,
)
from pleiade.domain.model import Model, ModelFormat, ModelKind
from pleiade.domain.principal import ALL_SCOPES, ANONYMOUS, Key, OpenKey, Principal, Reach, Role
from pleiade.domain.tenants import (
    DEFAULT_ORGANISATION,
    DEFAULT_PROJECT,
    OPERATOR,
    Actor,
    AuditEvent,
    Billing,
    Invite,
    Member,
    Organisation,
    Place,
    Project,
    Registration,
    RegistrationRule,
    ServiceAccount,
    Storefront,
    User,
)
from pleiade.domain.usage import Usage

__all__ = [
    "ALL_SCOPES",
    "ANONYMOUS",
    "DEFAULT_ORGANISATION",
    "DEFAULT_PROJECT",
    "OPERATOR",
    "Actor",
    "Adapter",
    "AuditEvent",
    "Billing",
    "Deployment",
    "DeploymentVersion",
    "Endpoint",
    "EndpointState",
    "EndpointTable",
    "Invite",
    "Key",
    "Member",
    "Model",
    "ModelFormat",
    "ModelKind",
    "OpenKey",
    "Organisation",
    "Place",
    "Principal",
    "Project",
    "Reach",
    "Registration",
    "RegistrationRule",
    "Role",
    "ServiceAccount",
    "Storefront",
    "Traffic",
    "Usage",
    "User",
    "is_for",
]
