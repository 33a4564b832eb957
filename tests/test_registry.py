"""Names lead to objects: lazily, without collisions, and to those of other packages too."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.registry import Registry


def numbers(group: str | None = None) -> Registry[int]:
    registry: Registry[int] = Registry("number", "builtins:int", group)
    registry.add("word-size", "sys:maxsize", "The largest index.")
    registry.add("broken", "no_such_module_at_all:x", "Never loaded.")
    return registry


def install(folder: Path, entries: str, module: str = "", name: str = "demo-plugin") -> None:
    """A distribution as pip leaves it: metadata with entry points, and a module."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")
    if module:
        (folder / "demo_plugin.py").write_text(module, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "demo_plugin", raising=False)
    importlib.invalidate_caches()
    return tmp_path


def test_a_name_is_loaded_when_it_is_asked_for() -> None:
    registry = numbers()
    assert list(registry) == ["word-size", "broken"]
    assert registry["word-size"] == sys.maxsize
    assert registry.summary("word-size") == "The largest index."
    with pytest.raises(ModuleNotFoundError):
        registry["broken"]


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="word-size"):
        numbers()["word-sise"]


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        numbers().add("word-size", "sys:maxunicode")


def test_another_package_adds_by_an_entry_point(site: Path) -> None:
    install(site, "[siamfc_eval.numbers]\nanswer = demo_plugin:ANSWER\n", "ANSWER = 42\n")
    registry = numbers("siamfc_eval.numbers")
    assert "answer" in registry
    assert "demo_plugin" not in sys.modules
    assert registry["answer"] == 42
    assert registry.summary("answer").endswith("(from demo-plugin)")


def test_two_packages_with_one_name_are_refused(site: Path) -> None:
    install(site, "[siamfc_eval.numbers]\nanswer = demo_plugin:ANSWER\n", "ANSWER = 42\n")
    install(site, "[siamfc_eval.numbers]\nanswer = other:ANSWER\n", name="other-plugin")
    with pytest.raises(InputError, match=r"other-plugin.*demo-plugin|demo-plugin.*other-plugin"):
        numbers("siamfc_eval.numbers")["answer"]


def test_another_package_cannot_replace_what_is_here(site: Path) -> None:
    install(site, "[siamfc_eval.numbers]\nword-size = demo_plugin:ANSWER\n", "ANSWER = 42\n")
    registry = numbers("siamfc_eval.numbers")
    assert registry["word-size"] == sys.maxsize
    with pytest.raises(InputError, match="provided by siamfc_eval and by demo-plugin"):
        list(registry)


def test_a_broken_package_is_named(site: Path) -> None:
    install(site, "[siamfc_eval.numbers]\nanswer = demo_plugin:ANSWER\n", "raise RuntimeError('half installed')\n")
    with pytest.raises(InputError, match=r"demo-plugin cannot be loaded.*half installed"):
        numbers("siamfc_eval.numbers")["answer"]


def test_a_thing_of_another_kind_is_refused(site: Path) -> None:
    install(site, "[siamfc_eval.numbers]\nanswer = demo_plugin:ANSWER\n", "ANSWER = 'forty-two'\n")
    with pytest.raises(InputError, match=r"is a str; expected a int"):
        numbers("siamfc_eval.numbers")["answer"]


def test_a_process_registers_for_itself() -> None:
    registry = numbers()
    registry.register("seven", 7)
    assert registry["seven"] == 7
    with pytest.raises(InputError, match="exists already"):
        registry.register("seven", 8)
    with pytest.raises(InputError, match="expected a int"):
        registry.register("text", "x")  # type: ignore[arg-type]
