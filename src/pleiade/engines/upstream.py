"""Models that somebody else keeps running: any URL that speaks OpenAI's dialect, or an Azure OpenAI resource."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pleiade.domain import Deployment, Model
from pleiade.engines.base import EngineError, Remote
from pleiade.engines.options import checked_options

OPTIONS: dict[str, type] = {
    "url": str,  # https://host/v1, or https://NAME.openai.azure.com
    "key": str,
    "key_env": str,  # name of an environment variable that holds the key: keeps it out of the database
    "api_version": str,  # Azure's dated surface, e.g. 2024-10-21
    "azure_deployment": str,
    "model": str,  # what the other side calls the model
    "extra_usage": bool,  # it understands stream_options.continuous_usage_stats, as vLLM does
    "tells_usage": bool,  # it answers GET URL/usage/REQUEST, as our own workers do
}


class Upstream:
    """Plans a call to another server; there is nothing to start."""

    name = "upstream"

    def plan(
        self,
        deployment: Deployment,
        model: Model,
        *,
        port: int,
        token: str,
        queue_limit: int,
        adapters: Mapping[str, str],
    ) -> Remote:
        """Where and how to call. Raises EngineError for a missing URL, key variable or an option that is wrong."""
        options = checked_options(deployment, OPTIONS)
        if adapters:
            raise EngineError(f"upstream loads no adapters; remove {', '.join(adapters)}")
        url, query = _split(deployment.name, str(options.get("url", "")))
        key = _key(deployment.name, options)
        azure = str(options.get("azure_deployment", ""))
        version = str(options.get("api_version", ""))
        if azure or version:
            if not (azure and version):
                missing = "azure_deployment" if version else "api_version (say, 2024-10-21)"
                raise EngineError(f"deployment {deployment.name!r}: for Azure also set the option {missing}")
            base = url if url.endswith("/openai") else f"{url}/openai"
            return Remote(
                url=f"{base}/deployments/{quote(azure, safe='')}",
                query=urlencode([*query, ("api-version", version)]),
                headers={"api-key": key} if key else {},
                send_model=str(options.get("model", azure)),
                extra_usage=bool(options.get("extra_usage", False)),
                tells_usage=bool(options.get("tells_usage", False)),
            )
        return Remote(
            url=url,
            query=urlencode(query),
            headers={"authorization": f"Bearer {key}"} if key else {},
            send_model=str(options.get("model", model.id)),
            extra_usage=bool(options.get("extra_usage", False)),
            tells_usage=bool(options.get("tells_usage", False)),
        )


def _split(name: str, url: str) -> tuple[str, list[tuple[str, str]]]:
    """The URL without query and trailing slash, and its query."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise EngineError(
            f"deployment {name!r}: the option url={url!r} must be an http(s) URL such as https://host/v1, to which "
            "/chat/completions is appended"
        )
    if parts.username or parts.password:
        raise EngineError(f"deployment {name!r}: give the credential as option key_env, not inside the URL")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), parse_qsl(parts.query)


def _key(name: str, options: Mapping[str, object]) -> str:
    variable = str(options.get("key_env", ""))
    if not variable:
        return str(options.get("key", ""))
    value = os.environ.get(variable, "")
    if not value:
        raise EngineError(f"deployment {name!r}: the environment variable {variable} (option key_env) is not set")
    return value
