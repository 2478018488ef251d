"""What is rewarded becomes likelier, and rewards that code gives cannot be talked into."""

import copy
from pathlib import Path

import pytest
import torch
from corpora import toy_tokenizer

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.policy_gradient import PolicyGradient, leave_one_out
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.preferences.verifiable import Task, TaskJudge, reward, tasks
from pleiade.lab.reward import with_reward_head
from pleiade.lab.rloo import RlooConfig, train_rloo
from pleiade.lab.stage import StageConfig, run_stage
from pleiade.lab.train import LoopConfig

SUM = Task(({"role": "user", "content": "What is 3 + 4?"},), "sum", {"sum": 7})
OBJECT = Task(({"role": "user", "content": "…"},), "json", {"name": "Emma", "age": 30})


def policy(judge: object, **changes: object) -> PolicyGradient:
    model = Gpt(GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256))
    init_weights(model, seed=1)
    settings: dict[str, object] = {"prompts_per_step": 4, "num_answers": 8, "max_tokens": 6, "seq_len": 96}
    return PolicyGradient(
        model,
        toy_tokenizer(),
        [task.prompt for task in tasks(8, seed=1)],
        judge,
        micro_rows=16,
        reference=copy.deepcopy(model),
        **{**settings, **changes},
    )


def test_an_advantage_is_the_lead_over_the_other_answers() -> None:
    advantages = leave_one_out(torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))
    torch.testing.assert_close(advantages, torch.tensor([[1.0, -0.5, -0.5], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize(
    ("task", "answer", "worth"),
    [
        (SUM, "3 + 4 = 7.", 1.0),
        (SUM, "The answer is 8.", 0.2),
        (SUM, "I do not know.", 0.0),
        (OBJECT, '{"name": "Emma", "age": 30}', 1.0),
        (OBJECT, '{"name": "Emma", "age": 31}', 0.85),
        (OBJECT, '{"name": "Emma"}', 0.7),
        (OBJECT, '["name", "age"]', 0.1),
        (OBJECT, '{"name": ', 0.1),
        (OBJECT, "name, age", 0.0),
    ],
)
def test_a_reward_is_what_the_answer_is_worth(task: Task, answer: str, worth: float) -> None:
    assert reward(task, answer) == pytest.approx(worth)
    assert TaskJudge([task])([task.prompt], [[answer, answer]]) == [[pytest.approx(worth)] * 2]


def test_what_is_rewarded_becomes_likelier(tmp_path: Path) -> None:
    def vowels(prompts: object, answers: list[list[str]]) -> list[list[float]]:
        return [[sum(text.count(letter) for letter in "aeiou") / 6 for text in texts] for texts in answers]

    learning = policy(vowels)
    config = StageConfig(
        epochs=25.0,
        loop=LoopConfig(steps=1, precision="float32", compile=False, threads=1, log_steps=1000),
        optim=OptimConfig(muon_lr=0.02, embedding_lr=0.02),
    )
    assert run_stage(learning.model, learning, config, tmp_path).finished
    first, rest = learning.rewards[:5], learning.rewards[5:]
    assert sum(rest) / len(rest) > 1.2 * sum(first) / len(first)  # single steps are noisy, and differ by CPU


def test_a_price_on_distance_keeps_answers_that_were_likely_before() -> None:
    learning = policy(lambda prompts, answers: [[0.0] * len(texts) for texts in answers], kl=0.5)
    assert all(float(batch.advantages.abs().max()) < 1e-4 for batch in learning.next_step())
    with torch.no_grad():
        for weight in learning.model.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    assert all(float(batch.advantages.abs().max()) > 1e-3 for batch in learning.next_step())


def test_a_step_can_be_taken_again_and_is_the_same() -> None:
    judge = TaskJudge(tasks(8, seed=1))
    first, again = policy(judge), policy(judge)
    first.next_step()
    again.load_state_dict(first.state_dict())
    for a, b in zip(first.next_step(), again.next_step(), strict=True):
        assert torch.equal(a.ids, b.ids)
        assert torch.equal(a.advantages, b.advantages)


@pytest.mark.parametrize("judge", ["tasks", "reward"])
def test_a_stage_is_judged_by_code_or_by_the_reward_model_and_goes_on_after_a_stop(tmp_path: Path, judge: str) -> None:
    model = Gpt(GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256))
    init_weights(model, seed=1)
    loop = LoopConfig(steps=1, precision="float32", compile=False, threads=1, checkpoint_steps=1)
    config = RlooConfig(judge, 24, 4, 2, 6, stage=StageConfig(epochs=1.0, seq_len=96, micro_rows=8, loop=loop))
    prompts = [task.prompt for task in tasks(110, seed=2)]
    scorer = with_reward_head(model)
    with torch.no_grad():
        for weight in scorer.parameters():
            weight.normal_(generator=torch.Generator().manual_seed(1))
    once = copy.deepcopy(model)
    told = train_rloo(once, scorer, toy_tokenizer(), prompts, config, tmp_path)
    assert told.outcome.finished
    assert told.outcome.step > 1
    (tmp_path / f"checkpoint-{told.outcome.step:08d}.pt").unlink()
    again = copy.deepcopy(model)
    train_rloo(again, scorer, toy_tokenizer(), prompts, config, tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(once.parameters(), again.parameters(), strict=True))
    if judge == "reward":  # the toy writes no digit and no object: code finds nothing to reward
        assert not all(torch.equal(a, b) for a, b in zip(once.parameters(), model.parameters(), strict=True))


def test_what_cannot_be_learned_from_is_refused() -> None:
    judge = TaskJudge(tasks(8, seed=1))
    with pytest.raises(ValueError, match="at least 2"):
        policy(judge, num_answers=1)
    with pytest.raises(ValueError, match="raise seq_len"):
        policy(judge, seq_len=4).next_step()
