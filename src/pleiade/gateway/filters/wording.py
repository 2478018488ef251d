"""In which words, and for whom: Azure's annotations by version, both dialects' refusals (wire-contract §4.2, §5)."""

from typing import Any

from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.safety.judging import Judgement

_FIRST = "2023-06-01"  # the version whose answers are annotated first; its prompts under another name
_POLICY = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)
_IMAGE_POLICY = (
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by "
    "our safety system."
)
_LABELS = {"self_harm": "self-harm", "personally_identifiable_information": "personal data"}


def annotates(call: Call) -> bool:
    """Whether the caller's surface shows annotations: Azure's, from the version on that brought them (§5.3).

    A call that another route of ours makes on its way is not annotated: its answer is not what is sent.
    """
    if call.dialect.name != "azure" or call.parent is not None:
        return False
    version = call.api_version[:10]
    return not version[:4].isdigit() or version >= _FIRST


def prompt_field(call: Call) -> str:
    """What the annotations of prompts are called in the caller's version."""
    return "prompt_annotations" if call.api_version[:10] == _FIRST else "prompt_filter_results"


def prompt_results(judgements: list[Judgement]) -> list[dict[str, Any]]:
    """The annotations of prompts."""
    return [{"prompt_index": index, **judgement.annotation} for index, judgement in enumerate(judgements)]


def prompt_refused(call: Call, judgement: Judgement) -> ApiError:
    """400: the prompt was filtered. Text and image routes say it differently, as the wire does (§4.2)."""
    if call.engine_path.startswith("/images/"):
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": judgement.results}
        return ApiError(
            400,
            _IMAGE_POLICY,
            code="content_policy_violation",
            azure={
                "code": "content_policy_violation",
                "message": _IMAGE_POLICY,
                "type": "invalid_request_error",
                "inner_error": inner,
            },
        )
    param = "messages" if call.engine_path == "/chat/completions" else "prompt"
    return ApiError(
        400,
        f"The prompt was refused by this deployment's content filter ({', '.join(reasons(judgement))}). Change the "
        "prompt and try again, or ask the operator what the filter is for.",
        code="content_filter",
        param=param,
        azure={
            "message": _POLICY,
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": judgement.results},
        },
    )


def reasons(judgement: Judgement) -> list[str]:
    """What was filtered, in words."""
    found = []
    for name, result in judgement.results.items():
        if result["filtered"]:
            label = _LABELS.get(name, name.replace("_", " "))
            found.append(f"{label}: {result['severity']}" if "severity" in result else label)
    return found
