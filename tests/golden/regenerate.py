"""Compute `golden.json` again from the peers' own code: what each toolkit gives on the boxes of `material.py`.

    python tests/golden/regenerate.py --got10k python --vot-toolkit .peers/bin/python --pysot CHECKOUT ...

Only the peers that are named are run; what the file has of the others stays, unless the boxes have changed. No code of
theirs is in this repository. What each option wants:

--got10k PYTHON        a Python that can import got10k 0.1.3 (this project's own can: extra `got10k`)
--vot-toolkit PYTHON   a Python that can import vot-toolkit 0.7 (`make peers` makes .peers/bin/python)
--pysot CHECKOUT       github.com/STVIR/pysot, with `python setup.py build_ext --inplace` done in it
--pysot-toolkit CHECKOUT   github.com/StrangerZhang/pysot-toolkit, built in the same way (pysot/utils)
--pytracking CHECKOUT  github.com/visionml/pytracking
--otb-matlab CHECKOUT  tracker_benchmark (util/calcSeqErrRobust.m, util/calcRectInt.m); runs in Octave
--otb-python CHECKOUT  github.com/jwlim/tracker_benchmark (scripts/butil/calc_seq_err_robust.py)
--lasot CHECKOUT       github.com/HengLan/LaSOT_Evaluation_Toolkit; runs in Octave
--vot-matlab CHECKOUT  github.com/votchallenge/toolkit-legacy, with sequence/region_overlap.cpp built by
                       `mkoctfile --mex region_overlap.cpp region.c`; runs in Octave

`--python` is the Python for pysot, pysot-toolkit (colorama, numba) and pytracking (torch, tqdm); `--write FOLDER`
writes the boxes for another toolkit to be tried on them, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.golden.boxes import HEIGHT, WIDTH
from tests.golden.material import BENCHMARKS, digests, text_of, write_material

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"

PEERS: dict[str, tuple[str, str, float]] = {
    "got10k": ("got10k_toolkit.py", "got10k 0.1.3: the reports of its experiments", 1e-9),
    "vot-toolkit": ("vot_toolkit.py", "vot-toolkit 0.7.4: the analyses of its experiments (float32)", 2e-7),
    "pysot": (
        "pysot_toolkits.py",
        "STVIR/pysot c7fd71c: toolkit/evaluation and toolkit/utils, with region.c built (overlaps and EAO are float32)",
        2e-7,
    ),
    "pysot-toolkit": ("pysot_toolkits.py", "pysot-toolkit 04983eb: pysot/evaluation and pysot/utils", 1e-9),
    "pytracking": (
        "pytracking_toolkit.py",
        "pytracking/analysis/extract_results.py as of 2023, where ground truth is valid if all four values are "
        "positive; in 2020 it was if width and height were (float32)",
        2e-7,
    ),
    "otb-matlab": ("otb_matlab.m", "tracker_benchmark: util/calcSeqErrRobust.m and calcRectInt.m, in Octave 7", 1e-9),
    "otb-python": (
        "otb_python.py",
        "jwlim/tracker_benchmark e253a48: scripts/butil/calc_seq_err_robust.py, the OTB toolkit's port to Python",
        1e-9,
    ),
    "lasot": ("lasot_matlab.m", "LaSOT_Evaluation_Toolkit 1a95d8b: utils/eval_tracker.m, in Octave 7", 1e-9),
    "vot-matlab": (
        "vot_matlab.m",
        "votchallenge/toolkit-legacy 16e4de9: analysis/estimate_*.m and region_overlap.cpp, in Octave 7 (overlaps are "
        "float32)",
        2e-7,
    ),
}
"""Peer -> its program in `peers`, what it runs, and the precision of its numbers."""


def main() -> None:
    """Run the peers that are named and put their numbers into the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for peer in PEERS:
        parser.add_argument(f"--{peer}", metavar="PATH")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--write", metavar="FOLDER", type=Path)
    options = vars(parser.parse_args())
    if options["write"]:
        write_material(options["write"])
        return
    with tempfile.TemporaryDirectory() as folder:
        material = Path(folder) / "material"
        write_material(material)
        golden = _known(digests(material))
        _write_truth(material)
        for peer, (_, source, precision) in PEERS.items():
            given = options[peer.replace("-", "_")]
            if given:
                numbers = _run(peer, given, options["python"], material, Path(folder) / "found.json")
                golden["peers"][peer] = {"source": source, "precision": precision, "numbers": numbers}
            elif peer not in golden["peers"]:
                golden["peers"][peer] = {"source": "not available", "precision": precision, "numbers": {}}
    GOLDEN.write_text(_layout(golden), encoding="utf-8")


