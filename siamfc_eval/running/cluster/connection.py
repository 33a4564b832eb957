"""The way to a scheduler: one that is there already, or one with workers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.running.processes import interrupts_held
from siamfc_eval.version import __version__

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
PATIENCE = 10.0
"""Seconds in which a scheduler is to answer."""
VERSION = "siamfc_eval.version:__version__"
"""Where any version says which it is."""
_PARTING = 2.0
"""Seconds to take leave of one, which may be gone."""


def scheduler_address(cluster: str) -> str:
    """The address of a scheduler, from what a user says.

    Args:
        cluster: an address, or the file that `dask scheduler --scheduler-file` has written.

    Raises:
        InputError: it is neither.
    """
    if "://" in cluster:
        return cluster
    try:
        content = json.loads(Path(cluster).expanduser().read_text(encoding="utf-8"))
        return str(content["address"])
    except OSError as error:
        raise InputError(
            f"--cluster {cluster}: no such file ({error.strerror}), and no address. Expected {LOCAL}, "
            "tcp://HOST:PORT, tls://HOST:PORT, or the file that 'dask scheduler --scheduler-file FILE' writes."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{cluster}: not a scheduler file: expected JSON with an 'address', as "
            "'dask scheduler --scheduler-file FILE' writes it."
        ) from None


@contextlib.contextmanager
def connected(cluster: str) -> Iterator[Client]:
    """A connection to a scheduler that is there.

    Raises:
        InputError: nothing answers there, or something that is no scheduler of dask with this version of siamfc_eval.
        MissingDependencyError: dask.distributed is not installed.
    """
    distributed = _distributed()
    address = scheduler_address(cluster)
    try:
        _knock(address)
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False, name="siamfc-eval")
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        from_file = "" if address == cluster else f" (from {cluster})"
        raise InputError(
            f"--cluster {address}{from_file}: no dask scheduler answers there within {PATIENCE:.0f} s: "
            f"{_reason(error)}. Start one with 'dask scheduler' and workers with 'dask worker {address}', or correct "
            "the address; docs/scaling.md has an example."
        ) from None
    try:
        _require_version(client, address)
        yield client
    finally:
        client.close(timeout=_PARTING)


def _require_version(client: Client, address: str) -> None:
    """The scheduler reads what it hands on to workers, so it needs this package as they do.

    Raises:
        InputError: it has not, or has another version.
    """
    try:
        found = client.run_on_scheduler(pkgutil.resolve_name, VERSION)
    except ImportError as error:
        found = f"none ({error})"
    if found != __version__:
        raise InputError(
            f"--cluster {address}: its scheduler has another siamfc_eval: {found}, and this is {__version__}. Install "
            "the same version where the scheduler and the workers run, and start them again."
        )


def _knock(address: str) -> None:
    """Ask who is there: dask's client would wait for ever where something listens and says nothing.

    Raises:
        OSError: there was no answer in time; TimeoutError is one.
        ValueError: the address is none, or not that of a scheduler.
    """
    import distributed
    from distributed.core import rpc

    async def ask() -> str:
        how = distributed.Security().get_connection_args("client")
        async with rpc(address, timeout=PATIENCE, connection_args=how) as remote:
            return str((await asyncio.wait_for(remote.identity(), PATIENCE))["type"])

    # In a thread of its own, since a notebook has a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        kind = thread.submit(asyncio.run, ask()).result()
    if kind != "Scheduler":
        raise ValueError(f"this is a {kind.lower()} of dask, and not its scheduler")


def workers_of(client: Client) -> dict[str, dict[str, Any]]:
    """What a scheduler says of its workers, by address.

    `client.scheduler_info()` does not always say it: now and then the client replaces it by one without workers.

    Raises:
        OSError: there was no answer; TimeoutError is one.
    """
    scheduler: Any = client.scheduler
    if scheduler is None:
        raise OSError("the client is not connected")
    return dict(client.sync(scheduler.identity, n_workers=-1)["workers"])


def check_cluster(cluster: str) -> None:
    """See whether work can be sent to a cluster, before anything is loaded for it.

    Raises:
        InputError: as for `connected`.
    """
    if cluster == LOCAL:
        _distributed()
        return
    with connected(cluster):
        pass


@contextlib.contextmanager
def local_cluster(workers: list[dict[str, Any]]) -> Iterator[Client]:
    """A scheduler and workers on this machine, which only this machine can reach.

    Args:
        workers: for each the options of `distributed.Nanny` that it has of its own.
    """
    distributed = _distributed()
    here = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    common = here | {"nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL}
    scheduler = {"cls": distributed.Scheduler, "options": here | {"port": 0}}
    spec = {number: {"cls": distributed.Nanny, "options": common | own} for number, own in enumerate(workers)}
    resource_tracker.ensure_running()  # started by dask's thread it would let interrupts through there
    with interrupts_held():  # dask's own thread starts the processes, and has what this one has
        cluster = distributed.SpecCluster(workers=spec, scheduler=scheduler, silence_logs=logging.CRITICAL)
    try:
        client = distributed.Client(cluster, timeout=PATIENCE, set_as_default=False, name="siamfc-eval")
        try:
            yield client
        finally:
            client.close(timeout=_PARTING)
    finally:
        cluster.close(timeout=PATIENCE)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingDependencyError("distributed", "cluster", "Running on a cluster") from error
    return distributed


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    while error.__cause__ is not None and not isinstance(error.__cause__, asyncio.CancelledError):
        error = error.__cause__
    return f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(". ")
