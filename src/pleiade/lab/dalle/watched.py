"""What a picture model draws while it learns: the same few captions in English and French, from the same noise."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from pleiade.lab.dalle.averages import Averages
from pleiade.lab.dalle.data.pixels import Rgba, to_rgba
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.sample import AVERAGE, PictureModel, sample
from pleiade.lab.events.samples import Sample

CAPTIONS = (
    "a red apple",
    "flat emoji of a cat face",
    "outline icon of a house",
    "icône plate d'une fusée",
    "3D emoji of a smiling sun",
    "pixel art of a green dragon",
    "scene: three yellow stars in a night sky",
    "scène : un arbre au-dessus de l'herbe",
)
STEPS, GUIDANCE, SEED = 12, 3.0, 1


@dataclass(frozen=True)
class Watched:
    """Draws CAPTIONS with the averaged weights where there are some already."""

    tokenizer: Tokenizer
    averages: Averages
    few_step: bool = False

    def write(self, model: Pix, dtype: torch.dtype) -> list[Sample]:
        """A picture for each caption. Leaves the model, its gradients and the global random state alone."""
        network = model
        if self.averages.weights:
            network = Pix(model.config).to(model.device)
            network.load_state_dict(self.averages.weights[AVERAGE])
        pix = PictureModel(network, self.tokenizer, self.few_step)
        steps = 4 if self.few_step else STEPS
        x_BHWC = sample(pix, CAPTIONS, steps=steps, guidance=GUIDANCE, seed=SEED, dtype=dtype)
        drawn = zip(CAPTIONS, to_rgba(x_BHWC), strict=True)
        return [Sample(caption, "", picture_uri(rgba)) for caption, rgba in drawn]


def picture_uri(rgba: Rgba) -> str:
    """A PNG as a data URI."""
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgba)).save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
