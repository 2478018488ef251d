"""Fill in the middle: how the families of models spell their marks, and the order in which these frame a text."""

from collections.abc import Sequence

from pleiade.engines.wire.errors import ApiError

Marks = tuple[int, int, int]  # token ids: before the prefix, before the suffix, before the middle

# Qwen, CodeGemma and our own; StarCoder; other StarCoders; DeepSeek; Code Llama.
SPELLINGS = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
)


def framed(marks: Marks, prefix: Sequence[int], suffix: Sequence[int]) -> list[int]:
    """Prefix, suffix, then the middle is to follow: the order on which all these models were trained."""
    before, after, middle = marks
    return [before, *prefix, after, *suffix, middle]


def no_marks() -> ApiError:
    """400: the model has no such marks."""
    return ApiError(
        400,
        "Unsupported parameter: 'suffix' is not supported with this model. It was not trained to fill in the middle: "
        "its tokenizer has no tokens for that. Choose a model for code, or leave 'suffix' out.",
        param="suffix",
        code="unsupported_parameter",
    )
