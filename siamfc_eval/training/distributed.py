"""Training on several devices, when started by torchrun."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Place:
    """Which of how many processes this one is, and the device that it has."""

    rank: int
    ranks: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """The process that logs, validates and saves."""
        return self.rank == 0


def join(device: str = "auto") -> Place:
    """This process's place; joins the process group where torchrun has set one up.

    Args:
        device: "auto", "cpu" or "cuda"; with several processes, each takes the CUDA device of its local rank.
    """
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    uses_cuda = torch.cuda.is_available() and device != "cpu"
    if ranks == 1:
        return Place(
            0, 1, torch.device("cuda" if uses_cuda and device == "auto" else "cpu" if device == "auto" else device)
        )
    chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if uses_cuda else torch.device("cpu")
    if uses_cuda:
        torch.cuda.set_device(chosen)
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if uses_cuda else "gloo")
    return Place(torch.distributed.get_rank(), ranks, chosen)


def leave() -> None:
    """Leave the process group, if there is one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
