"""Results of runs on disk: written whole or not at all, one writer at a time, resumable."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock, Timeout

from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.protocols.trajectory import Trajectory
from siamfc_eval.results.content import MANIFEST, content_digest
from siamfc_eval.results.formats.write_text import format_columns, format_rows
from siamfc_eval.results.manifest import SESSION, WHERE, ItemStatus, Manifest, read_manifest, utc_now
from siamfc_eval.results.names import path_part
from siamfc_eval.results.raw import Values
from siamfc_eval.results.response_maps import ResponseMaps, count_maps, maps_path, write_maps
from siamfc_eval.results.rows import Rows, rows_of
from siamfc_eval.storage.writing import UNFINISHED, write_atomic

_MANIFEST_EVERY = 2.0
"""Least seconds between two writes of the manifest while items come in; a killed run loses none of the results."""
ERRORS = "errors.log"
"""What went wrong in a run, with tracebacks, next to its results."""
_LOCK = ".lock"
_HOLDER = ".holder.json"


@dataclass(frozen=True)
class ResultItem:
    """One result file: a sequence, and which run of it."""

    sequence: str
    frames: int
    """Rows that the file will have."""
    repetition: int | None = None
    """1-based; None for the single run of a one-pass evaluation, whose file is not in a folder of its own."""
    anchor: int | None = None
    """0-based frame on which the run starts, for runs that are named by it: multi-start anchors and TRE segments."""

    @property
    def key(self) -> str:
        """Path of the result file without its ending, relative to the run's folder; every part is safe."""
        part = path_part(self.sequence)
        if self.anchor is not None:
            return f"{part}/{part}_{self.anchor:08d}"
        return part if self.repetition is None else f"{part}/{part}_{self.repetition:03d}"


def run_folder(out: Path, dataset: str, tracker: str, protocol: str | None = None) -> Path:
    """Where the results of a run are: `<out>/<dataset>/<tracker>[/<protocol>]`; no name can leave `out`."""
    folder = out / path_part(dataset) / path_part(tracker)
    return folder / path_part(protocol) if protocol is not None else folder


