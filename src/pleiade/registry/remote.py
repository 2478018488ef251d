"""A model without weights here: a URL serves it."""

from urllib.parse import urlsplit

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry.errors import RegistryError


def remote_model(url: str, kind: str = "text", *, model_id: str = "") -> Model:
    """The entry for a model behind `url` ("" where the deployment's options name it); id = the host's name.

    Raises RegistryError for a URL or a kind that cannot be used.
    """
    host = urlsplit(url).hostname if url else ""
    if not (host or model_id):
        raise RegistryError(f"{url!r} names no host: give a URL like https://host/v1")
    try:
        model_kind = ModelKind(kind)
    except ValueError:
        known = ", ".join(known.value for known in ModelKind)
        raise RegistryError(f"kind {kind!r} is none of {known}") from None
    return Model(id=model_id or host or "", kind=model_kind, format=ModelFormat.REMOTE, source=url.rstrip("/"))
