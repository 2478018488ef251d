"""What contract mode changes in a request that production code refuses, as pure functions of its fields."""

import uuid

import msgspec

from pleiade.gateway.call import Body
from pleiade.gateway.errors import ApiError

# Per route: fields that the suite fills with references to what exists nowhere, or that contradict another
# field (`echo` with `suffix`). Where production code refuses one, the request is made again without it.
REMOVABLE = {
    "/responses": ("prompt", "conversation", "previous_response_id"),
    "/responses/input_tokens": ("prompt", "conversation", "previous_response_id"),
    "/responses/compact": ("previous_response_id",),
    "/completions": ("echo",),
    "/images/generations": ("partial_images",),
    "/images/edits": ("partial_images",),
    "/images/variations": (),
    "/organization/projects": ("external_key_id", "geography"),
    "/organization/invites": ("projects",),
}

# Per route: a field that the suite fills with what cannot be one, and a value in its place, another one each time.
STAND_INS = {"/organization/invites": ("email", "suite-{}@example.com")}
# The same for a field that is a list or an object: whatever in it was refused, this stands in its place.
_GRADER = {
    "type": "string_check",
    "name": "suite",
    "input": "{{sample.output_text}}",
    "reference": "x",
    "operation": "eq",
}
WHOLE_STAND_INS: dict[str, tuple[str, object]] = {"/evals": ("testing_criteria", [_GRADER])}

# Where the client sets no limit, answers are kept short: the suite looks at their shape only. Route -> fields
# that are set, unless one of the names in the second place is.
_PICTURES: dict[str, tuple[int | str, tuple[str, ...]]] = {"quality": ("low", ())}
LIMITS: dict[str, dict[str, tuple[int | str, tuple[str, ...]]]] = {
    "/chat/completions": {"max_completion_tokens": (16, ("max_tokens",))},
    "/responses": {"max_output_tokens": (16, ())},
    "/images/generations": _PICTURES,
    "/images/edits": _PICTURES,
    "/images/variations": _PICTURES,
}
# 2.x of the package takes three sizes only in an answer, though it sends others itself ("auto", "256x256").
_SIZES = ("1024x1024", "1024x1536", "1536x1024")
NO_PICTURE = "invalid_image_file"  # an engine's code: the suite sends the words "Example data" for pictures


def prepare(route: str, body: Body) -> str:
    """Change `body` before production code sees it; what was changed, "" if nothing was."""
    added = []
    for name, (value, others) in LIMITS.get(route, {}).items():
        if not any(known in body for known in (name, *others)):
            body[name] = _raw(value)
            added.append(f"with {name}")
    if LIMITS.get(route) is _PICTURES and _text(body.get("size")) not in _SIZES:
        body["size"] = _raw(_SIZES[0])
        added.append("with size")
    if added:
        return ", ".join(added)
    # The SDK asks for base64 by itself, yet unpacks it only after its strict validation, which takes nothing
    # but floats.
    if route == "/embeddings" and bytes(body.get("encoding_format", b"")) == b'"base64"':
        del body["encoding_format"]
        return "without encoding_format"
    return ""


def mend(route: str, error: ApiError, body: Body, model: str) -> str:
    """Change `body` so that production code may take it; what was changed, "" if nothing is to be.

    `model` is the deployment that stands in for one that is not deployed.
    """
    param = error.param or ""
    if error.code == "invalid_type":
        return ""
    if error.code == "model_not_found":
        body["model"] = _raw(model)
        return f"model {model}"
    if param in REMOVABLE.get(route, ()) and param in body:
        del body[param]
        return f"without {param}"
    if STAND_INS.get(route, ("", ""))[0] == param and param in body:
        body[param] = _raw(STAND_INS[route][1].format(uuid.uuid4().hex))
        return f"with another {param}"
    whole, value = WHOLE_STAND_INS.get(route, ("", None))
    if whole and param.startswith(whole) and whole in body:
        body[whole] = _raw(value)
        return f"with other {whole}"
    # The schema of the Responses API lets both be left out, because a prompt template might bring them.
    if error.code == "missing_required_parameter" and route in REMOVABLE and param not in body:
        if param == "model":
            body[param] = _raw(model)
            return "with model"
        if param == "input":
            body[param] = _raw("Hello!")
            return "with input"
    return ""


def _text(raw: msgspec.Raw | None) -> object:
    return None if raw is None else msgspec.json.decode(raw)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