class ResultStore:
    """The folder of one run, held by one process at a time.

    Use it as a context manager: entering takes the lock and reads what earlier runs left, leaving writes the manifest.

        with ResultStore(out, manifest) as store:
            for item in store.missing(items):
                store.write(item, trajectory, origin=sequence.origin)
    """

    def __init__(self, out: Path, manifest: Manifest, restart: bool = False, durable: bool = True) -> None:
        """
        Args:
            out: the folder of all results.
            manifest: what is run; items that it lists are forgotten.
            restart: write every item again, instead of continuing; results are replaced one by one.
            durable: as for `write_atomic`.
        """
        self.folder = run_folder(Path(out).expanduser(), manifest.dataset, manifest.tracker, manifest.experiment)
        self.manifest = manifest
        self._session = manifest.first
        self._number: int | None = None
        """Of the session, as items refer to it; None until it has a result."""
        self._restart = restart
        self._durable = durable
        self._written = 0.0
        self._continues = False
        self._lock = FileLock(self.folder / _LOCK, timeout=0, thread_local=False)

    def __enter__(self) -> ResultStore:
        """Take the folder.

        Raises:
            InputError: another process has it, it cannot be written to, or it holds results of another configuration.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"{self.folder}: {self._holder()} is writing here. Wait for it, or give another --out."
            ) from None
        except OSError as error:
            raise InputError(f"{self.folder}: cannot write here ({error.strerror}). Give another --out.") from error
        try:
            self._clear_remains()
            holder = {"pid": os.getpid(), "since": utc_now(), "command": self.manifest.command}
            write_atomic(self.folder / _HOLDER, json.dumps(holder), durable=False)
            self._continue()
            self.save()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.save()
            (self.folder / _HOLDER).unlink(missing_ok=True)
        finally:
            self._lock.release()

    def _holder(self) -> str:
        """Who has the folder, in words. The lock itself is the system's and ends with its process."""
        try:
            holder = json.loads((self.folder / _HOLDER).read_text())
            return f"another run (process {int(holder['pid'])}, since {str(holder['since'])[:40]})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another run"

    def _clear_remains(self) -> None:
        """Remove what a killed run left half-written; other protocols of the tracker have locks of their own."""
        below = [path for path in self.folder.iterdir() if path.is_dir() and not (path / _LOCK).exists()]
        for folder in (self.folder, *below):
            for path in folder.glob(UNFINISHED):
                path.unlink(missing_ok=True)

    def _continue(self) -> None:
        """Take over the items of an earlier run of the same configuration."""
        earlier = None if self._restart else read_manifest(self.folder)
        self._continues = earlier is not None
        self.manifest = self.manifest.model_copy(update={"items": {}, "later": []})
        if earlier is None:
            self._number = 0
            self._distrust_earlier()
            return
        ours, theirs = self.manifest.identity, earlier.identity
        changed = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        if changed:
            raise InputError(
                f"{self.folder}: holds results of another configuration; different: {', '.join(changed)}. "
                "Give another --out or another name with --name, or replace them with --fresh."
            )
        kept = {name: getattr(earlier, name) for name in (*SESSION, "created", "items", "later")}
        # What earlier sessions made keeps their provenance; only the data set may have moved.
        kept["settings"] |= {name: value for name, value in self.manifest.settings.items() if name in WHERE}
        self.manifest = self.manifest.model_copy(update=kept)

    def _distrust_earlier(self) -> None:
        """Note which results of an earlier run are to be replaced, so that a restart can be interrupted and resumed."""
        with contextlib.suppress(InputError):
            earlier = read_manifest(self.folder) if self._restart else None
            self.manifest.items.update({key: _replaced() for key in (earlier.items if earlier else {})})

    def describe(self, settings: dict[str, str]) -> None:
        """Add to what is good to know of this session."""
        self._session.settings |= settings
        if self._number == 0:
            self.manifest.settings |= settings

    def _take_part(self) -> int:
        """The number of this session, which from now on has results; the manifest names it before they are there."""
        if self._number is None:
            self.manifest.later.append(self._session)
            self._number = len(self.manifest.later)
            self.save()
        return self._number

    def path(self, item: ResultItem) -> Path:
        """The result file of an item."""
        return self.folder / f"{item.key}.txt"

    def maps_path(self, item: ResultItem) -> Path:
        """The file of an item's response maps, which is there where the tracker gave some and they were asked for."""
        return maps_path(self.path(item), in_folder="/" in item.key)

    def has_maps(self, item: ResultItem) -> bool:
        """Whether the response maps of an item that is done are there, or it is known that the tracker gave none."""
        count = self.manifest.items[item.key].responses
        return count is not None and (count == 0 or self.maps_path(item).is_file())

    def missing(self, items: Iterable[ResultItem], seeds: Mapping[str, int] | None = None) -> list[ResultItem]:
        """The items that are still to be run, in order.

        An item is done if its file has the content that the manifest states; or the right number of rows, where the
        run was killed before the manifest was written.

        Args:
            items: what is to be there in the end.
            seeds: by the items' keys, for results that a killed run left without telling the manifest.

        Raises:
            InputError: a result is there that no run of this program can have left.
        """
        return [item for item in items if not self._is_done(item, (seeds or {}).get(item.key))]

    def _is_done(self, item: ResultItem, seed: int | None) -> bool:
        path, status = self.path(item), self.manifest.items.get(item.key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise InputError(f"{path}: cannot read this result file ({error.strerror}).") from error
        if status is None and self._restart:
            self.manifest.items[item.key] = _replaced()
            return False
        digest = content_digest(content)
        if status is not None:
            return status.status == "done" and status.digest == digest and status.frames == item.frames
        if not self._continues:
            raise InputError(
                f"{path}: a result without a {MANIFEST}, so not of this run. "
                "Give another --out or another name with --name, or replace it with --fresh."
            )
        if not content.endswith(b"\n") or content.count(b"\n") != item.frames:
            return False
        # Of the last session but this one, which noted itself before it wrote anything.
        session = len(self.manifest.later) - (1 if self._number else 0)
        self.manifest.items[item.key] = ItemStatus(
            status="done",
            frames=item.frames,
            digest=digest,
            seed=seed,
            responses=count_maps(self.maps_path(item), digest),
            session=session,
        )
        return True

    def write(
        self,
        item: ResultItem,
        trajectory: Trajectory,
        origin: float = 0.0,
        seed: int | None = None,
        *,
        responses: ResponseMaps | None = None,
    ) -> Path:
        """Store a finished item at full precision. The result file comes last: once it is there, all of it is.

        Args:
            item: what was run.
            trajectory: its outcome, 0-based. What was read from a file goes by `write_rows`, which touches no number.
            origin: what to add to coordinates: the data set's own origin.
            seed: of this item, for the manifest.
            responses: the tracker's response maps; None: none were asked for, and those of the same result stay.

        Raises:
            InputError: the trajectory has not the item's number of frames, or the file cannot be written.
        """
        rows = rows_of(trajectory.entries, origin)
        return self.write_rows(item, rows, trajectory.times, trajectory.confidences, seed, responses=responses)

    def add_maps(self, item: ResultItem, trajectory: Trajectory, origin: float, responses: ResponseMaps) -> bool:
        """Put response maps beside a result that is there, which is not touched.

        Args:
            item: what was run again.
            trajectory, origin: as for `write`.
            responses: the maps of this trajectory.

        Returns:
            False, and nothing is written, where the run came to another result than the one that is there.
        """
        status = self.manifest.items[item.key]
        if content_digest(format_rows(rows_of(trajectory.entries, origin)).encode()) != status.digest:
            return False
        status.responses = write_maps(self.maps_path(item), responses, status.digest, self._durable)
        self._save_now_and_then()
        return True

    def write_rows(
        self,
        item: ResultItem,
        rows: Rows,
        times: Values | None = None,
        confidences: Values | None = None,
        seed: int | None = None,
        *,
        responses: ResponseMaps | None = None,
    ) -> Path:
        """As `write`, for rows that are in the file's coordinates already.

        Raises:
            InputError: the rows are not the item's number of frames, or the file cannot be written.
        """
        if len(rows) != item.frames:
            raise InputError(
                f"{item.key}: expected {counted(item.frames, 'frame')}, found {len(rows)}; nothing was written."
            )
        path, session = self.path(item), self._take_part()
        for kind, values in (("time", times), ("confidence", confidences)):
            companion = self._companion(item, kind)
            if values is not None and not np.isnan(values).all():
                write_atomic(companion, format_columns(values), self._durable)
            else:
                companion.unlink(missing_ok=True)
        content = format_rows(rows).encode()
        digest = content_digest(content)
        count = write_maps(self.maps_path(item), responses, digest, self._durable)
        write_atomic(path, content, self._durable)
        seconds = None if times is None or np.isnan(times).all() else float(np.nansum(times))
        self.manifest.items[item.key] = ItemStatus(
            status="done",
            frames=len(rows),
            digest=digest,
            seconds=seconds,
            seed=seed,
            responses=count,
            session=session,
        )
        self._save_now_and_then()
        return path

    def _companion(self, item: ResultItem, kind: str) -> Path:
        """The file of times or confidences of an item, where got10k has it."""
        return self._companion_path(self.path(item), kind, item.repetition is not None or item.anchor is not None)

    @staticmethod
    def _companion_path(path: Path, kind: str, in_folder: bool) -> Path:
        return path.parent / ("" if in_folder else f"{kind}s") / f"{path.stem}_{kind}.txt"

    def fail(self, item: ResultItem, error: str, seed: int | None = None) -> None:
        """Note that an item could not be run; it stays missing, and what a restart was to replace does not stand in."""
        if self._to_be_replaced(item.key):
            self._remove(item.key)
        session = self._take_part()
        self.manifest.items[item.key] = ItemStatus(status="failed", error=error, seed=seed, session=session)
        self.save()

    def drop_replaced(self, planned: Iterable[ResultItem]) -> tuple[str, ...]:
        """Remove results of an earlier run that a restart has replaced by fewer ones, e.g. by fewer repetitions.

        Args:
            planned: all that is to be there, of the sequences that were run; other sequences are left alone.

        Returns:
            The keys of what was removed.
        """
        keys = {item.key for item in planned}
        parts = {key.partition("/")[0] for key in keys}
        gone = [key for key in self.manifest.items if key not in keys and key.partition("/")[0] in parts]
        # The manifest may be anybody's; no name in it leads out of the folder.
        gone = [key for key in gone if self._to_be_replaced(key) and all(path_part(p) == p for p in key.split("/"))]
        for key in gone:
            self._remove(key)
            del self.manifest.items[key]
        return tuple(gone)

    def _to_be_replaced(self, key: str) -> bool:
        return self.manifest.items.get(key) == _replaced()

    def _remove(self, key: str) -> None:
        """The files of a result, by its key."""
        path = self.folder / f"{key}.txt"
        for kind in ("time", "confidence"):
            self._companion_path(path, kind, in_folder="/" in key).unlink(missing_ok=True)
        maps_path(path, in_folder="/" in key).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def log_error(self, item: ResultItem, error: str, details: str = "") -> Path | None:
        """Add an error with its details to the log next to the results; None where it cannot be written."""
        path = self.folder / ERRORS
        text = f"{utc_now()} {item.key}: {error}\n" + (f"{details.rstrip()}\n" if details else "")
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError:  # a full disk stops the results, and says so there
            return None
        return path

    def save(self) -> None:
        """Write the manifest."""
        self.manifest.updated = utc_now()
        write_atomic(self.folder / MANIFEST, self.manifest.model_dump_json(indent=1) + "\n", self._durable)
        self._written = time.monotonic()

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._written > _MANIFEST_EVERY:
            self.save()


def _replaced() -> ItemStatus:
    """How an item stands of which there is a result that a restart has not replaced yet."""
    return ItemStatus(status="failed", error="its result file is of an earlier run, which a restart replaces")
