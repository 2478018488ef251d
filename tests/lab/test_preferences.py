"""Pairs teach a reward model what is better, and the reward model teaches the model."""

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from corpora import toy_tokenizer
from transformers import AutoModelForSequenceClassification

from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import identity_conversations
from pleiade.lab.dpo import DpoConfig, train_dpo
from pleiade.lab.export.huggingface import export_huggingface, import_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.base import row_logprobs
from pleiade.lab.objectives.dpo import PreferenceOptimisation, answer_logprobs, pair_logprobs
from pleiade.lab.objectives.pairs import PairDealer, answer_rows
from pleiade.lab.objectives.reward import RewardModelling, answer_rewards, last_rewards
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.preferences.on_policy import best_against_worst
from pleiade.lab.preferences.pair import Preference, hold_out, render_answer, render_pairs
from pleiade.lab.preferences.records import keep_pairs, kept_pairs
from pleiade.lab.preferences.spoiled import spoiled_preferences
from pleiade.lab.reward import train_reward, with_reward_head
from pleiade.lab.stage import StageConfig
from pleiade.lab.train import LoopConfig

LOOP = LoopConfig(steps=1, precision="float32", compile=False, threads=1, log_steps=1000)
OPTIM = OptimConfig(muon_lr=0.01, embedding_lr=0.01, head_lr=0.05)
SMALL = OptimConfig(muon_lr=0.002, embedding_lr=0.002)
TOY = GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256)


def toy_model() -> Gpt:
    model = Gpt(TOY)
    init_weights(model, seed=1)
    with torch.no_grad():  # a new model's layers write nothing: let them, so that scores have something to read
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                parameter.normal_(0.0, 0.1, generator=torch.Generator().manual_seed(2))
    return model


def preferences() -> list[Preference]:
    return spoiled_preferences([*identity_conversations(), *fact_conversations()], seed=1)


def test_every_way_of_spoiling_gives_another_answer_and_all_is_the_same_each_time() -> None:
    made = preferences()
    assert made == preferences()
    assert len(made) > 500
    assert all(pair.chosen != pair.rejected and pair.prompt[-1]["role"] == "user" for pair in made)


def test_no_prompt_is_both_learned_and_measured() -> None:
    learn, measure = hold_out(preferences())
    assert len(measure) > 20
    assert not {repr(pair.prompt) for pair in learn} & {repr(pair.prompt) for pair in measure}


def test_only_the_answer_and_its_end_are_judged() -> None:
    tokenizer = toy_tokenizer()
    answer = render_answer(({"role": "user", "content": "Who are you?"},), "I am Pleiade.", tokenizer)
    ids, targets, last = answer_rows([answer], pad_id=0, width=len(answer.ids) + 5)
    judged = targets[0][targets[0] >= 0]
    assert tokenizer.decode(judged.tolist(), skip_special_tokens=False) == "I am Pleiade.<|im_end|>\n"
    assert int(ids[0, last[0]]) == answer.ids[-1]


def test_log_probabilities_are_those_of_the_logits_whatever_the_padding() -> None:
    model, tokenizer = toy_model(), toy_tokenizer()
    answers = [
        render_answer(({"role": "user", "content": q},), a, tokenizer)
        for q, a in (("Hi", "Hello there."), ("What is the capital of France?", "The capital of France is Paris."))
    ]
    expected = []
    for answer in answers:
        logprobs = F.log_softmax(model(torch.tensor([answer.ids]))[0].detach(), dim=-1)
        expected.append(sum(float(logprobs[i - 1, answer.ids[i]]) for i in range(answer.start, len(answer.ids))))
    assert answer_logprobs(model, answers) == pytest.approx(expected, abs=1e-4)


def test_a_reward_is_read_at_the_last_token_whatever_follows() -> None:
    model = with_reward_head(toy_model())
    assert model.reward_head is not None
    torch.nn.init.normal_(model.reward_head.weight)
    answer = render_answer(({"role": "user", "content": "Hi"},), "Hello.", toy_tokenizer())
    ids, _, last = answer_rows([answer], pad_id=9, width=len(answer.ids) + 20)
    padded = float(last_rewards(model.hidden, model, ids, last, torch.float32)[0].detach())
    assert answer_rewards(model, [answer]) == pytest.approx([padded], abs=1e-5)


def test_an_exported_reward_model_scores_the_same_in_transformers_and_read_back(tmp_path: Path) -> None:
    tokenizer, model = toy_tokenizer(), with_reward_head(toy_model())
    assert model.reward_head is not None
    torch.nn.init.normal_(model.reward_head.weight)
    answers = [render_answer(({"role": "user", "content": "Hi"},), text, tokenizer) for text in ("Hello.", "No!")]
    export_huggingface(model, tokenizer, tmp_path, torch.float32)
    ours = answer_rewards(import_huggingface(tmp_path), answers)
    assert ours == pytest.approx(answer_rewards(model, answers), abs=1e-5)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path, dtype=torch.float32)
    with torch.no_grad():
        scores = [float(theirs(torch.tensor([answer.ids])).logits[0, 0]) for answer in answers]
    assert ours == pytest.approx(scores, abs=1e-4)


