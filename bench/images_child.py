"""One peer of bench/images.py in a process of its own: a line of JSON with steps and candidates in, seconds back.

Every peer does what our worker does for one picture: reads the prompt, draws the candidates, lets the same number of
them fall after the same steps by the same encoder, and writes a PNG.
"""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

from images_model import PROMPT, make_encoder, make_network
from pleiade.engines.image_openvino.folder import read_config
from pleiade.engines.image_openvino.pictures.floats import to_rgba
from pleiade.engines.image_openvino.prompts import load_tokenizer, read_prompt
from pleiade.engines.image_openvino.quality import survivors
from pleiade.engines.image_openvino.sampler import Caption, Row, Task, Trajectory, noise_of

Draw = Callable[[int, int], np.ndarray]  # steps, candidates


def torch_eager(preset: str, folder: Path, threads: int, precision: str) -> Draw:
    """The lab's network in torch eager, in a loop as diffusers' pipelines have it, with its scheduler."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    config, network, encoder = read_config(folder), make_network(preset), make_encoder(preset)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0)
    prompt, nothing = _ids(load_tokenizer(folder), config.max_text)

    def draw(steps: int, candidates: int) -> np.ndarray:
        ids_BT = torch.from_numpy(np.stack([prompt, nothing]))
        text_BTC, mask_BT = network.text(ids_BT, dtype)
        words_E = encoder.embed_words(ids_BT[:1])[0]
        shape = (config.size, config.size, 4)
        x_BHWC = torch.stack([torch.from_numpy(noise_of((1, 0, k), shape)) for k in range(candidates)])
        scheduler.set_timesteps(sigmas=[1 - step / steps for step in range(steps)])
        for step, timestep in enumerate(scheduler.timesteps):
            B, sigma = len(x_BHWC), float(scheduler.sigmas[step])
            # Without guidance in one pass: with the caption and without, in one batch, as diffusers' pipelines have it.
            times = 2 if not config.few_step and 1 - sigma < config.guided_until else 1
            ones_B = torch.ones(times * B)
            clean_BHWC = network.predict(
                x_BHWC.repeat(times, 1, 1, 1),
                (1 - sigma) * torch.ones(times * B, *x_BHWC.shape[1:3]),
                (1 - sigma) * ones_B,
                config.few_step * ones_B / steps,
                (config.guidance if config.few_step else 1.0) * ones_B,
                torch.zeros(times * B, dtype=torch.int64),
                torch.zeros(times * B, config.image_embedding),
                text_BTC[:times].repeat_interleave(B, 0),
                mask_BT[:times].repeat_interleave(B, 0),
                dtype,
            )
            if times == 2:
                with_BHWC, without_BHWC = clean_BHWC.chunk(2)
                clean_BHWC = without_BHWC + config.guidance * (with_BHWC - without_BHWC)
            x_BHWC = scheduler.step((x_BHWC - clean_BHWC) / sigma, timestep, x_BHWC, return_dict=False)[0]
            left = survivors(candidates, steps, step + 1)
            if left < B:
                near_B = encoder.embed_features(encoder.features(clean_BHWC)) @ words_E
                x_BHWC = x_BHWC[near_B.argsort(descending=True)[:left]]
        return x_BHWC[0].numpy()

    return draw


def onnx_runtime(preset: str, folder: Path, threads: int, precision: str) -> Draw:
    """The exported graphs on onnxruntime's CPU provider, in batches of all candidates."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    config = read_config(folder)
    text, picture, encoder, words = (
        onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
        for name in ("text", "picture", "encoder", "words")
    )
    prompt, nothing = _ids(load_tokenizer(folder), config.max_text)

    def predict(rows: list[Row]) -> np.ndarray:
        values = {
            "x_BHWC": np.stack([row.x_HWC for row in rows]),
            "level_BHW": np.stack([row.level_HW for row in rows]),
            "t_B": np.array([row.t for row in rows], np.float32),
            "h_B": np.array([row.h for row in rows], np.float32),
            "guidance_B": np.array([row.guidance for row in rows], np.float32),
            "style_B": np.zeros(len(rows), np.int64),
            "picture_BE": np.stack([row.embedding_E for row in rows]),
            "text_BTC": np.stack([row.caption.text_TC for row in rows]),
            "mask_BT": np.stack([row.caption.mask_T for row in rows]),
        }
        return picture.run(None, values)[0]

    def draw(steps: int, candidates: int) -> np.ndarray:
        text_BTC, mask_BT = text.run(None, {"ids_BT": np.stack([prompt, nothing])})
        words_E = words.run(None, {"ids_BT": prompt[None]})[0][0]
        task = Task(
            caption=Caption(text_BTC[0], mask_BT[0]),
            against=Caption(text_BTC[1], mask_BT[1]),
            steps=steps,
            guidance=config.guidance,
            embedding_E=np.zeros(config.image_embedding, np.float32),
            few_step=config.few_step,
            contrast=not config.few_step,
            noise_scale=config.noise_scale,
            guided_until=config.guided_until,
            clear_below=config.clear_below,
        )
        shape = (config.size, config.size, 4)
        alive = [Trajectory(task, noise_of((1, 0, k), shape)) for k in range(candidates)]
        for step in range(1, steps + 1):
            rows = [way.rows() for way in alive]
            clean_BHWC = predict([row for some in rows for row in some])
            for place, way in enumerate(alive):
                way.advance(clean_BHWC[place * len(rows[0]) :][: len(rows[0])])
            left = survivors(candidates, steps, step)
            if left < len(alive):
                pictures = np.stack([way.clean_HWC for way in alive])
                near_B = encoder.run(None, {"x_BHWC": pictures})[0] @ words_E
                alive = [alive[place] for place in np.argsort(-near_B, kind="stable")[:left]]
        return alive[0].clean_HWC

    return draw


def _ids(tokenizer: Tokenizer, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the prompt, and of no words."""
    return read_prompt(tokenizer, PROMPT, longest).ids_T, read_prompt(tokenizer, "", longest).ids_T


def main() -> None:
    """Load the peer, say that it is ready, and answer lines until there are none."""
    kind, preset, folder, threads, precision = sys.argv[1:]
    load = {"torch": torch_eager, "onnxruntime": onnx_runtime}[kind]
    draw = load(preset, Path(folder), int(threads), precision)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        start = time.perf_counter()
        Image.fromarray(to_rgba(draw(asked["steps"], asked["candidates"]))).save(io.BytesIO(), "PNG")
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
