"""Text survives the tokenizer, special tokens are where clients expect them, the chat template is transformers'."""

from pathlib import Path

import pytest
from corpora import sentences, toy_tokenizer
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.dialogues.render import render, render_text
from pleiade.lab.dialogues.structured import ADD, structured_conversations
from pleiade.lab.tokenizer.bpe import load_tokenizer, num_utf8_bytes, save_tokenizer, train_tokenizer
from pleiade.lab.tokenizer.special_tokens import SPECIAL_TOKENS


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return toy_tokenizer()


@pytest.mark.parametrize(
    "text", ["L'été 1984, à 20 °C.\r\n\tÇa va ?  ", "日本語 🙂 e\u0301", "\x00\x7f", "def f(x):\n    return x"]
)
def test_any_text_comes_back_byte_for_byte(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert num_utf8_bytes(tokenizer, ids) == len(text.encode())


def test_special_tokens_come_first_and_are_one_token_each(tokenizer: Tokenizer) -> None:
    for index, token in enumerate(SPECIAL_TOKENS):
        assert tokenizer.token_to_id(token) == index
        assert tokenizer.encode(f"a{token}b").ids[1] == index


def test_each_digit_is_its_own_token(tokenizer: Tokenizer) -> None:
    assert [tokenizer.decode([i]) for i in tokenizer.encode("1984").ids] == ["1", "9", "8", "4"]


def test_marks_that_programs_parse_stay_in_the_text_and_control_tokens_do_not(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<|im_start|>a<tool_call>b</tool_call><think><|im_end|>").ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a<tool_call>b</tool_call><think>"


def test_too_little_text_for_the_vocabulary_is_said() -> None:
    with pytest.raises(ValueError, match="give more text or ask for a smaller vocabulary"):
        train_tokenizer(["a b c"], 4096)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no tokenizer at"):
        load_tokenizer(tmp_path)


def test_chats_and_tools_are_written_as_transformers_writes_them(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path, 512)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    plain = Conversation(
        (
            {"role": "system", "content": "Tu es utile."},
            {"role": "user", "content": "Bonjour"},
            {"role": "assistant", "content": "Salut !"},
            {"role": "user", "content": "Additionne 2 et 3."},
        ),
        "test",
    )
    with_system = Conversation(plain.messages, "test", (ADD,))
    for conversation in (plain, with_system, *structured_conversations(40, seed=3)):
        for prompt in (True, False):
            text = theirs.apply_chat_template(
                list(conversation.messages), tools=list(conversation.tools) or None,
                add_generation_prompt=prompt, tokenize=False,
            )  # fmt: skip
            assert render_text(conversation, prompt) == text
    assert theirs.eos_token == "<|im_end|>"
    assert theirs(sentences()[0])["input_ids"] == tokenizer.encode(sentences()[0]).ids


def test_exactly_what_the_assistant_says_is_a_target(tokenizer: Tokenizer) -> None:
    call = next(c for c in structured_conversations(60, seed=1) if len(c.messages) == 4)
    rendered = render(call, tokenizer)
    targets = [i for i, wanted in zip(rendered.ids, rendered.is_target, strict=True) if wanted]
    text = tokenizer.decode(targets, skip_special_tokens=False)
    arguments = call.messages[1]["tool_calls"][0]["function"]
    assert text.startswith('<tool_call>\n{"name": "' + arguments["name"])
    assert text.endswith(f"</tool_call><|im_end|>{call.messages[3]['content']}<|im_end|>")