def test_a_model_without_a_head_gives_no_reward() -> None:
    model = toy_model()
    with pytest.raises(ValueError, match="no reward head"):
        last_rewards(model.hidden, model, torch.zeros(1, 4, dtype=torch.long), torch.tensor([3]), torch.float32)


def test_the_losses_are_those_of_the_papers() -> None:
    tokenizer, model = toy_tokenizer(), with_reward_head(toy_model())
    assert model.reward_head is not None
    torch.nn.init.normal_(model.reward_head.weight, generator=torch.Generator().manual_seed(5))
    pairs = render_pairs(preferences()[:4], tokenizer)
    (batch,) = RewardModelling(pairs, 0, 256, 4, 4, seed=1).next_step()
    chosen, rejected = last_rewards(model.hidden, model, batch.ids, batch.last, torch.float32).chunk(2)
    expected = sum(
        -torch.log(torch.sigmoid(c - r)) + 0.01 * (c + r) ** 2 for c, r in zip(chosen, rejected, strict=True)
    )
    objective = RewardModelling(pairs, 0, 256, 4, 4, seed=1)
    torch.testing.assert_close(objective.loss_sum(model.hidden, model, batch, torch.float32), expected)

    dpo = PreferenceOptimisation(pairs, 0, 256, 4, 4, 1, [(-3.0, -2.0)] * 4)
    (batch,) = dpo.next_step()
    logprobs = row_logprobs(model.hidden, model, batch.ids, batch.targets, torch.float32)
    expected = torch.tensor(0.0)
    for i in range(4):
        gain = (logprobs[i] + 3.0) - (logprobs[i + 4] + 2.0)
        length = (batch.targets[i] >= 0).sum()
        # -log sigmoid(x) = log(1 + exp(-x)), which overflows later
        expected = expected + torch.log1p(torch.exp(-0.5 * gain.double())).float() - 0.2 * logprobs[i] / length
    torch.testing.assert_close(dpo.loss_sum(model.hidden, model, batch, torch.float32), expected)


def test_each_pair_is_dealt_once_an_epoch_and_a_place_can_be_taken_up_again() -> None:
    pairs = render_pairs(preferences()[:40], toy_tokenizer())
    dealer = PairDealer(pairs, 0, 256, rows=8, micro_rows=4, seed=1)
    seen = [tuple(row.tolist()) for _ in range(dealer.steps_per_epoch) for b in dealer.next_step() for row in b.ids[:4]]
    assert len(set(seen)) == len({tuple(p.chosen.ids) for p in dealer.pairs})
    later = PairDealer(pairs, 0, 256, rows=8, micro_rows=4, seed=1)
    later.load_state_dict(dealer.state_dict())
    assert torch.equal(later.next_step()[0].ids, dealer.next_step()[0].ids)


def test_pairs_that_fit_no_row_are_refused_with_what_to_change() -> None:
    with pytest.raises(ValueError, match="none of 5 pairs fits 8 tokens: raise seq_len"):
        PairDealer(render_pairs(preferences()[:5], toy_tokenizer()), 0, 8, 4, 4, 1)


def test_only_answers_that_differ_enough_become_pairs() -> None:
    prompt = ({"role": "user", "content": "Hi"},)
    answers, scores = [["a", "b", "c"], ["d", "e", "f"], ["g", "g", "g"]], [[1.0, 3.0, 2.0], [1.0, 1.2, 1.1], [0, 9, 1]]
    (made,) = best_against_worst([prompt] * 3, answers, scores, margin=0.5)
    assert (made.chosen, made.rejected) == ("b", "a")


def test_pairs_on_disk_are_the_pairs_that_were_made(tmp_path: Path) -> None:
    made = preferences()[:3]
    keep_pairs(tmp_path / "pairs.json", made, [(-1.5, -2.5)] * 3)
    assert kept_pairs(tmp_path / "pairs.json") == (made, [(-1.5, -2.5)] * 3)


def test_a_reward_model_learns_and_the_model_learns_from_it(tmp_path: Path) -> None:
    tokenizer, model = toy_tokenizer(), toy_model()
    scorer = with_reward_head(model)
    config = StageConfig(epochs=3.0, seq_len=128, rows=32, micro_rows=32, loop=LOOP, optim=OPTIM)
    told = train_reward(scorer, tokenizer, preferences(), config, tmp_path / "reward")
    assert told.outcome.finished
    assert told.accuracy_before == 0.5  # its head starts at zero: all ties
    assert told.accuracy_after > 0.7

    prompts = list(dict.fromkeys(pair.prompt[0]["content"] for pair in preferences()))[:60]
    stage = dataclasses.replace(
        config, epochs=4.0, rows=16, micro_rows=16, optim=OptimConfig(0.002, embedding_lr=0.002)
    )
    dpo = DpoConfig(num_answers=4, max_tokens=24, margin=0.05, stage=stage)
    asked = [({"role": "user", "content": prompt},) for prompt in prompts]
    tuned = train_dpo(model, scorer, tokenizer, asked, dpo, tmp_path / "dpo")
    assert tuned.outcome.finished
    assert tuned.num_pairs > 10
    assert tuned.reward_after > tuned.reward_before
    assert len(pair_logprobs(model, render_pairs(preferences()[:2], tokenizer))) == 2
