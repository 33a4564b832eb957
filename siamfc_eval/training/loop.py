"""The training loop: batches in, checkpoints and a log out; continues where it was stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import IncompleteError, InputError
from siamfc_eval.models.allocation import keep_freed_memory
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.storage.writing import make_folder
from siamfc_eval.training.banking import can_have_bank, open_bank, settle_head
from siamfc_eval.training.building import build_clips, build_optimiser, build_sampler, freeze_backbone
from siamfc_eval.training.checkpoints import load_state, save_state, training_identity
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.data.bank import AnyBatch, FeatureBank
from siamfc_eval.training.data.feeding import Batch, batches
from siamfc_eval.training.distributed import Place
from siamfc_eval.training.ema import WeightAverage
from siamfc_eval.training.initial.starting import build_network
from siamfc_eval.training.interruption import Interruption
from siamfc_eval.training.journal import Journal, Observer
from siamfc_eval.training.losses.objective import Parts, build_objective
from siamfc_eval.training.validation import validate

SINGLE = Place(0, 1, torch.device("cpu"))
SAVE_SECONDS = 60.0
"""Between two writings of last.pt, where the configuration does not say after how many steps."""
_BANK_SECONDS = 10.0
"""Between two records of how much of a bank is made."""
_NOTICE = "ending after this step, once last.pt is written; a second signal ends at once"


class _Step(nn.Module):
    """Network and objective in one module, so that DDP sees one forward pass."""

    def __init__(self, model: SiameseNetwork, objective: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.objective = objective

    def forward(self, batch: AnyBatch) -> tuple[Tensor, Parts]:
        result: tuple[Tensor, Parts] = self.objective(self.model, batch)
        return result


class Training:
    """One training, from its first step to its last.

    Args:
        configuration: what is trained, on what, how.
        data: folder that relative paths of sources start from.
        out: folder of checkpoints and logs; made where it is missing.
        place: which process of a distributed training this is.
        observer: called with every record of the log.

    Raises:
        InputError: sources or starting weights that cannot be used.
    """

    def __init__(
        self,
        configuration: TrainingConfiguration,
        data: Path,
        out: Path,
        place: Place = SINGLE,
        observer: Observer | None = None,
    ) -> None:
        self.configuration, self.data, self.out, self.place = configuration, data, out, place
        loop = configuration.loop
        if loop.threads:
            torch.set_num_threads(loop.threads)
        if place.device.type == "cpu":
            keep_freed_memory()
        self.model = build_network(configuration.model, loop.seed)
        self.model.to(place.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = build_objective(self.model, configuration.loss).to(place.device)
        if configuration.bank.pairs:
            can_have_bank(configuration, self.model, place.ranks)
        self.sampler = build_sampler(configuration, data, self.model.stride)
        self.optimiser, self.schedule = build_optimiser(configuration, self.model, self.objective)
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=loop.precision == "float16")
        self.average = WeightAverage(self.model, loop.average) if loop.average else None
        self.step = 0
        self.best = float("nan")
        self.seconds = 0.0
        self.saved: int | None = None
        """Step that `last.pt` is of; None: there is none."""
        self._is_validation_due = False
        self._interruption = Interruption()
        self._saved_at = time.monotonic()
        self.broken: dict[str, str] = {}
        make_folder(out)
        self.journal = Journal(out, observer) if place.is_first else None
        self._parallel: nn.Module | None = None

    @property
    def validated(self) -> SiameseNetwork:
        """The network that is validated and handed over: the average where there is one."""
        if self.average is None:
            return self.model
        averaged: Any = self.average.model
        return averaged  # type: ignore[no-any-return]

    def resume(self) -> bool:
        """Continue from `last.pt` where there is one; True if there was.

        Raises:
            InputError: it belongs to another model or configuration, or cannot be read.
        """
        path = self.out / "last.pt"
        if not path.exists():
            return False
        state = load_state(path, self.configuration)
        self.model.load_state_dict(state["model"])
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.model.load_state_dict(state["average"])
            self.average.updates = state["average_updates"]
        self.step, self.best, self.seconds = state["step"], state["best"], state["seconds"]
        self._is_validation_due = state.get("validation_due", False)
        self.saved = self.step
        return True

    def state(self) -> dict[str, Any]:
        """All that is needed to continue."""
        return {
            "identity": training_identity(self.configuration),
            "model": self.model.state_dict(),
            "objective": self.objective.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average.model.state_dict() if self.average else None,
            "average_updates": self.average.updates if self.average else 0,
            "step": self.step,
            "best": self.best,
            "seconds": self.seconds,
            "validation_due": self._is_validation_due,
        }

    def run(self, stop_after: int | None = None) -> None:
        """All steps that are left.

        A signal that asks to end (SIGINT, SIGTERM, SIGHUP) does so after the step at work, once `last.pt` is written; a
        validation at work is broken off, and done when the training goes on. A second signal ends at once.

        Args:
            stop_after: leave after this step as if killed there, nothing saved (for tests of resuming).

        Raises:
            IncompleteError: the loss is no number; the batch is kept in `nan-batch.pt`.
            InputError: too many broken images, or a checkpoint that cannot be written.
            KeyboardInterrupt: after SIGINT, or another signal with a handler that raises it.
        """
        with Interruption(_NOTICE if self.place.is_first else "") as self._interruption:
            self._advance(stop_after)

    def _advance(self, stop_after: int | None) -> None:
        """The steps, until the last one, `stop_after` or a request to end."""
        loop = self.configuration.loop
        begun = time.perf_counter() - self.seconds
        clips = self._clips()
        feed = self._feed()
        meter = _Meter(loop.batch * loop.accumulate * self.place.ranks)
        self._saved_at = time.monotonic()
        if self._is_validation_due and clips:
            self._validate(clips)
            self._save_last()
        is_ending = self.place.any(self._interruption.is_requested)
        while self.step < loop.steps and self.step != stop_after and not is_ending:
            asked = time.perf_counter()
            group = list(islice(feed, loop.accumulate))
            meter.waited += time.perf_counter() - asked
            meter.add(self._update(group), group)
            self.step += 1
            self.seconds = time.perf_counter() - begun
            self._note_broken(group)
            if self.step % loop.log_every == 0 or self.step == loop.steps:
                self._log({**meter.read(), "rate": self.optimiser.param_groups[-1]["lr"]})
            if self._is_validated(clips):
                self._validate(clips)
                meter.restart()
            is_ending = self.place.any(self._interruption.is_requested)
            self._save(is_ending)
        self._parallel = None  # it holds the process group
        if self.journal is not None:
            self.journal.close()

    def _feed(self) -> Iterator[AnyBatch]:
        """The batches of all steps that are left; none where the making of a bank was broken off."""
        loop = self.configuration.loop
        first, last = self.step * loop.accumulate, loop.steps * loop.accumulate
        if self.configuration.bank.pairs:
            bank = self._bank()
            return iter(()) if bank is None else bank.batches(first, last, loop.batch)
        return batches(
            self.sampler,
            first,
            last,
            batch=loop.batch,
            workers=loop.workers,
            rank=self.place.rank,
            ranks=self.place.ranks,
        )

    def _bank(self) -> FeatureBank | None:
        """The bank of a training that has one; None where its making was broken off."""
        interruption, said = self._interruption, time.monotonic()

        def report(pairs: int, batch: Batch) -> None:
            nonlocal said
            self._note_broken([batch])
            if time.monotonic() - said >= _BANK_SECONDS or pairs == self.configuration.bank.pairs:
                said = time.monotonic()
                self._log({"bank_pairs": float(pairs)})

        model = can_have_bank(self.configuration, self.model, self.place.ranks)
        bank = open_bank(
            self.configuration,
            model,
            self.sampler,
            self.out,
            report=report,
            is_stopped=lambda: interruption.is_requested,
        )
        if bank is not None and self.step == 0 and not self.configuration.model.weights:
            settle_head(model, bank.batch(0, self.configuration.loop.batch).to(self.place.device))
            if self.average is not None:
                self.average = WeightAverage(self.model, self.configuration.loop.average)
        return bank

    def _clips(self) -> list[Sequence]:
        wanted = self.configuration.validation.every > 0 and self.place.is_first
        return build_clips(self.configuration, self.data) if wanted else []

    def _forward(self) -> nn.Module:
        """What computes the loss; wrapped anew when the backbone is frozen or unfrozen, as DDP needs it."""
        is_frozen = self.step < self.configuration.optimiser.backbone_from
        self.model.train()
        was_frozen = not next(self.model.backbone.parameters()).requires_grad
        if is_frozen or was_frozen:
            freeze_backbone(self.model, is_frozen)
        if self._parallel is None or is_frozen != was_frozen:
            module: nn.Module = _Step(self.model, self.objective)
            if self.place.ranks > 1:
                module = nn.parallel.DistributedDataParallel(module, find_unused_parameters=True)
            self._parallel = module
        return self._parallel

    def _precision(self) -> AbstractContextManager[Any]:
        precision = self.configuration.loop.precision
        if precision == "float32":
            return nullcontext()
        return torch.autocast(self.place.device.type, dtype=getattr(torch, precision))

    def _update(self, group: list[AnyBatch]) -> Parts:
        """One optimiser step over a group of accumulated batches; returns the mean terms of the loss."""
        forward = self._forward()
        self.optimiser.zero_grad(set_to_none=True)
        sums: Counter[str] = Counter()
        for number, batch in enumerate(group):
            is_last = number == len(group) - 1
            delays = isinstance(forward, nn.parallel.DistributedDataParallel) and not is_last
            with forward.no_sync() if delays else nullcontext():  # type: ignore[operator]
                with self._precision():
                    loss, parts = forward(batch.to(self.place.device))
                if not torch.isfinite(loss):
                    self._give_up(loss, batch)
                self.scaler.scale(loss / len(group)).backward()
            sums.update({"loss": float(loss.detach()), **parts})
        means = {name: value / len(group) for name, value in sums.items()}
        clip = self.configuration.optimiser.clip
        if clip:
            self.scaler.unscale_(self.optimiser)
            means["gradient"] = float(nn.utils.clip_grad_norm_(self.model.parameters(), clip))
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        if self.average is not None:
            self.average.update(self.model)
        return means

    def _give_up(self, loss: Tensor, batch: AnyBatch) -> None:
        path = self.out / "nan-batch.pt"
        save_state({"step": self.step, "batch": batch._asdict(), "model": self.model.state_dict()}, path)
        raise IncompleteError(
            f"the loss is {float(loss.detach())} at step {self.step}. The batch and the weights are in {path}; "
            "last.pt is from before. Lower optimiser.rate or set optimiser.clip."
        )

    def _note_broken(self, group: list[AnyBatch]) -> None:
        for path, reason in [pair for batch in group for pair in batch.broken]:
            if path in self.broken:
                continue
            self.broken[path] = reason
            if self.journal is not None:
                self.journal.note(self.step, f"skipped: {reason}")
        limit = self.configuration.loop.broken_limit
        if len(self.broken) > limit:
            shown = "; ".join(list(self.broken.values())[:5])
            raise InputError(
                f"{len(self.broken)} training images cannot be read, more than loop.broken_limit {limit}: {shown}. "
                "All are named in log.jsonl. Repair the data, or raise the limit."
            )

    def _is_validated(self, clips: list[Sequence]) -> bool:
        setting = self.configuration.validation
        if not clips:
            return False
        return self.step == self.configuration.loop.steps or (
            self.step % setting.every == 0 and self.step >= setting.start
        )

    def _validate(self, clips: list[Sequence]) -> None:
        """Score the network and keep it if it is the best so far; if that is broken off, it stays due."""
        self._is_validation_due = True
        device, interruption = str(self.place.device), self._interruption
        record = validate(self.validated, clips, self.configuration, device, lambda: interruption.is_requested)
        if record is None:
            return
        score = record["validation"]
        if not self.best >= score:
            self.best = score
            weights = self.validated.state_dict()
            save_state({"model": weights, "step": self.step, "validation": score}, self.out / "best.pt")
        self._is_validation_due = False
        self._log({**record, "best": self.best})

    def _save(self, is_ending: bool) -> None:
        """Write the checkpoints that this step is to leave."""
        loop = self.configuration.loop
        if not self.place.is_first:
            return
        if loop.keep_every and self.step % loop.keep_every == 0:
            save_state(self.state(), self.out / f"step-{self.step:07d}.pt")
        if loop.save_every:
            is_time = self.step % loop.save_every == 0
        else:
            is_time = time.monotonic() - self._saved_at >= SAVE_SECONDS
        if is_time or is_ending or self.step == loop.steps:
            self._save_last()

    def _save_last(self) -> None:
        save_state(self.state(), self.out / "last.pt")
        self.saved, self._saved_at = self.step, time.monotonic()

    def _log(self, values: Parts) -> None:
        if self.journal is not None:
            self.journal.write(self.step, self.seconds, values)


class _Meter:
    """Means of the terms of the loss, speed and waiting since it was last read."""

    def __init__(self, pairs: int) -> None:
        self.waited = 0.0
        self._pairs = pairs
        self._sums: Counter[str] = Counter()
        self.restart()

    def restart(self) -> None:
        """Forget time that was spent on something else; the sums stay."""
        self._since, self._timed, self.waited = time.perf_counter(), 0, 0.0
        self._decoding, self._making = 0.0, 0.0

    def add(self, means: Parts, group: list[AnyBatch]) -> None:
        """Take one step in."""
        self._sums.update({**means, "steps": 1.0})
        self._timed += 1
        self._decoding += sum(batch.seconds[0] for batch in group)
        self._making += sum(batch.seconds[1] for batch in group)

    def read(self) -> Parts:
        """What was gathered; begins anew."""
        steps = self._sums.pop("steps")
        elapsed, pairs = time.perf_counter() - self._since, max(self._timed * self._pairs, 1)
        values = {name: value / steps for name, value in self._sums.items()}
        values["pairs_per_second"] = self._timed * self._pairs / elapsed
        values["waiting_share"] = self.waited / elapsed
        values["decoding_ms_per_pair"] = 1e3 * self._decoding / pairs
        values["making_ms_per_pair"] = 1e3 * self._making / pairs
        self._sums.clear()
        self.restart()
        return values
