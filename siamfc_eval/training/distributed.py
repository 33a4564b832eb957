"""Training on several devices, when started by torchrun."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from siamfc_eval.tracking.families.siamese.inference import resolve_device


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

    def any(self, flag: bool) -> bool:
        """True in every process where `flag` is true in one of them; all of them must ask at the same point."""
        if self.ranks == 1:
            return flag
        asked = torch.tensor(int(flag), device=self.device)
        torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
        return bool(asked)


@contextmanager
def joined(device: str = "auto") -> Iterator[Place]:
    """This process's place, in the process group where torchrun has set one up; the group is left at the end.

    Args:
        device: "auto", "cpu" or "cuda"; with several processes, each takes the CUDA device of its local rank.

    Raises:
        InputError: no such device here.
    """
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    resolved = resolve_device(device)
    if ranks == 1:
        yield Place(0, 1, resolved)
        return
    uses_cuda = resolved.type == "cuda"
    chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if uses_cuda else torch.device("cpu")
    if uses_cuda:
        torch.cuda.set_device(chosen)
    # DDP imports it otherwise, once the group exists: the default arguments of its functions would then keep the group.
    importlib.import_module("torch.distributed.nn")
    torch.distributed.init_process_group("nccl" if uses_cuda else "gloo")
    try:
        yield Place(torch.distributed.get_rank(), ranks, chosen)
    finally:
        _leave()


def _leave() -> None:
    """End the process group and its threads; one that lives on until the interpreter ends may abort the process."""
    gc.collect()
    torch.distributed.destroy_process_group()
