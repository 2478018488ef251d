"""A deployment is a model made callable under a name; an endpoint is where its engine answers right now."""

from enum import StrEnum

import msgspec

from pleiade.domain.policy import FilterPolicy


class Traffic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which of the calls for a deployment it answers itself.

    A canary is another deployment that gets `percent` of them, to be tried before it takes all. One that is `drained`
    finishes what it answers and takes nothing new: its canary takes all, and without one callers are told to come back.
    """

    drained: bool = False
    canary: str = ""
    percent: int = 0  # 0 to 100


class Deployment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named model on an engine. `aliases` are further names (say "gpt-4o-mini") that reach it."""

    name: str
    model: str  # Model.id
    engine: str  # "text_openvino", "text_llamacpp", "upstream", "vllm", ...
    aliases: tuple[str, ...] = ()
    options: dict[str, str | int | float | bool] = {}  # engine's own, e.g. weights="int8", url="https://…"
    created: int = 0  # Unix seconds
    traffic: Traffic = Traffic()
    projects: tuple[str, ...] = ()  # that may see and call it; () = all
    policy: FilterPolicy | None = None  # what it filters; None = nothing
    restarts: int = 0  # how often somebody asked for a new engine; one more, and it is started anew


class DeploymentVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment ran at some time: everything that an engine is started from. Nobody edits one."""

    number: int  # 1, 2, … within the deployment
    model: str
    engine: str
    options: dict[str, str | int | float | bool]
    created: int  # Unix seconds


class EndpointState(StrEnum):
    """Life of an engine, as the supervisor sees it."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"  # it died and waits for its next start; `detail` says why


class Adapter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A LoRA adapter that the engine of a deployment has loaded, callable as a model of its own name."""

    name: str
    path: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where one deployment answers. Routes are appended to `url`: `url + "/chat/completions" + query`."""

    deployment: str
    model: str  # Model.id: what answers carry in `model`
    kind: str  # ModelKind value
    engine: str
    state: EndpointState
    url: str = ""  # e.g. "http://127.0.0.1:41231/v1"; no trailing slash
    query: str = ""  # appended to every URL, e.g. "api-version=2024-10-21" (Azure upstreams)
    headers: dict[str, str] = {}  # credentials for the engine; never logged
    send_model: str = ""  # if set, the `model` field that the engine must receive
    rewrite_model: bool = False  # the engine answers with its own name for the model: replace it
    extra_usage: bool = False  # the engine understands stream_options.continuous_usage_stats
    usage_per_choice: bool = False  # and tells it for each choice alone, as vLLM does, not for all together
    tells_usage: bool = False  # GET url/usage/REQUEST tells what a request used, for a while after its end
    aliases: tuple[str, ...] = ()
    traffic: Traffic = Traffic()
    projects: tuple[str, ...] = ()  # that may see and call it; () = all
    priced_as: str = ""  # of an adapter: the model whose price holds where it has none of its own
    policy: FilterPolicy | None = None  # what it filters; None = nothing
    context_length: int = 0  # tokens; 0 = unknown
    styles: tuple[str, ...] = ()  # of picture models: what `style` may be
    licence: str = ""
    created: int = 0  # Unix seconds
    detail: str = ""  # for an operator: the last log lines of an engine that died


def is_for(projects: tuple[str, ...], project: str) -> bool:
    """Whether a project may see and call a deployment that is for `projects`."""
    return not projects or project in projects


class EndpointTable(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of one `pleiade up`, written by the supervisor (HOME/run/endpoints.json), read by gateways."""

    version: int
    endpoints: tuple[Endpoint, ...] = ()
