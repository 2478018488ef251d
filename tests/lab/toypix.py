"""A picture model of random weights and its served folder, in a second: for tests of sampling, export and engines."""

from functools import cache
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer

from pleiade.lab.dalle.export import write_folder
from pleiade.lab.dalle.model import Pix, init_pix
from pleiade.lab.dalle.presets import pix_presets
from pleiade.lab.dalle.sample import PictureModel
from pleiade.lab.dalle.small_weights import Weights
from pleiade.lab.tokenizer.bpe import train_tokenizer

WORDS = ("a", "red", "blue", "cat", "dog", "house", "star", "icon", "emoji", "flat", "rocket", "and", "on")


@cache
def toy_tokenizer(vocab_size: int = 512) -> Tokenizer:
    """Learned from words of a picture's caption and from syllables, of which there are enough."""
    rng = Random(1)
    syllables = ["".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") for _ in range(3)) for _ in range(400)]
    words = [*WORDS, *syllables]
    return train_tokenizer([" ".join(rng.choice(words) for _ in range(12)) for _ in range(300)], vocab_size)


def toy_pix(*, few_step: bool = False) -> PictureModel:
    """A network of the preset pix-toy whose every weight says something."""
    network = Pix(pix_presets()["pix-toy"].model)
    init_pix(network, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    return PictureModel(network.eval(), toy_tokenizer(), few_step)


def toy_folder(folder: Path, weights: Weights = "fp16", *, few_step: bool = False) -> Path:
    """The model as the engine serves it."""
    write_folder(toy_pix(few_step=few_step), folder, weights)
    return folder
