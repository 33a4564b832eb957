"""What a run of an experiment came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siamfc_eval.datasets.sequence import Dataset


@dataclass(frozen=True)
class Failure:
    """A run that could not be finished."""

    tracker: str
    protocol: str
    key: str
    """The result file, relative to the protocol's folder, without its ending; a sequence for data set problems."""
    error: str
    fault: str
    """"tracker", "data", or "input": what the user gave, a tracker's name or weights or a results folder, is wrong."""
    details: str = ""
    """The traceback of the tracker's own code, or the like; "" where the error says it all."""


@dataclass
class ProtocolSummary:
    """One tracker under one protocol."""

    tracker: str
    protocol: str
    folder: Path
    ran: int = 0
    """Runs finished now."""
    done_before: int = 0
    """Runs that were there from before."""
    frames: int = 0
    """Frames in the runs finished now."""
    seconds: float = 0.0
    """Time that passed."""
    tracker_seconds: float | None = None
    """Time of the tracker's calls alone; None where it was not measured."""
    timed_frames: int = 0
    """Frames that `tracker_seconds` is for."""
    decode_seconds: float = 0.0
    """Time spent on decoding, over all threads."""
    invalid: int = 0
    """Answers with numbers that are not finite, recorded as NaN."""
    restarts: int = 0
    """Processes of a tracker that were started because the one before had failed."""
    not_repeated: int = 0
    """Sequences whose first three runs were identical and which were therefore not run further."""

    @property
    def fps(self) -> float | None:
        """Frames by time of the tracker alone; None where it was not measured."""
        return self.timed_frames / self.tracker_seconds if self.tracker_seconds else None


@dataclass
class RunSummary:
    """A whole experiment."""

    experiment: str
    dataset: str
    out: Path
    """Folder of the data set's results: `<out>/<dataset>`."""
    selected: Dataset
    """The sequences that were to be run, for scoring."""
    protocols: list[ProtocolSummary] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    """Runs left out because of bad data, as the user asked."""
    incomplete: list[str] = field(default_factory=list)
    """What the data set lacks of the benchmark whose name it has."""
    notes: list[str] = field(default_factory=list)

    @property
    def has_results(self) -> bool:
        """Whether any run is there, made now or before."""
        return any(part.ran or part.done_before for part in self.protocols)

    @property
    def exit_code(self) -> int:
        """0: everything ran; 3: a tracker failed; 1: one was given wrongly; 2: data are missing or bad, or none ran."""
        faults = {failure.fault for failure in self.failures}
        if "tracker" in faults:
            return 3
        if "input" in faults:
            return 1
        return 2 if self.failures or self.incomplete or not self.has_results else 0

    def to_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {
            "experiment": self.experiment,
            "dataset": self.dataset,
            "results": str(self.out),
            "exit_code": self.exit_code,
            "runs": [
                {
                    "tracker": part.tracker,
                    "protocol": part.protocol,
                    "folder": str(part.folder),
                    "ran": part.ran,
                    "kept": part.done_before,
                    "frames": part.frames,
                    "seconds": part.seconds,
                    "tracker_seconds": part.tracker_seconds,
                    "fps": part.fps,
                    "decode_seconds": part.decode_seconds,
                    "invalid_answers": part.invalid,
                    "restarts": part.restarts,
                    "sequences_not_repeated": part.not_repeated,
                }
                for part in self.protocols
            ],
            "failures": [vars(failure) for failure in self.failures],
            "skipped": [vars(failure) for failure in self.skipped],
            "incomplete": self.incomplete,
            "notes": self.notes,
        }
