"""Pipelines of every kind that users bring, with a few thousand random weights each, saved as diffusers saves them."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

LETTERS = [chr(code) for code in range(ord("!"), ord("~") + 1)]


def stable_diffusion(folder: Path) -> Path:
    """Stable Diffusion 1: pictures of 16 x 16."""
    torch.manual_seed(0)
    return _saved(
        StableDiffusionPipeline(
            unet=_unet(cross=16),
            vae=_vae(4),
            text_encoder=_clip(CLIPTextModel),
            tokenizer=_tokenizer(folder),
            scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        ),
        folder,
    )


def stable_diffusion_xl(folder: Path) -> Path:
    """SDXL: two text encoders, sizes as conditions."""
    torch.manual_seed(0)
    return _saved(
        StableDiffusionXLPipeline(
            unet=_unet(
                cross=32,
                addition_embed_type="text_time",
                addition_time_embed_dim=8,
                projection_class_embeddings_input_dim=6 * 8 + 16,
                transformer_layers_per_block=1,
            ),
            vae=_vae(4),
            text_encoder=_clip(CLIPTextModel),
            text_encoder_2=_clip(CLIPTextModelWithProjection),
            tokenizer=_tokenizer(folder),
            tokenizer_2=_tokenizer(folder),
            scheduler=EulerDiscreteScheduler(),
        ),
        folder,
    )


def flux(folder: Path) -> Path:
    """FLUX: a transformer on packed latents, with a T5 that knows no word."""
    torch.manual_seed(0)
    pipeline = FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            pooled_projection_dim=16,
            axes_dims_rope=[4, 4, 8],
        ),
        vae=_vae(1, shift_factor=0.1),
        text_encoder=_clip(CLIPTextModel),
        text_encoder_2=_t5(),
        tokenizer=_tokenizer(folder),
        tokenizer_2=_t5_tokenizer(folder),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
    return _saved(pipeline, folder)


def _saved(pipeline: Any, folder: Path) -> Path:
    pipeline.save_pretrained(folder / "model")
    return folder / "model"


def _unet(*, cross: int, **more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        attention_head_dim=2,
        norm_num_groups=4,
        **more,
    )


def _vae(channels: int, **more: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[8, 8],
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=16,
        **more,
    )


def _clip(kind: Any) -> Any:
    size = 2 * len(LETTERS) + 2
    return kind(
        CLIPTextConfig(
            bos_token_id=size - 2,
            eos_token_id=size - 1,
            hidden_size=16,
            intermediate_size=16,
            num_attention_heads=2,
            num_hidden_layers=1,
            projection_dim=16,
            vocab_size=size,
        )
    )


def _tokenizer(folder: Path) -> CLIPTokenizer:
    words = [*LETTERS, *(letter + "</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def _t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2))


def _t5_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<pad>": 0, "</s>": 1, "<unk>": 2}
    fast = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    fast.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=fast, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )
