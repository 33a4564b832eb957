"""What every test may use: the shared reference data, and a process that does not take the whole machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch
    from playwright.sync_api import ConsoleMessage, Error, Page

# Set before numpy, torch or numba start their thread pools; a user's own setting wins.
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

_REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the reference data: SIAMFC_EVAL_SHARED, or `shared` beside the repository."""
    named = os.environ.get("SIAMFC_EVAL_SHARED")
    folder = Path(named).expanduser() if named else _REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        how = "SIAMFC_EVAL_SHARED points to it" if named else "SIAMFC_EVAL_SHARED is not set"
        pytest.skip(f"the shared reference data is absent: no {folder.name}/data ({how})")
    return folder


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Turn a skip into a failure where SIAMFC_EVAL_REQUIRE names the test's marker: CI must not pass by skipping."""
    report = pytest.TestReport.from_item_and_call(item, call)
    required = set(os.environ.get("SIAMFC_EVAL_REQUIRE", "").split())
    needed = required & {marker.name for marker in item.iter_markers()}
    if report.skipped and needed and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but SIAMFC_EVAL_REQUIRE asks for '{' '.join(sorted(needed))}': {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def card() -> torch.device:
    """A graphics card; mark what asks for it `gpu`."""
    library = pytest.importorskip("torch")
    if not library.cuda.is_available():
        pytest.skip("no CUDA device")
    device: torch.device = library.device("cuda")
    return device


@pytest.fixture(scope="session")
def vot_toolkit() -> Path:
    """The `vot` command of the official toolkit's own environment (`make peers`, or SIAMFC_EVAL_PEERS)."""
    folder = Path(os.environ.get("SIAMFC_EVAL_PEERS", _REPOSITORY / ".peers"))
    command = folder / "bin" / "vot"
    if not command.is_file():
        pytest.skip(f"the vot-toolkit environment is absent: no {command.name} in {folder.name}/bin; run: make peers")
    return command


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    """A page of a headless Chromium, which the tests of a module share."""
    pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="light")
        page = context.new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()


@pytest.fixture
def page_errors(browser_page: Page) -> Iterator[list[str]]:
    """What the page says went wrong while a test has it."""
    wrong: list[str] = []

    def of_script(error: Error) -> None:
        wrong.append(str(error))

    def of_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    browser_page.on("pageerror", of_script)
    browser_page.on("console", of_console)
    yield wrong
    browser_page.remove_listener("pageerror", of_script)
    browser_page.remove_listener("console", of_console)
