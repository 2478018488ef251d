"""How much memory a training step takes, by formula: what is kept for good, and what a micro-batch holds at its peak.

The terms were read off the tensors that autograd saves for our model, eager and compiled; tests/lab/test_planning.py
holds them against those tensors and against the peak of a real process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.head_loss import PIECE_NUMBERS, SLICE_ROWS
from pleiade.lab.planning.layout import Layout

MASTER = 4  # bytes of a float32: weights, gradients, momentum and moments
GATHERED_LAYERS = 2  # FSDP2 gathers the next layer while one computes


@dataclass(frozen=True)
class Memory:
    """Bytes on one device at the peak of a step."""

    weights: int
    gradients: int
    optimizer: int
    copies: int  # of weights: cast to the type of computation, or gathered from other ranks
    activations: int
    head: int  # logits of a slice, and the gradients that its loss computes
    step: int  # what the optimizer's step or the exchange of gradients needs, where that is more than a micro-batch

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, field.name) for field in fields(self))


def memory_of_step(model: GptConfig, seq_len: int, micro_rows: int, layout: Layout) -> Memory:
    """The peak of a step over micro-batches of `micro_rows` x `seq_len` tokens."""
    # Muon keeps one momentum for a matrix, AdamW two moments for embeddings, head and gains.
    optimizer = MASTER * (model.num_matrix_params + 2 * (model.num_params - model.num_matrix_params))
    tokens = micro_rows * -(-seq_len // layout.sequence)
    copies = _copies(model, layout)
    activations = _activations(model, seq_len, tokens, layout)
    head = _head(model, tokens, layout)
    return Memory(
        weights=MASTER * model.num_params // layout.parts,
        gradients=MASTER * model.num_params // layout.parts,
        optimizer=optimizer // layout.parts,
        copies=copies,
        activations=activations,
        head=head,
        step=max(0, max(_update(model, layout), _exchange(model, layout)) - copies - activations - head),
    )


def divisors(number: int) -> Iterable[int]:
    """Its divisors, the largest first."""
    return (n for n in range(number, 0, -1) if number % n == 0)


def _copies(model: GptConfig, layout: Layout) -> int:
    """Weights in the type of computation, which autograd keeps for the backward pass, or gathered from other ranks."""
    e, t = layout.value_bytes, layout.tensor
    layers_kept = 1 if layout.recompute else model.num_layers
    matrices = model.num_matrix_params // model.num_layers // t
    # What is computed as one product is joined for it (gpt/model.py, joint_linear).
    joint = model.hidden_size * ((model.num_heads + 2 * model.num_kv_heads) * model.head_dim + 2 * model.ffn_size) // t
    if not layout.shard:
        return e * layers_kept * (matrices if e < MASTER else joint)
    # Gathered: two layers, one with gradients (and those in float32 on their way); embedding and head all the time.
    root = model.vocab_size * model.hidden_size * (1 if model.tied else 2) // t
    exchanged = e + (MASTER if e < MASTER else 0)
    return e * (layers_kept * joint + GATHERED_LAYERS * matrices + root) + exchanged * (matrices + root)


def _activations(model: GptConfig, seq_len: int, tokens: int, layout: Layout) -> int:
    """What `tokens` tokens hold at the end of the forward pass, in all layers."""
    block = _block_bytes(model, seq_len, layout)
    stream = layout.value_bytes * model.hidden_size
    backward = _backward_bytes(model, seq_len, layout)
    if layout.recompute:
        return round(tokens * (model.num_layers * stream + block + backward))
    return round(tokens * (model.num_layers * block + backward))


def _block_bytes(model: GptConfig, seq_len: int, layout: Layout) -> float:
    """Bytes a token that one block keeps for its backward pass. Letters as in gpt/model.py."""
    e, t = layout.value_bytes, layout.tensor
    D, F = model.hidden_size, model.ffn_size / t
    A, C = model.num_heads * model.head_dim / t, model.num_kv_heads * model.head_dim / t
    N = model.num_heads / t
    keys = C * layout.sequence  # keys and values of all positions, where ranks share a row
    if layout.compiled:
        # Stream and norm twice each; queries, keys and values as projected and as rotated; what attention gives;
        # gate, up and their product.
        kept = e * (4 * D + (A + 2 * C) + A + keys + A + 3 * F)
        scores = 0.0 if layout.fused else 4 * N * seq_len + e * C
    else:
        # A norm keeps its input and its normalised self in float32, and what it gives.
        norms = 2 * (8 + e) * D + (4 + MASTER) * (A + C) + (C * MASTER if e == MASTER else 0)
        projected = e * (A + 2 * C) if layout.fused and e < MASTER else 0.0
        kept = norms + projected + e * (2 * A + keys) + e * 4 * F
        # Softmax in float32, and cast; values are copied into one block for the product.
        scores = 0.0 if layout.fused else (4 + (2 if e < MASTER else 0)) * N * seq_len + e * C
    return kept + scores


def _backward_bytes(model: GptConfig, seq_len: int, layout: Layout) -> float:
    """Bytes a token of the gradients that are alive at once while a block goes backward."""
    e, t = layout.value_bytes, layout.tensor
    D, F, N = model.hidden_size, model.ffn_size / t, model.num_heads / t
    feed_forward = e * 5 * F
    scores = 0.0 if layout.fused else (2 * MASTER + (e if e < MASTER else 0)) * N * seq_len
    return max(feed_forward, scores) + 3 * MASTER * D


def _head(model: GptConfig, tokens: int, layout: Layout) -> int:
    """The head's loss: the last layer and its gradient, a slice of logits, and the gradient of the head."""
    e, vocabulary = layout.value_bytes, model.vocab_size / layout.tensor
    rows = min(SLICE_ROWS, tokens)
    # Logits, which become their own gradient; probabilities and what softmax needs for them, of a piece at a time.
    in_piece = rows * vocabulary if layout.fused else min(rows * vocabulary, PIECE_NUMBERS)
    logits = e * rows * vocabulary + 2 * MASTER * in_piece
    weights = (MASTER + (e if e < MASTER else 0)) * vocabulary * model.hidden_size
    return round(logits + weights + 2 * e * tokens * model.hidden_size)


def _update(model: GptConfig, layout: Layout) -> int:
    """What Muon's step holds: it orthogonalises all matrices of one shape, or this rank's share of them, together."""
    ranks = layout.data * layout.sequence * layout.tensor if layout.parts > 1 else 1
    matrix = model.hidden_size * model.ffn_size
    stack = max(matrix, 2 * model.num_layers * matrix // ranks)  # gate and up
    # Directions and their stack in float32, three in bfloat16 within the iteration, the update in float32.
    worked_on = stack * (3 * MASTER + 3 * 2)
    # Where matrices are divided, parts travel to the rank that works on them, and back.
    return worked_on + (2 * MASTER * model.num_matrix_params // ranks if ranks > 1 else 0)


def _exchange(model: GptConfig, layout: Layout) -> int:
    """The message in which copies of a model add up their gradients."""
    return MASTER * model.num_params // layout.tensor if layout.data > 1 and not layout.shard else 0
