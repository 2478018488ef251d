"""Muon on several ranks: each orthogonalises some of the matrices, and gets what it holds of all of them back.

The parts of one divided matrix travel to the rank that is to work on it, all matrices in one exchange; the results
travel back the same way. A rank sends and receives its share of the model twice a step, and no matrix is worked on
twice. nanochat does the same with stacks of equal shape (optim.py, DistMuonAdamW); here any shape and any division will
do. Of matrices that every rank holds whole, only results travel.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.tensor import DTensor, Shard

Piece = tuple[slice, slice]  # rows and columns


def piece_of(shape: Sequence[int], dim: int | None, tensor: int, copies: int, rank: int) -> Piece:
    """The rows and columns that `rank` of `copies` x `tensor` ranks holds of a matrix.

    Tensor parallelism cuts it evenly in dimension `dim`; FSDP2 cuts the rows of that into chunks, the last ones short.
    """
    copy, part = divmod(rank, tensor)
    rows, columns = (range(length) for length in shape)
    if dim == 0:
        rows = rows[part * len(rows) // tensor : (part + 1) * len(rows) // tensor]
    elif dim == 1:
        columns = columns[part * len(columns) // tensor : (part + 1) * len(columns) // tensor]
    chunk = math.ceil(len(rows) / copies)
    rows = rows[copy * chunk : (copy + 1) * chunk]
    return slice(rows.start, rows.stop), slice(columns.start, columns.stop)


class DividedMatrices:
    """Who holds which piece of every matrix, and who orthogonalises it."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        matrices = [parameter for parameter in parameters if isinstance(parameter, DTensor)]
        mesh = matrices[0].device_mesh
        # The mesh is (copies, tp), which are all ranks, row by row; or one of the two alone.
        by_tensor = (mesh.mesh_dim_names or ())[-1:] == ("tp",)
        self.size, tensor = mesh.size(), mesh.size(mesh.ndim - 1) if by_tensor else 1
        self.group = mesh.get_group() if mesh.ndim == 1 else None
        self.rank = dist.get_rank(self.group)
        last = [matrix.placements[-1] for matrix in matrices]
        dims = [placement.dim if by_tensor and isinstance(placement, Shard) else None for placement in last]
        self.shapes = [tuple(matrix.shape) for matrix in matrices]
        self.pieces = [
            [piece_of(shape, dim, tensor, self.size // tensor, rank) for rank in range(self.size)]
            for shape, dim in zip(self.shapes, dims, strict=True)
        ]
        for matrix, pieces in zip(matrices, self.pieces, strict=True):
            if tuple(matrix.to_local().shape) != _size(pieces[self.rank]):
                raise RuntimeError(f"this version of torch divides matrices otherwise: {matrix.placements} on {mesh}")
        self.owners = share_out([_cost(shape) for shape in self.shapes], self.size)

    def orthogonalise(self, parts: Sequence[Tensor], method: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """This rank's part of method(matrix) for each matrix, given its part of the matrices.

        `method` takes and gives stacks (G, rows, columns). Every rank calls this in the same step.
        """
        mine = [index for index, owner in enumerate(self.owners) if owner == self.rank]
        received = self._exchange(list(parts), mine)
        whole = {index: parts[0].new_empty(self.shapes[index]) for index in mine}
        for index, pieces in received.items():
            for (rows, columns), piece in zip(self.pieces[index], pieces, strict=True):
                whole[index][rows, columns] = piece
        return self._exchange_back(in_stacks(whole, method), parts)

    def _exchange(self, parts: list[Tensor], mine: list[int]) -> dict[int, list[Tensor]]:
        """The pieces of this rank's matrices, by rank that held them."""
        sent = [[parts[i].flatten() for i in range(len(parts)) if self.owners[i] == rank] for rank in range(self.size)]
        sizes = [[math.prod(_size(self.pieces[i][rank])) for i in mine] for rank in range(self.size)]
        received = self._all_to_all(sent, sizes, parts[0])
        return {
            index: [received[rank][place].view(_size(self.pieces[index][rank])) for rank in range(self.size)]
            for place, index in enumerate(mine)
        }

    def _exchange_back(self, whole: dict[int, Tensor], parts: Sequence[Tensor]) -> list[Tensor]:
        sent = [[whole[i][self.pieces[i][rank]].flatten() for i in whole] for rank in range(self.size)]
        theirs = [[i for i in range(len(parts)) if self.owners[i] == rank] for rank in range(self.size)]
        received = self._all_to_all(sent, [[parts[i].numel() for i in indices] for indices in theirs], parts[0])
        back = dict(
            zip((i for indices in theirs for i in indices), (p for each in received for p in each), strict=True)
        )
        return [back[i].view_as(part) for i, part in enumerate(parts)]

    def _all_to_all(self, sent: list[list[Tensor]], sizes: list[list[int]], like: Tensor) -> list[list[Tensor]]:
        """Send one list of flat tensors to each rank, get one of known sizes from each."""
        flat = [torch.cat(tensors) if tensors else like.new_empty(0) for tensors in sent]
        totals = [sum(each) for each in sizes]
        received = like.new_empty(sum(totals))
        dist.all_to_all_single(received, torch.cat(flat), totals, [len(each) for each in flat], group=self.group)
        return [list(torch.split(part, each)) for part, each in zip(torch.split(received, totals), sizes, strict=True)]


class CopiedMatrices:
    """Matrices that every rank holds whole, with the same gradients: who orthogonalises which."""

    def __init__(self, matrices: Sequence[Tensor]) -> None:
        self.size, self.rank = dist.get_world_size(), dist.get_rank()
        self.owners = share_out([_cost(matrix.shape) for matrix in matrices], self.size)

    def orthogonalise(self, matrices: Sequence[Tensor], method: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """method(matrix) for each matrix, the same bits on every rank.

        `method` takes and gives stacks (G, rows, columns). Every rank calls this in the same step.
        """
        theirs = [[i for i, owner in enumerate(self.owners) if owner == rank] for rank in range(self.size)]
        mine = in_stacks({index: matrices[index] for index in theirs[self.rank]}, method)
        longest = max(sum(matrices[index].numel() for index in indices) for indices in theirs)
        sent = in_a_row(list(mine.values()), longest, like=matrices[0])
        received = [torch.empty_like(sent) for _ in range(self.size)]
        dist.all_gather(received, sent)
        results = list(matrices)
        for indices, part in zip(theirs, received, strict=True):
            start = 0
            for index in indices:
                like = matrices[index]
                results[index] = part[start : start + like.numel()].view_as(like)
                start += like.numel()
        return results


def in_a_row(matrices: Sequence[Tensor], length: int, like: Tensor) -> Tensor:
    """Their numbers one after another, filled up with zeros to `length` and no further."""
    flat = [matrix.flatten() for matrix in matrices]
    return torch.cat([*flat, like.new_zeros(length - sum(map(len, flat)))])


def in_stacks(matrices: dict[int, Tensor], method: Callable[[Tensor], Tensor]) -> dict[int, Tensor]:
    """method(matrix) for each, in their order; those of one shape go in one stack (G, rows, columns)."""
    by_shape: dict[torch.Size, list[int]] = defaultdict(list)
    for index, matrix in matrices.items():
        by_shape[matrix.shape].append(index)
    results: dict[int, Tensor] = {}
    for indices in by_shape.values():
        results |= dict(zip(indices, method(torch.stack([matrices[index] for index in indices])), strict=True))
    return {index: results[index] for index in matrices}


def share_out(costs: Sequence[float], size: int) -> list[int]:
    """A rank for each cost, so that the ranks' sums are about equal: the dearest first, to who has the least."""
    loads, owners = [0.0] * size, [0] * len(costs)
    for index in sorted(range(len(costs)), key=lambda i: (-costs[i], i)):
        owners[index] = loads.index(min(loads))
        loads[owners[index]] += costs[index]
    return owners


def _cost(shape: Sequence[int]) -> int:
    rows, columns = shape
    return rows * columns * min(rows, columns)


def _size(piece: Piece) -> tuple[int, int]:
    rows, columns = piece
    return rows.stop - rows.start, columns.stop - columns.start
