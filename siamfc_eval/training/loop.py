"""The training loop: batches in, checkpoints and a log out; continues where it was stopped."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch

from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.tracking.siamfc import SiamFCTracker
from siamfc_eval.training.building import build_clips, build_sampler, start_from_narrow
from siamfc_eval.training.checkpoints import load_state, save_state, training_identity
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.ema import WeightAverage
from siamfc_eval.training.feeding import Batch, batches
from siamfc_eval.training.objective import ResponseObjective
from siamfc_eval.training.schedules import build_schedule
from siamfc_eval.training.validation import track_clips


class Training:
    """One training, from its first step to its last."""

    def __init__(self, configuration: TrainingConfiguration, data: Path, out: Path) -> None:
        self.configuration = configuration
        self.out = out
        self.data = data
        out.mkdir(parents=True, exist_ok=True)
        loop = configuration.loop
        if loop.threads:
            torch.set_num_threads(loop.threads)
        torch.manual_seed(loop.seed)
        model = build_model(configuration.model.name, **configuration.model.options)
        assert isinstance(model, FullyConvolutional)
        if configuration.model.widen_from:
            start_from_narrow(model, configuration.model, loop.seed)
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        setting = configuration.optimiser
        self.objective = ResponseObjective(configuration.loss)
        groups = [
            {"params": list(self.model.parameters())},
            {"params": list(self.objective.parameters()), "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.SGD(
            groups, lr=setting.rate, momentum=setting.momentum, weight_decay=setting.weight_decay
        )
        self.schedule = build_schedule(
            self.optimiser,
            setting.schedule,
            loop.steps,
            final=setting.final,
            warmup=setting.warmup,
            every=setting.every,
            factor=setting.factor,
            milestones=setting.milestones,
        )
        self.average = WeightAverage(self.model, loop.average) if loop.average else None
        self.sampler = build_sampler(configuration, data, self.model.stride)
        self.step = 0
        self.best = float("nan")
        self.seconds = 0.0

    def resume(self) -> bool:
        """Continue from `last.pt` where there is one; True if there was."""
        path = self.out / "last.pt"
        if not path.exists():
            return False
        state = load_state(path, self.configuration)
        self.model.load_state_dict(state["model"])
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.model.load_state_dict(state["average"])
            self.average.updates = state["average_updates"]
        self.step, self.best, self.seconds = state["step"], state["best"], state["seconds"]
        return True

    def state(self) -> dict[str, Any]:
        """All that is needed to continue."""
        return {
            "identity": training_identity(self.configuration),
            "model": self.model.state_dict(),
            "objective": self.objective.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.model.state_dict() if self.average else None,
            "average_updates": self.average.updates if self.average else 0,
            "step": self.step,
            "best": self.best,
            "seconds": self.seconds,
        }

    def run(self) -> None:
        """All steps that are left."""
        loop = self.configuration.loop
        clips = build_clips(self.configuration, self.data) if self.configuration.validation.every else []
        feed = batches(self.sampler, self.step, loop.steps, loop.batch, loop.workers)
        started, shown, waited = time.perf_counter() - self.seconds, time.perf_counter(), 0.0
        sums: dict[str, float] = {}
        asked = time.perf_counter()
        for batch in feed:
            waited += time.perf_counter() - asked
            for name, value in self._update(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            self.step += 1
            self.seconds = time.perf_counter() - started
            if self.step % loop.log_every == 0:
                now = time.perf_counter()
                self._log(
                    {
                        **{name: value / loop.log_every for name, value in sums.items()},
                        "rate": self.optimiser.param_groups[0]["lr"],
                        "pairs_per_second": loop.batch * loop.log_every / (now - shown),
                        "waited": waited / (now - shown),
                    }
                )
                sums, shown, waited = {}, now, 0.0
            if clips and self._is_validated():
                self._validate(clips)
                shown, waited = time.perf_counter(), 0.0
            if self.step % loop.save_every == 0 or self.step == loop.steps:
                save_state(self.state(), self.out / "last.pt")
            asked = time.perf_counter()

    def _is_validated(self) -> bool:
        setting = self.configuration.validation
        is_due = self.step % setting.every == 0 and self.step >= setting.start
        return is_due or self.step == self.configuration.loop.steps

    def _update(self, batch: Batch) -> dict[str, float]:
        self.model.train()
        self.optimiser.zero_grad(set_to_none=True)
        loss, parts = self.objective(self.model, batch)
        if not torch.isfinite(loss):
            torch.save({"step": self.step, "batch": batch._asdict()}, self.out / "nan-batch.pt")
            raise InputError(
                f"the loss is {float(loss)} at step {self.step}; the batch is in {self.out / 'nan-batch.pt'}."
            )
        loss.backward()
        clip = self.configuration.optimiser.clip
        if clip:
            parts["gradient"] = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip))
        self.optimiser.step()
        self.schedule.step()
        if self.average is not None:
            self.average.update(self.model)
        return {"loss": float(loss.detach()), **parts}

    def _validate(self, clips: list[Any]) -> None:
        model = self.average.model if self.average else self.model
        was_training = model.training
        model.eval()
        started = time.perf_counter()
        found = track_clips(SiamFCTracker("validated", model), clips)
        model.train(was_training)
        tracks = [v for k, v in found.items() if not k.startswith("stills-")]
        animated = [v for k, v in found.items() if k.startswith("stills-")]
        score = sum(found.values()) / len(found)
        record = {
            "validation": score,
            "tracks": sum(tracks) / max(len(tracks), 1),
            "stills": sum(animated) / max(len(animated), 1),
            "seconds_validating": time.perf_counter() - started,
        }
        if not self.best >= score:
            self.best = score
            save_state({"model": model.state_dict(), "step": self.step, "validation": score}, self.out / "best.pt")
        self._log({**record, "best": self.best})

    def _log(self, values: dict[str, float]) -> None:
        record = {"step": self.step, "seconds": round(self.seconds, 2)}
        record.update({name: float(f"{value:.6g}") for name, value in values.items()})
        with (self.out / "log.jsonl").open("a") as stream:
            stream.write(json.dumps(record) + "\n")