def _known(material: dict[str, str]) -> dict[str, Any]:
    """What the file has of these boxes: numbers on a benchmark whose boxes have changed are dropped."""
    golden: dict[str, Any] = {"material": {}, "peers": {}}
    if GOLDEN.is_file():
        golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    same = {place for place, hashed in material.items() if golden["material"].get(place) == hashed}
    for entry in golden["peers"].values():
        entry["numbers"] = {case: found for case, found in entry["numbers"].items() if case.split()[0] in same}
    return {"material": material, "peers": golden["peers"]}


def _run(peer: str, given: str, python: str, material: Path, output: Path) -> Any:
    program = HERE / "peers" / PEERS[peer][0]
    output.unlink(missing_ok=True)
    if program.suffix == ".m":
        arguments = ", ".join(f"'{value}'" for value in (material, Path(given).resolve(), output))
        call = f"addpath('{program.parent}'); {program.stem}({arguments}); exit(0)"
        command = ["octave-cli", "--norc", "--quiet", "--eval", call]
    else:
        interpreter, checkout = (given, "-") if peer in {"got10k", "vot-toolkit"} else (python, given)
        command = [interpreter, str(program), str(material), checkout, str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not output.is_file():
        raise SystemExit(f"{peer}: {program.name} wrote no numbers.\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    found = _named(json.loads(output.read_text()), _names())
    return {f"{place} {name}": numbers for place, conventions in found.items() for name, numbers in conventions.items()}


def _write_truth(material: Path) -> None:
    """Ground truth as text, for the programs in Octave; not part of the material itself."""
    for place in ("otb", "uav", "vot", "free"):
        folder = material / place / "truth"
        folder.mkdir()
        for name, rows in BENCHMARKS[place]().truth.items():
            (folder / f"{name}.txt").write_text(text_of(rows))
    for place in ("vot", "free"):
        (material / place / "truth" / "size.csv").write_text(f"{WIDTH},{HEIGHT}\n")


def _names() -> dict[str, str]:
    """Names as Octave's structures have them -> names."""
    names = {"otb-matlab", "vot-official", "vot-official-ao"}
    for make in BENCHMARKS.values():
        bench = make()
        names |= bench.truth.keys() | bench.results.keys()
    return {name.replace("-", "_"): name for name in names}


def _named(content: Any, names: dict[str, str]) -> Any:
    """The same, with the names as they are, and null for a number that a toolkit does not have (NaN)."""
    if isinstance(content, dict):
        return {names.get(key, key): _named(value, names) for key, value in content.items()}
    return None if isinstance(content, float) and math.isnan(content) else content


def _layout(golden: dict[str, Any]) -> str:
    """JSON with a line for each tracker, so that a difference is seen where it is."""
    peers = []
    for peer, entry in golden["peers"].items():
        lines = []
        for place, trackers in entry["numbers"].items():
            rows = ",\n".join(f"      {json.dumps(name)}: {json.dumps(found)}" for name, found in trackers.items())
            lines.append(f"    {json.dumps(place)}: {{\n{rows}\n    }}")
        head = f'"source": {json.dumps(entry["source"])}, "precision": {entry["precision"]}'
        numbers = ",\n".join(lines)
        peers.append(f'  {json.dumps(peer)}: {{{head}, "numbers": {{\n{numbers}\n  }}}}')
    return f'{{"material": {json.dumps(golden["material"])},\n"peers": {{\n' + ",\n".join(peers) + "\n}}\n"


if __name__ == "__main__":
    main()
