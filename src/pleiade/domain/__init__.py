"""The nouns of Pleiade, as plain frozen types with no I/O.

This room knows nothing of databases, processes, tensors or HTTP; every other room may know it.
"""

from pleiade.domain.deployment import Adapter, Deployment, Endpoint, EndpointState, EndpointTable
from pleiade.domain.model import Model, ModelFormat, ModelKind
from pleiade.domain.principal import ANONYMOUS, Key, Principal, Role
from pleiade.domain.usage import Usage

__all__ = [
    "ANONYMOUS",
    "Adapter",
    "Deployment",
    "Endpoint",
    "EndpointState",
    "EndpointTable",
    "Key",
    "Model",
    "ModelFormat",
    "ModelKind",
    "Principal",
    "Role",
    "Usage",
]
