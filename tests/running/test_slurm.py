"""The script of docs/scaling.md for Slurm, with stand-ins for `sbatch` and `scancel` that run jobs on this machine."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from siamfc_eval.running import events
from tests.documents.blocks import REPOSITORY, blocks_of
from tests.running.test_cluster import DATASET, Noted, OnCard, _files, _run
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the stand-ins are shell scripts"),
    # Asked without importing it, which has Ctrl-C end the process from then on.
    pytest.mark.skipif(importlib.util.find_spec("dask_jobqueue") is None, reason="dask-jobqueue is not installed"),
]

# Like Slurm's, it keeps the script as it was then, has the job run by itself, and prints its number.
SBATCH = """#!/bin/sh
cd "$(dirname "$0")"
number=1
until mkdir jobs/$number 2>/dev/null; do number=$((number + 1)); done
cp "$1" jobs/$number/script
setsid sh jobs/$number/script >jobs/$number/out 2>&1 </dev/null &
echo $! >jobs/$number/pid
echo "Submitted batch job $number"
"""
SCANCEL = """#!/bin/sh
cd "$(dirname "$0")"
for number in "$@"; do
  kill -KILL -- "-$(cat jobs/$number/pid)"
  touch jobs/$number/cancelled
done
"""


class _Slurm:
    """The machine's queue, and a script that has jobs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "jobs").mkdir()
        for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        paths = os.pathsep.join([str(folder), os.environ["PATH"]])
        modules = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
        self.environment = {**os.environ, "PATH": paths, "PYTHONPATH": modules}

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def script(self) -> str:
        """The document's, with this machine's address and port, and fewer jobs."""
        [code] = [block.code for block in blocks_of("docs/scaling.md") if "SLURMCluster" in block.code]
        for theirs, ours in (("10.0.0.1", "127.0.0.1"), ("8786", str(self.port)), ("scale(jobs=8)", "scale(jobs=2)")):
            assert theirs in code
            code = code.replace(theirs, ours)
        return code

    def job(self, number: int, name: str) -> Path:
        return self.folder / "jobs" / str(number) / name

    def cancel(self, number: int) -> None:
        subprocess.run([str(self.folder / "scancel"), str(number)], check=True)


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[_Slurm]:
    queue = _Slurm(tmp_path)
    yield queue
    for number in (1, 2, 3):
        if queue.job(number, "pid").exists() and not queue.job(number, "cancelled").exists():
            queue.cancel(number)


def test_jobs_of_slurm_make_the_files_of_a_serial_run_though_one_of_them_ends(slurm: _Slurm, tmp_path: Path) -> None:
    words = [sys.executable, "-c", slurm.script()]
    pipe = subprocess.PIPE
    script = subprocess.Popen(words, cwd=tmp_path, env=slurm.environment, stdin=pipe, stdout=pipe, text=True)
    try:
        wait_for(lambda: slurm.job(2, "pid").exists())
        text = slurm.job(1, "script").read_text()
        assert "#SBATCH --gres=gpu:1\n" in text
        assert "#SBATCH -t 02:00:00\n" in text
        wait_for(lambda: "Registered to" in slurm.job(1, "out").read_text())
        ended: list[int] = []

        def end_one(event: events.Event) -> None:
            if isinstance(event, events.ItemFinished) and not ended:
                ended.append(1)
                slurm.cancel(1)  # as at the end of its walltime

        summary = _run(tmp_path / "spread", OnCard(tmp_path / "log"), slurm.address, on_event=end_one)
        assert ended
        assert (summary.exit_code, summary.protocols[0].ran) == (0, len(DATASET))
        out, _ = script.communicate("\n", timeout=60)
        assert "then Enter here to end the jobs" in out
    finally:
        script.kill()
        script.wait()
    wait_for(lambda: slurm.job(2, "cancelled").exists())
    _run(tmp_path / "serial", Noted(tmp_path / "other"), None)
    assert _files(tmp_path / "spread") == _files(tmp_path / "serial")
