"""Conversations are learned whole, only what the assistant says counts, and the tune changes what is answered."""

import itertools
from pathlib import Path

import pytest
import torch
from corpora import toy_tokenizer

from pleiade.lab.dialogues.conversation import exchange
from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import NAME_EN, NAME_FR, follow_up_conversations, identity_conversations
from pleiade.lab.dialogues.post_sets import first_sentences
from pleiade.lab.dialogues.render import render
from pleiade.lab.dialogues.structured import structured_conversations
from pleiade.lab.evals.greedy import answer
from pleiade.lab.finetune import finetune
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.base import IGNORED
from pleiade.lab.objectives.sft import InstructionTuning, best_fit
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.stage import StageConfig
from pleiade.lab.train import LoopConfig


def test_rows_hold_whole_conversations_and_every_one_of_them() -> None:
    tokenizer = toy_tokenizer()
    rendered = [render(c, tokenizer) for c in identity_conversations()]
    objective = InstructionTuning(rendered, pad_id=0, seq_len=192, rows=8, micro_rows=4, seed=1)
    targets = 0
    for _ in range(objective.steps_per_epoch):
        for batch in objective.next_step():
            assert batch.ids.shape == (4, 192)
            counted = batch.targets != IGNORED
            assert torch.equal(batch.targets[:, :-1][counted[:, :-1]], batch.ids[:, 1:][counted[:, :-1]])
            targets += batch.num_targets
    expected = sum(sum(r.is_target) for r in rendered if len(r.ids) <= 192)
    assert expected <= targets <= expected * 1.2  # the last step may begin the next epoch
    assert objective.num_left_out == sum(len(r.ids) > 192 for r in rendered) < len(rendered) / 20


def test_best_fit_never_overflows_and_leaves_little_room() -> None:
    lengths = {i: 7 + (i * 37) % 90 for i in range(200)}
    rows = best_fit(lengths, 128)
    assert sorted(item for row in rows for item in row) == sorted(lengths)
    assert all(sum(lengths[i] for i in row) <= 128 for row in rows)
    assert len(rows) <= 1.1 * sum(lengths.values()) / 128 + 1


def test_a_tuned_toy_says_its_name_in_the_language_of_the_question(tmp_path: Path) -> None:
    tokenizer = toy_tokenizer()
    model = Gpt(GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256))
    init_weights(model, seed=1)
    rows = [exchange("Who are you?", NAME_EN[0], "t"), exchange("Qui es-tu ?", NAME_FR[0], "t")] * 8
    config = StageConfig(
        epochs=60.0, seq_len=128, rows=2, micro_rows=2,
        loop=LoopConfig(steps=1, precision="float32", compile=False, threads=1, log_steps=1000),
        optim=OptimConfig(muon_lr=0.02, embedding_lr=0.02),
    )  # fmt: skip
    outcome = finetune(model, tokenizer, rows, config, tmp_path)
    assert outcome.finished
    assert outcome.loss < 0.2
    assert answer(model, tokenizer, ({"role": "user", "content": "Who are you?"},)) == NAME_EN[0]
    assert answer(model, tokenizer, ({"role": "user", "content": "Qui es-tu ?"},)) == NAME_FR[0]


def test_conversations_longer_than_a_row_are_counted_and_none_at_all_is_refused() -> None:
    rendered = [render(exchange("a", "b " * 300, "t"), toy_tokenizer())]
    with pytest.raises(ValueError, match="no conversation fits 64 tokens"):
        InstructionTuning(rendered, 0, 64, 1, 1, 1)


def test_written_dialogues_alternate_end_with_the_assistant_and_are_the_same_every_time() -> None:
    made = [
        *identity_conversations(),
        *follow_up_conversations(),
        *fact_conversations(),
        *structured_conversations(50, 1),
    ]
    again = [
        *identity_conversations(),
        *follow_up_conversations(),
        *fact_conversations(),
        *structured_conversations(50, 1),
    ]
    assert made == again
    assert len(made) > 1000
    for conversation in made:
        roles = [m["role"] for m in conversation.messages if m["role"] != "system"]
        assert roles[0] == "user"
        assert roles[-1] == "assistant"
        assert all(a != b for a, b in itertools.pairwise(roles))


def test_answers_are_cut_at_sentences() -> None:
    text = "A horse (Equus) is an animal. It eats grass. " + "It runs very far " * 30 + "."
    assert first_sentences(text, 100) == "A horse is an animal. It eats grass."
