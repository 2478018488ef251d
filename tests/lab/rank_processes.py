"""Runs a function in several ranks: real processes, forked from one that has imported torch already."""

import multiprocessing
import os
import pickle
import socket
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch

PRELOADED = ["pleiade.lab.parallel.spread", "pleiade.lab.pretrain", "corpora"]


def run_in_ranks(size: int, function: Callable[..., Any], *arguments: Any, seconds: float = 150) -> list[Any]:
    """What each of `size` ranks returned. Raises RuntimeError with its traceback where one fails."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pipes = [context.Pipe(duplex=False) for _ in range(size)]
    ranks = [
        context.Process(target=_rank, args=(rank, size, port, pipes[rank][1], function, arguments), daemon=True)
        for rank in range(size)
    ]
    for rank in ranks:
        rank.start()
    try:
        results = []
        for number, (receiver, sender) in enumerate(pipes):
            sender.close()
            if not receiver.poll(seconds):
                raise RuntimeError(f"rank {number} of {size} gave no answer within {seconds} s")
            failed, result = pickle.loads(receiver.recv_bytes())
            if failed:
                raise RuntimeError(f"rank {number} of {size}:\n{result}")
            results.append(result)
        return results
    finally:
        for rank in ranks:
            rank.join(5)
            rank.kill()


def _rank(
    rank: int, size: int, port: int, sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    place = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in place.items()})
    torch.set_num_threads(1)
    from pleiade.lab.ranks import leave_ranks

    try:
        sender.send_bytes(pickle.dumps((False, function(*arguments))))  # not send: that shares tensors' memory
    except BaseException:
        sender.send_bytes(pickle.dumps((True, traceback.format_exc())))
    leave_ranks()
