"""Models on disk with their cards, licences and checksums, and the deployments that make them callable.

This room reads files, the database and a model hub; it knows no tensor, no process and no customer.
"""

from pleiade.registry.bundled import register_bundled
from pleiade.registry.catalogue import add_model, get_model, list_models, remove_model
from pleiade.registry.deployments import (
    adopt_defaults,
    deploy,
    deployments_version,
    get_deployment,
    list_deployments,
    undeploy,
)
from pleiade.registry.errors import RegistryError
from pleiade.registry.hub import fetch_from_hub
from pleiade.registry.inspect import inspect_model
from pleiade.registry.remote import remote_model
from pleiade.registry.traffic import restart, set_traffic
from pleiade.registry.versions import list_versions, roll_back, version_numbers

__all__ = [
    "RegistryError",
    "add_model",
    "adopt_defaults",
    "deploy",
    "deployments_version",
    "fetch_from_hub",
    "get_deployment",
    "get_model",
    "inspect_model",
    "list_deployments",
    "list_models",
    "list_versions",
    "register_bundled",
    "remote_model",
    "remove_model",
    "restart",
    "roll_back",
    "set_traffic",
    "undeploy",
    "version_numbers",
]
