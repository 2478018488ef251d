"""The dual encoder learns which caption belongs to which picture, goes on where it stopped, and is served as ONNX."""

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer
from toypix import toy_tokenizer

from pleiade.lab.dalle.contrast import Contrast
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import to_float
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.data.words import encode
from pleiade.lab.dalle.encoder import DualEncoder, EncoderConfig, EncoderStage
from pleiade.lab.dalle.encoder_run import (
    Encoder,
    export_encoder,
    half,
    half_of,
    load_encoder,
    train_encoder,
)
from pleiade.lab.train import LoopConfig

SMALL = EncoderConfig(size=32, vocab_size=512, channels=(8, 16, 24), width=32, layers=1, heads=2, embedding=16)


def loop(steps: int) -> LoopConfig:
    return LoopConfig(steps=steps, precision="float32", compile=False, threads=1, log_steps=10)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return toy_tokenizer()


@pytest.fixture(scope="module")
def encoder(tokenizer: Tokenizer) -> Encoder:
    return Encoder(DualEncoder(SMALL).eval(), tokenizer, "toy")


def test_padding_says_nothing_and_an_empty_caption_is_near_to_nothing(encoder: Encoder) -> None:
    ids = torch.zeros(2, 48, dtype=torch.int64)
    ids[0, :5] = torch.arange(100, 105)
    whole, short = encoder.network.embed_words(ids), encoder.network.embed_words(ids[:, :5])
    assert torch.allclose(whole, short, atol=1e-6)
    assert torch.isfinite(whole).all()
    assert torch.allclose(whole.norm(dim=1), torch.tensor([1.0, 0.0]))


def test_what_onnxruntime_reads_is_what_torch_says(encoder: Encoder, tmp_path: Path) -> None:
    files = export_encoder(encoder, tmp_path)
    assert files == {"encoder": "encoder.onnx", "words": "words.onnx"}
    x = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 4)).astype(np.float32)
    captions = ["a red star", "", "a flat emoji of a cat on a house"]
    ids = encode(encoder.tokenizer, captions, 48)
    for name, feed, ours in (
        ("encoder", {"x_BHWC": x}, encoder.embed_pictures(x)),
        ("words", {"ids_BT": ids}, encoder.embed_words(captions)),
    ):
        session = onnxruntime.InferenceSession(tmp_path / files[name], providers=["CPUExecutionProvider"])
        (theirs,) = session.run(["embedding_BE"], feed)
        assert theirs.shape == (3, 16)
        assert np.allclose(theirs, ours, atol=2e-3)  # weights are stored in half precision


def test_the_halves_share_no_training_drawing_and_leave_what_is_held_out(drawings: Drawings) -> None:
    served, measuring = half(drawings, "served"), half(drawings, "measuring")
    ours, theirs = set(served.split("train").tolist()), set(measuring.split("train").tolist())
    assert not ours & theirs
    assert ours | theirs == set(drawings.split("train").tolist())
    assert all(half_of(drawings.rows[index].id) == "served" for index in ours)
    assert served.split("h1").tolist() == drawings.split("h1").tolist()
    assert served.fingerprint != measuring.fingerprint


def test_it_learns_to_tell_a_batch_apart(drawings: Drawings, tokenizer: Tokenizer) -> None:
    network = DualEncoder(SMALL, seed=3)
    objective = Contrast(PictureStream(drawings, tokenizer, size=32, seed=1), 8)
    (batch,) = objective.next_step()
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = objective.loss_sum(network.hidden, network, batch, torch.float32) / batch.num_targets
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_a_run_goes_on_where_it_stopped_and_refuses_the_other_half(
    drawings: Drawings, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    stage = EncoderStage(loop=loop(4), rows=4)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train_encoder(drawings, tokenizer, stage, whole, "served").finished
    stopped = dataclasses.replace(stage, loop=loop(2))
    train_encoder(drawings, tokenizer, stopped, parts, "served")
    with pytest.raises(ValueError, match="begun with something else"):
        train_encoder(drawings, tokenizer, stage, parts, "measuring")
    one, other = load_encoder(whole), load_encoder(whole)
    x = to_float(drawings.pixels[:2])
    assert np.array_equal(one.embed_pictures(x), other.embed_pictures(x))
    assert one.version == other.version
    with pytest.raises(FileNotFoundError, match="no encoder"):
        load_encoder(tmp_path / "nothing")


def test_its_parameters_are_counted_and_a_size_that_cannot_be_is_refused() -> None:
    assert SMALL.num_params == sum(weight.numel() for weight in DualEncoder(SMALL).parameters())
    assert 2e6 < EncoderConfig().num_params < 3e6
    with pytest.raises(ValueError, match="multiple of 16"):
        EncoderConfig(size=60)
