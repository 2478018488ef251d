"""The model is a Qwen3: what transformers computes, it computes."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from corpora import toy_tokenizer
from transformers import AutoModelForCausalLM, GenerationConfig

from pleiade.lab.export.huggingface import CODE, PROSE, export_huggingface, import_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt, causal_attention_by_products, causal_attention_fused, init_weights


def random_model(config: GptConfig) -> Gpt:
    torch.manual_seed(0)
    model = Gpt(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 1.0 if parameter.dim() == 1 else 0.0, 0.1)
    return model


@pytest.mark.parametrize("tied", [True, False])
def test_logits_equal_those_of_transformers(tied: bool, tmp_path: Path) -> None:
    model = random_model(GptConfig(512, 64, 3, 4, 2, 32, 96, max_position=128, rope_theta=5000.0, tied=tied))
    export_huggingface(model, toy_tokenizer(), tmp_path, torch.float32)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    ids = torch.randint(0, 512, (2, 128))
    with torch.no_grad():
        torch.testing.assert_close(model(ids), theirs(ids).logits, atol=1e-4, rtol=0)


def test_code_is_sampled_without_a_penalty_for_saying_a_name_again(tmp_path: Path) -> None:
    model = random_model(GptConfig(512, 64, 1, 4, 2, 32, 96, max_position=64))
    for folder, sampling, penalty in ((tmp_path / "prose", PROSE, 1.15), (tmp_path / "code", CODE, 1.0)):
        export_huggingface(model, toy_tokenizer(), folder, sampling=sampling)
        settings = GenerationConfig.from_pretrained(folder)
        assert (settings.repetition_penalty or 1.0) == penalty
        assert settings.do_sample


def test_an_exported_folder_reads_back_as_the_same_model(tmp_path: Path) -> None:
    model = random_model(GptConfig(512, 64, 2, 4, 2, 32, 96, max_position=64))
    export_huggingface(model, toy_tokenizer(), tmp_path, torch.float32)
    back = import_huggingface(tmp_path)
    assert back.config == model.config
    for name, weight in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], weight), name


def test_attention_by_products_equals_the_fused_kernel_forwards_and_backwards() -> None:
    torch.manual_seed(0)
    shapes = [(2, 4, 40, 16), (2, 2, 40, 16), (2, 2, 40, 16)]
    gradients = []
    for attend in (causal_attention_by_products, causal_attention_fused):
        torch.manual_seed(0)
        inputs = [torch.randn(shape, requires_grad=True) for shape in shapes]
        y = attend(*inputs)
        (y * torch.arange(y.numel()).view_as(y).cos()).sum().backward()
        gradients.append([y, *(x.grad for x in inputs)])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_the_head_loss_equals_cross_entropy_and_its_gradients() -> None:
    torch.manual_seed(0)
    x = torch.randn(2500, 32, requires_grad=True)
    head = torch.randn(300, 32, requires_grad=True)
    targets = torch.randint(0, 300, (2500,))
    targets[::7] = -100
    ours = torch.autograd.grad(head_loss_sum(x, head, targets) * 0.5, (x, head))
    reference = F.cross_entropy(x @ head.T, targets, ignore_index=-100, reduction="sum")
    theirs = torch.autograd.grad(reference * 0.5, (x, head))
    assert float(head_loss_sum(x, head, targets).detach()) == pytest.approx(float(reference.detach()), rel=1e-5)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_a_new_model_says_nothing_and_each_block_starts_as_the_identity() -> None:
    model = Gpt(GptConfig(512, 64, 3, 4, 2, 32, 96, max_position=64))
    init_weights(model, seed=1)
    ids = torch.arange(64)[None]
    with torch.no_grad():
        probabilities = model(ids).softmax(-1)
        assert float(probabilities.max()) < 3 / 512
        torch.testing.assert_close(model.hidden(ids), model.norm(model.embed_tokens(ids)))


def test_the_number_of_parameters_is_what_the_plan_says() -> None:
    for tied in (True, False):
        config = GptConfig(512, 64, 3, 4, 2, 32, 96, tied=tied)
        assert config.num_params == sum(p.numel() for p in Gpt(config).parameters())


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="num_heads=4 is not a multiple of num_kv_heads=3"):
        GptConfig(num_heads=4, num_kv_heads=3)


def test_a_text_longer_than_the_positions_is_refused() -> None:
    with pytest.raises(ValueError, match="65 tokens exceed the model's 64 positions"):
        Gpt(GptConfig(512, 64, 1, 4, 2, 32, 96, max_position=64))(torch.zeros(1, 65, dtype=torch.long))
