"""From logits to tokens, for a whole batch at once.

Order of operations, as in vLLM and transformers: grammar, bias, penalties, temperature, top_k, top_p,
min_p, then the draw. Log-probabilities come from the raw distribution, before any of it, as vLLM reports
them: they say what the model thinks, not what the caller asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

import numpy as np
from numpy.typing import NDArray

from pleiade.engines.text_openvino.generation import Constraint, Sampling, TokenLogprobs

Logits = NDArray[np.float32]

_DRAWS_AHEAD = 64
_CHUNK = 256  # vocabulary entries summed at once when drawing
_HEAD = 1024  # likeliest tokens that top_p looks at first


class _TokenCounts:
    """How often which tokens came: two growing arrays, so that a step touches these tokens and no others."""

    __slots__ = ("_counts", "_places", "_tokens")

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._tokens = np.empty(64, np.int64)
        self._counts = np.zeros(64, np.float32)

    def add(self, token: int) -> None:
        place = self._places.setdefault(token, len(self._places))
        if place == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.empty_like(self._tokens)])
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        self._tokens[place] = token
        self._counts[place] += 1

    def view(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        count = len(self._places)
        return self._tokens[:count], self._counts[:count]


class SequenceSampler:
    """What picking the next token of one sequence needs to remember."""

    def __init__(
        self,
        sampling: Sampling,
        prompt: NDArray[np.int64],
        vocabulary_size: int,
        index: int = 0,
        constraint: Constraint | None = None,
    ):
        self.sampling = sampling
        self.greedy = sampling.temperature <= 1e-5
        self.constraint = constraint
        self._penalised = bool(sampling.presence_penalty or sampling.frequency_penalty)
        self._repetition = sampling.repetition_penalty != 1.0
        self._counted = _TokenCounts()  # of the answer
        self._seen = _TokenCounts()  # prompt and answer
        if self._repetition:
            for token in np.unique(prompt).tolist():
                self._seen.add(token)
        bias = [(token, value) for token, value in sampling.logit_bias.items() if 0 <= token < vocabulary_size]
        self._bias_tokens = np.array([token for token, _ in bias], np.int64)
        self._bias_values = np.array([value for _, value in bias], np.float32)
        # Edited logits depend on the tokens before, so drafts cannot be checked in one go.
        self.plain = not (self._penalised or self._repetition or bias or constraint)
        if sampling.seed is None:
            self._generator = np.random.default_rng()
        else:
            # Counter-based, one stream a sequence: the text does not depend on who shares the batch.
            key = np.array([sampling.seed & 0xFFFF_FFFF_FFFF_FFFF, index], np.uint64)
            self._generator = np.random.Generator(np.random.Philox(key=key))
        self._draws: list[float] = []
        self.error = ""  # why its grammar failed; the sequence must end then, and only this one

    def draw(self, position: int) -> float:
        """The uniform number in [0, 1) that belongs to the generated token number `position`."""
        while position >= len(self._draws):
            self._draws.extend(self._generator.random(_DRAWS_AHEAD).tolist())
        return self._draws[position]

    def edit(self, logits_V: Logits) -> None:
        """Apply grammar, bias and penalties to one row, in place."""
        if self.constraint is not None:
            try:
                self.constraint.mask(logits_V)
            except Exception as error:
                self.error = f"the grammar failed: {error}"
        if self._bias_tokens.size:
            logits_V[self._bias_tokens] += self._bias_values
        if self._penalised:
            tokens, counts = self._counted.view()
            sampling = self.sampling
            logits_V[tokens] -= sampling.presence_penalty + sampling.frequency_penalty * counts
        if self._repetition:
            tokens, _ = self._seen.view()
            seen, factor = logits_V[tokens], self.sampling.repetition_penalty
            logits_V[tokens] = np.where(seen > 0, seen / factor, seen * factor)

    def accept(self, token: int) -> bool:
        """Remember a picked token; True where the grammar is complete and the sequence must stop."""
        if self._penalised:
            self._counted.add(token)
        if self._repetition:
            self._seen.add(token)
        if self.constraint is None:
            return False
        try:
            return self.constraint.accept(token)
        except Exception as error:
            self.error = f"the grammar failed: {error}"
            return True


def pick_tokens(logits_RV: Logits, samplers: SequenceOf[SequenceSampler], positions: SequenceOf[int]) -> list[int]:
    """One token for each row. `positions[r]` is the number of the token that row r generates in its sequence.

    Edits `logits_RV` in place: take log-probabilities before.
    """
    random_rows = []
    for row, sampler in enumerate(samplers):
        if not sampler.plain:
            sampler.edit(logits_RV[row])
        if not sampler.greedy:
            random_rows.append(row)
    if not random_rows:
        return as_list(logits_RV.argmax(axis=1))
    if len(random_rows) == len(samplers):
        return as_list(_random_tokens(logits_RV, samplers, positions))
    tokens = logits_RV.argmax(axis=1)
    tokens[random_rows] = _random_tokens(
        logits_RV[random_rows],
        [samplers[row] for row in random_rows],
        [positions[row] for row in random_rows],
    )
    return as_list(tokens)


def as_list(tokens: NDArray[np.intp]) -> list[int]:
    """Python integers."""
    integers: list[int] = tokens.tolist()
    return integers


def _random_tokens(
    logits_RV: Logits, samplers: SequenceOf[SequenceSampler], positions: SequenceOf[int]
) -> NDArray[np.intp]:
    rows, vocabulary = logits_RV.shape
    temperatures = np.array([sampler.sampling.temperature for sampler in samplers], np.float32)
    padded = -(-vocabulary // _CHUNK) * _CHUNK
    weights = np.zeros((rows, padded), np.float32)
    view_RV = weights[:, :vocabulary]
    np.subtract(logits_RV, logits_RV.max(axis=1, keepdims=True), out=view_RV)
    view_RV /= temperatures[:, None]
    np.exp(view_RV, out=view_RV)  # the likeliest token weighs 1
    for row, sampler in enumerate(samplers):
        _truncate(view_RV[row], sampler.sampling)
    uniforms = np.array([sampler.draw(position) for sampler, position in zip(samplers, positions, strict=True)])
    return draw_indices(weights, uniforms)


def _truncate(weights_V: Logits, sampling: Sampling) -> None:
    """Set to zero what top_k, top_p and min_p leave out. The largest is 1; equal ones stay together."""
    floor, size = min(sampling.min_p, 1.0), weights_V.size
    kept = weights_V  # what top_p looks at
    if 0 < sampling.top_k < size:
        kept = np.partition(weights_V, size - sampling.top_k)[size - sampling.top_k :]
        floor = max(floor, float(kept.min()))
    if sampling.top_p < 1.0:
        floor = max(floor, _nucleus_floor(kept, sampling.top_p))
    if floor > 0:
        weights_V *= weights_V >= floor


def _nucleus_floor(weights: Logits, top_p: float) -> float:
    """The smallest weight in the nucleus: the fewest tokens that together hold `top_p` of all weight."""
    needed = top_p * float(weights.sum())
    if weights.size > 4 * _HEAD:  # the nucleus of a real distribution is small: look at the head only
        head = np.partition(weights, weights.size - _HEAD)[-_HEAD:]
        if float(head.sum()) >= needed:
            weights = head
    ordered = np.sort(weights)[::-1]
    place = int(np.searchsorted(np.cumsum(ordered, dtype=np.float64), needed))
    return float(ordered[min(place, ordered.size - 1)])


def draw_indices(weights: Logits, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each row the index at which the cumulated weight passes `uniform` of the total (inverse transform).

    In two stages (chunks, then within one), so that nothing of vocabulary size is cumulated. The number of
    columns is a multiple of 256. An index of weight zero is never drawn.
    """
    rows = np.arange(len(weights))
    chunked = weights.reshape(len(weights), -1, _CHUNK)
    sums = chunked.sum(axis=2).astype(np.float64)
    cumulated = np.cumsum(sums, axis=1)
    targets = uniforms * cumulated[:, -1]
    chunks = (cumulated <= targets[:, None]).sum(axis=1)
    share = (targets - cumulated[rows, chunks] + sums[rows, chunks]) / sums[rows, chunks]
    within = np.cumsum(chunked[rows, chunks], axis=1, dtype=np.float64)
    inner = (within <= (np.clip(share, 0.0, 1.0 - 1e-9) * within[:, -1])[:, None]).sum(axis=1)
    drawn: NDArray[np.intp] = chunks * _CHUNK + inner
    return drawn


def token_logprobs(logits_RV: Logits, tokens: SequenceOf[int], top: int) -> list[TokenLogprobs]:
    """Natural log-probabilities of `tokens` (one a row) and of the `top` likeliest ones, from raw logits."""
    highest = logits_RV.max(axis=1, keepdims=True)
    normaliser = (highest + np.log(np.exp(logits_RV - highest).sum(axis=1, keepdims=True)))[:, 0]
    chosen = logits_RV[np.arange(len(logits_RV)), np.asarray(tokens, dtype=np.int64)] - normaliser
    results = []
    for row, token in enumerate(tokens):
        likeliest: tuple[tuple[int, float], ...] = ()
        if top:
            count = min(top, logits_RV.shape[1])
            indices = np.argpartition(logits_RV[row], -count)[-count:]
            indices = indices[np.argsort(-logits_RV[row, indices], kind="stable")]
            values = (logits_RV[row, indices] - normaliser[row]).tolist()
            likeliest = tuple(zip(indices.tolist(), values, strict=True))
        results.append(TokenLogprobs(int(token), float(chosen[row]), likeliest))
    return results
