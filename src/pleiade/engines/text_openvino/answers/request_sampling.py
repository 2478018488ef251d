"""A request's sampling fields in the engine's words, with the model makers' own recommendation behind them."""

from collections.abc import Mapping
from typing import Any

from pleiade.engines.text_openvino.generation import Sampling
from pleiade.engines.wire.checks import check_sampling, logit_bias_of
from pleiade.engines.wire.requests import GenerationFields


def sampling_of(request: GenerationFields, *, vocabulary: int, defaults: Mapping[str, Any]) -> Sampling:
    """How tokens are picked. `defaults` is the model's generation_config.json, for what the client left open.

    Raises ApiError 400 for a value out of its range.
    """
    check_sampling(request)

    def chosen(name: str, neutral: float) -> float:
        asked = getattr(request, name)
        value = defaults.get(name) if asked is None else asked
        return float(value) if isinstance(value, int | float) else neutral

    greedy = request.temperature is None and defaults.get("do_sample") is False
    return Sampling(
        temperature=0.0 if greedy else chosen("temperature", 1.0),
        top_p=chosen("top_p", 1.0),
        top_k=max(0, int(chosen("top_k", 0))),
        min_p=chosen("min_p", 0.0),
        seed=None if request.seed is None else request.seed % 2**63,  # clients send negative seeds too
        presence_penalty=request.presence_penalty or 0.0,
        frequency_penalty=request.frequency_penalty or 0.0,
        repetition_penalty=chosen("repetition_penalty", 1.0),
        logit_bias=logit_bias_of(request.logit_bias, vocabulary),
    )
