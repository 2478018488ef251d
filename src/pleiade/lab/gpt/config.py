"""The shape of a model and what follows from it: parameters and floating-point operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class GptConfig:
    """Shape of a Qwen3-style decoder; every field exists under a Qwen3 name in Hugging Face's config.json.

    With `reward_head` it also scores texts: Hugging Face's Qwen3ForSequenceClassification with one label.
    """

    vocab_size: int = 8192
    hidden_size: int = 256
    num_layers: int = 6
    num_heads: int = 4
    num_kv_heads: int = 2
    head_dim: int = 64
    ffn_size: int = 704
    max_position: int = 2048
    rope_theta: float = 100_000.0
    norm_eps: float = 1e-6
    tied: bool = True
    reward_head: bool = False

    unit: ClassVar[str] = "tokens"  # what a run counts

    def __post_init__(self) -> None:
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"num_heads={self.num_heads} is not a multiple of num_kv_heads={self.num_kv_heads}: "
                "each key-value head serves a whole group of query heads"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim={self.head_dim} must be even: rotary positions turn pairs of channels")

    @property
    def num_matrix_params(self) -> int:
        """Parameters of the blocks' matrices, without embeddings and gains."""
        attention = self.hidden_size * self.head_dim * (2 * self.num_heads + 2 * self.num_kv_heads)
        return self.num_layers * (attention + 3 * self.hidden_size * self.ffn_size)

    @property
    def num_params(self) -> int:
        """All parameters, a tied embedding counted once."""
        gains = self.num_layers * (2 * self.hidden_size + 2 * self.head_dim) + self.hidden_size
        embeddings = self.vocab_size * self.hidden_size * (1 if self.tied else 2)
        return self.num_matrix_params + embeddings + gains + self.hidden_size * self.reward_head

    def train_flops_per_token(self, seq_len: int) -> float:
        """Forward and backward FLOPs a token: 6 for each matrix and head weight, plus causal attention (halved)."""
        weights = self.num_matrix_params + self.vocab_size * self.hidden_size
        attention = 6 * self.num_layers * self.num_heads * self.head_dim * seq_len
        return 6.0 * weights + attention
