"""`siamfc-eval new tracker` writes a class that works and a test that passes; `check tracker` looks at it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from siamfc_eval.adapters.classes.starting import class_name, write_tracker
from siamfc_eval.adapters.classes.styles import STYLES
from siamfc_eval.cli.verbs.check_verb import command as check
from siamfc_eval.cli.verbs.new_verb import command as new
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError


@pytest.mark.parametrize("style", STYLES)
def test_the_class_of_every_style_is_taken_for_it_and_nothing_is_wrong_with_it(tmp_path: Path, style: str) -> None:
    file, _ = write_tracker("first_try", tmp_path, style)
    result = CliRunner().invoke(check, ["tracker", f"{file}:FirstTry"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert f"taken for {style} style" in result.output
    assert "nothing is wrong" in result.output
    assert "warning" not in result.output


def test_the_test_beside_it_passes(tmp_path: Path) -> None:
    result = CliRunner().invoke(new, ["tracker", "my-tracker", "--out", str(tmp_path / "new")], catch_exceptions=False)
    assert result.exit_code == 0
    assert "check tracker" in result.output
    test = tmp_path / "new" / "test_my_tracker.py"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_nothing_is_replaced(tmp_path: Path) -> None:
    file, test = write_tracker("mine", tmp_path)
    test.unlink()
    file.write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.py: is there already"):
        write_tracker("mine", tmp_path)
    assert file.read_text(encoding="utf-8") == "precious"
    assert not test.exists()


@pytest.mark.parametrize("name", ["../up", "2nd", "class", "my tracker", "", "queue", "numpy"])
def test_names_that_no_module_can_have_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        write_tracker(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_style_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="pysot"):
        write_tracker("mine", tmp_path, "pyslot")


def test_names_of_classes_follow_the_files() -> None:
    assert [class_name(name) for name in ("my_tracker", "kcf", "a_2nd_try")] == ["MyTracker", "Kcf", "A2ndTry"]


def test_a_class_with_a_fault_gives_exit_code_1_and_its_name(tmp_path: Path) -> None:
    file, _ = write_tracker("mine", tmp_path)
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace("return self.box.copy()", "return self.box + [1, 1, 0, 0]"), encoding="utf-8")
    result = CliRunner().invoke(check, ["tracker", f"{file}:Mine", "--json"], catch_exceptions=False)
    assert result.exit_code == 1
    levels = {finding["about"]: finding["level"] for finding in json.loads(result.stdout)["findings"]}
    assert [about for about, level in levels.items() if level == "wrong"] == ["box origin"]


def test_a_class_that_raises_shows_its_own_traceback(tmp_path: Path) -> None:
    file, _ = write_tracker("mine", tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("likeness = cv2.", "likeness = cv3."), encoding="utf-8")
    result = CliRunner().invoke(check, ["tracker", f"{file}:Mine"])
    assert isinstance(result.exception, TrackerError)
    assert result.exception.exit_code == 3
    assert "likeness = cv3.matchTemplate" in result.stderr
