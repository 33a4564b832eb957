"""`siamfc-eval score`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.score_verb import command as score_command
from siamfc_eval.errors import SiamfcEvalError

LACKING = "3 sequences, where the whole of otb2015 has 100"


def invoke(*arguments: object) -> tuple[int, Any, str]:
    """Exit code, standard output and standard error of `siamfc-eval score`."""
    try:
        found = CliRunner().invoke(
            score_command, [str(argument) for argument in arguments], standalone_mode=False, catch_exceptions=False
        )
    except SiamfcEvalError as error:
        return error.exit_code, "", str(error)
    return found.return_value or 0, found.stdout, found.stderr


def test_the_command_prints_the_stable_json(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(bench.folder / "kept"))
    code, output, _ = invoke(
        bench.results, "--dataset", "otb2015", "--annotations", bench.annotations, "--convention", "got10k", "--json"
    )
    found = json.loads(output)
    assert code == 2
    assert (found["dataset"], found["convention"], found["incomplete"]) == ("otb2015", "got10k", [LACKING])
    assert set(found["trackers"]) == {"near", "far"}
    near = found["trackers"]["near"]
    assert {"success_auc", "success_rate_50", "precision_20", "norm_precision_20"} <= set(near)
    assert set(near["sequences"]) == {"Car4", "Dog", "Fish"}
    assert near["sequences"]["Dog"]["success_auc"] == pytest.approx(
        bench.score("got10k").trackers["near"].sequences["Dog"]["success_auc"]
    )


def test_the_command_says_what_is_missing_and_exits_with_2(bench: Any) -> None:
    (bench.results / "near" / "Dog.txt").unlink()
    code, output, error = invoke(
        bench.results, "--annotations", bench.annotations, "--dataset", "otb2015", "--json", "--no-cache"
    )
    assert code == 2
    assert json.loads(output)["trackers"]["near"]["sequences"]["Dog"]["success_auc"] is None
    assert "near: no result of Dog" in error


def test_the_command_scores_the_rest_and_exits_with_1_if_files_are_unusable(bench: Any) -> None:
    bench.write("near", "Dog", bench.truth(11.0)[:-3])
    arguments = (bench.results, "--annotations", bench.annotations, "--convention", "got10k", "--no-cache", "--json")
    code, output, error = invoke(*arguments)
    assert code == 1
    assert list(json.loads(output)["trackers"]) == ["far"]
    assert "Dog.txt: 9 lines for the 12 frames" in error
    code, _, error = invoke(*arguments, "--tracker", "near")
    assert code == 1
    assert "--on-mismatch=truncate" in error


def test_the_command_reproduces_a_signature_or_says_why_not(bench: Any) -> None:
    (signature,) = {bench.score("pysot", attribute_source="pytracking").signature}
    base = (bench.results, "--annotations", bench.annotations, "--no-cache", "--json")
    code, output, _ = invoke(*base, "--signature", signature)
    found = json.loads(output)
    assert (code, found["convention"], found["signature"]) == (2, "pysot", signature)
    bench.annotations.write_text(bench.annotations.read_text().replace("30.0", "31.0"))
    code, output, error = invoke(*base, "--signature", signature)
    assert (code, output) == (1, "")
    assert "gt: expected" in error


def test_the_command_writes_tables_files_and_plots(bench: Any) -> None:
    out = bench.folder / "out"
    code, output, _ = invoke(
        bench.results,
        *("--annotations", bench.annotations, "--no-cache", "--attributes"),
        *("--output", out / "scores.json", "--plots", out),
    )
    assert code == 2
    for part in ("near", "far", "SV (2)", "conv:otb-matlab"):
        assert part in output
    assert json.loads((out / "scores.json").read_text())["dataset"] == "otb2015"
    signature = json.loads((out / "scores.json").read_text())["signature"]
    for curve in ("success", "precision", "norm_precision"):
        assert f">{signature}</text>" in (out / f"{curve}.svg").read_text()


@pytest.mark.parametrize(("file_format", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_plots_are_drawn_in_other_formats_on_request(bench: Any, file_format: str, start: bytes) -> None:
    out = bench.folder / "out"
    options = ("--annotations", bench.annotations, "--no-cache", "--plots", out, "--plot-format", file_format)
    assert invoke(bench.results, *options)[0] == 2
    assert {path.name for path in out.iterdir()} == {
        f"{curve}.{file_format}" for curve in ("success", "precision", "norm_precision")
    }
    assert (out / f"success.{file_format}").read_bytes().startswith(start)


def test_without_ground_truth_the_command_says_what_to_give(bench: Any) -> None:
    code, _, error = invoke(bench.results)
    assert code == 1
    assert "--data" in error


def test_scoring_loads_neither_torch_nor_a_tracker_nor_comparisons(bench: Any, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from siamfc_eval.cli.main import main\n"
        f"sys.argv = ['siamfc-eval', 'score', {str(bench.results)!r}, '--annotations', {str(bench.annotations)!r}, "
        f"'--no-cache', '--json', '--plots', {str(tmp_path)!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 2, stop.code\n"
        "unwanted = {'torch', 'cv2', 'matplotlib', 'pandas', 'numba', 'scipy', 'pydantic', 'importlib.metadata'}\n"
        "from siamfc_eval.results.formats.lines import parse_lines\n"
        "assert len(parse_lines(b'1\\n1,2,3,4\\n')) == 2\n"
        "unwanted |= {'siamfc_eval.tracking', 'siamfc_eval.comparison.compare', 'numpy.ma'}\n"
        "loaded = unwanted & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
