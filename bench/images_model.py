"""The picture model that bench/images.py measures: a preset's network of random weights, with encoder and enlarger."""

import json
from pathlib import Path

PROMPT = "a red rocket with two yellow stars on a blue background"
WORDS = [word for word in PROMPT.split() if len(word) > 1]
VOCABULARY = 330  # bytes and some of the words: a prompt of about as many tokens as with the real one


def make_network(preset: str):
    """The network of a preset, every weight random. The same for the same preset, in any process."""
    import torch

    from pleiade.lab.dalle.model import Pix, init_pix
    from pleiade.lab.dalle.presets import pix_presets

    network = Pix(pix_presets()[preset].model)
    init_pix(network, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.add_(0.02 * torch.randn(weight.shape, generator=generator))
    return network.eval()


def make_encoder(preset: str):
    """The dual encoder that belongs to it, random as well."""
    from pleiade.lab.dalle.encoder import DualEncoder, EncoderConfig
    from pleiade.lab.dalle.presets import pix_presets

    config = pix_presets()[preset].model
    shape = EncoderConfig(
        size=config.size, vocab_size=config.vocab_size, max_text=config.max_text, embedding=config.image_embedding
    )
    return DualEncoder(shape).eval()


def write_model(preset: str, folder: Path, few_step: bool) -> None:
    """Export it all as the engine serves it: a base or a few-step model, weights in float16."""
    import random

    from pleiade.lab.dalle.encoder_run import Encoder, export_encoder
    from pleiade.lab.dalle.export import write_folder
    from pleiade.lab.dalle.sample import PictureModel
    from pleiade.lab.tokenizer.bpe import train_tokenizer

    rng = random.Random(1)
    texts = [" ".join(rng.choice(WORDS) for _ in range(12)) for _ in range(300)]
    tokenizer = train_tokenizer(texts, VOCABULARY)
    write_folder(PictureModel(make_network(preset), tokenizer, few_step), folder)
    files = export_encoder(Encoder(make_encoder(preset), tokenizer, ""), folder)
    described = json.loads((folder / "config.json").read_text("utf-8"))
    described["files"] |= files
    (folder / "config.json").write_text(json.dumps(described), "utf-8")


if __name__ == "__main__":
    import sys

    write_model(sys.argv[1], Path(sys.argv[2]), few_step="few" in sys.argv[3:])
