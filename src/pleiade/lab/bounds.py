"""What the numbers of a configuration must be, checked before any work begins, all errors at once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pleiade.lab.begun import flat

PRECISIONS = ("float32", "bfloat16")
Rule = tuple[Callable[[Any], bool], str]

AT_LEAST_ONE: Rule = (lambda n: n >= 1, "must be at least 1")
ABOVE_ZERO: Rule = (lambda x: x > 0, "must be above 0")
NOT_NEGATIVE: Rule = (lambda x: x >= 0, "must not be below 0")
SHARE: Rule = (lambda x: 0 <= x <= 1, "must be between 0 and 1")
BELOW_ONE: Rule = (lambda x: 0 <= x < 1, "must be at least 0 and below 1")

# By the last part of a key; None passes (nothing was given).
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("rows", "micro_rows", "seq_len", "piece_tokens", "fim_tokens", "tokenizer_megabytes"), AT_LEAST_ONE
    ),
    **dict.fromkeys(("steps", "log_steps", "checkpoint_steps"), AT_LEAST_ONE),
    **dict.fromkeys(("hidden_size", "num_layers", "num_heads", "num_kv_heads", "head_dim", "ffn_size"), AT_LEAST_ONE),
    **dict.fromkeys(("vocab_size", "max_position", "num_prompts", "num_answers", "max_tokens"), AT_LEAST_ONE),
    **dict.fromkeys(("teacher_steps", "crop", "patch", "size", "max_text"), AT_LEAST_ONE),
    **dict.fromkeys(("minutes", "epochs", "checkpoint_seconds", "rope_theta", "norm_eps", "max_grad_norm"), ABOVE_ZERO),
    **dict.fromkeys(("muon_lr", "embedding_lr", "head_lr", "gain_lr", "muon_weight_decay", "eps"), NOT_NEGATIVE),
    **dict.fromkeys(("warmup_steps", "temperature", "margin", "threads", "replay_rows", "drawers"), NOT_NEGATIVE),
    **dict.fromkeys(("fim_rate", "decay_fraction", "final_scale"), SHARE),
    **dict.fromkeys(("masked", "drop_caption", "drop_picture", "instant", "on_grid"), SHARE),
    **dict.fromkeys(("beta1", "beta2", "muon_momentum"), BELOW_ONE),
    "precision": (lambda name: name in PRECISIONS, f"must be one of {', '.join(PRECISIONS)}"),
}
# (whole, part): the first must be a multiple of the second.
MULTIPLES = (("rows", "micro_rows"), ("piece_tokens", "seq_len"))


def refuse_nonsense(configuration: Any, unused: Collection[str] = ()) -> None:
    """Raise ValueError that names every number of a (nested) dataclass that cannot be, and what it must be.

    Below the keys `unused` nothing is looked at: stages that are not run may be left as they are.
    """
    leave = tuple(f"{key}." for key in unused)
    values = {key: value for key, value in flat(dataclasses.asdict(configuration)).items() if not key.startswith(leave)}
    faults = [*_single(values), *_together(values)]
    if faults:
        raise ValueError("; ".join(faults))


def _single(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{key}={value} must be a finite number"
            continue
        rule = RULES.get(key.rsplit(".", 1)[-1])
        if rule is not None and value is not None and not rule[0](value):
            yield f"{key}={value} {rule[1]}"


def _together(values: Mapping[str, Any]) -> Iterator[str]:
    for whole, part in MULTIPLES:
        for key, value in values.items():
            other = f"{key[: -len(whole)]}{part}"
            if key.startswith("rloo."):  # as many rows as answers teach something
                continue
            if (key == whole or key.endswith(f".{whole}")) and values.get(other) and value % values[other]:
                yield f"{key}={value} must be a multiple of {other}={values[other]}"
    longest = values.get("model.max_position")
    for key, value in values.items():
        if longest and key.endswith("seq_len") and value > longest:
            yield f"{key}={value} must not exceed model.max_position={longest}"
