"""The reserved tokens, in Qwen's spelling so that chat, tool and fill-in-the-middle clients find what they expect.

They come first in the vocabulary: a tokenizer trained on other text keeps the same ids for them.
"""

from __future__ import annotations

END_OF_TEXT = "<|endoftext|>"
IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
FIM_PREFIX = "<|fim_prefix|>"
FIM_MIDDLE = "<|fim_middle|>"
FIM_SUFFIX = "<|fim_suffix|>"

# Control tokens: a decoder leaves them out of the text that people see.
CONTROL_TOKENS = (
    END_OF_TEXT,
    IM_START,
    IM_END,
    FIM_PREFIX,
    FIM_MIDDLE,
    FIM_SUFFIX,
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)

# Marks that a program parses out of the text, so a decoder must keep them.
VISIBLE_TOKENS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")

# Spare ids for later stages (images, documents, citations) without retraining the tokenizer.
SPARE_TOKENS = tuple(f"<|reserved_{i}|>" for i in range(17))

SPECIAL_TOKENS = CONTROL_TOKENS + VISIBLE_TOKENS + SPARE_TOKENS
