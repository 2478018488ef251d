"""In whose engine an adapter is loaded: one engine serves a base model and everything that was trained on it."""

from collections.abc import Mapping, Sequence

from pleiade.domain import Deployment, Model, ModelFormat


def is_adapter(deployment: Deployment, models: Mapping[str, Model]) -> bool:
    """Whether a deployment serves an adapter, which is loaded beside others."""
    return models[deployment.model].format is ModelFormat.ADAPTER


def host_of(adapter: Deployment, deployments: Sequence[Deployment], models: Mapping[str, Model]) -> Deployment:
    """The deployment whose engine has `adapter`: the oldest on the same engine that serves its base, or adapts it.

    Of those that were made in the same second, one that serves the base itself. A deployment that changes from its base
    to an adapter, and back, so keeps its engine: what it serves then is loaded there already, and no call finds nobody.
    """
    base = models[adapter.model].base
    hosts = [
        deployment
        for deployment in deployments
        if deployment.engine == adapter.engine and base in (deployment.model, models[deployment.model].base)
    ]
    return min(hosts, key=lambda host: (host.created, is_adapter(host, models)), default=adapter)
