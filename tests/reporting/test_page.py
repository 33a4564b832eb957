"""The page of a report in a real browser: what can be clicked does what it says, and nothing is run or loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.metrics.declared import ACCURACY, RELIABILITY
from siamfc_eval.metrics.scores import Gap, Scores
from siamfc_eval.metrics.timelines import FAILURE, START, Timelines, Watched
from siamfc_eval.reporting.report import Report, Section, write_report
from tests.reporting.toys import CurveMeasure, toy_scores

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

HOSTILE = """<script>window.ran=1</script>"'&é中"""
CLOSING = "</script><img src=x onerror=window.ran=1>"
NAMES = ("alpha", "beta", HOSTILE, CLOSING, "__proto__", "mine")
FRAMES = 40


def toy_timelines(names: tuple[str, ...], sequences: tuple[str, ...]) -> Timelines:
    generator = np.random.default_rng(2)
    found = {}
    for name in names:
        found[name] = {one: {1: generator.integers(0, 251, FRAMES).astype(np.uint8)} for one in sequences}
        if "seq3" in sequences:
            found[name]["seq3"][1][[0, 10, 15]] = START, FAILURE, START
        if name == "beta":
            for one in sequences[::2]:
                found[name][one] |= {3: np.full(FRAMES, 250, np.uint8), 2: np.full(FRAMES, 100, np.uint8)}
    tags = {"occlusion": ((5, 9), (20, 30))}
    return Timelines({one: Watched(FRAMES, tags) for one in sequences}, found, runs={"beta": 15})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = "mine: line 3 was repaired."
    scores = toy_scores(NAMES, incomplete=(said,), gaps=(Gap("repaired", said, "mine"),))
    trackers = {
        name: dataclasses.replace(one, attribute_curves={"IV": one.curves, "OCC": one.curves})
        for name, one in scores.trackers.items()
    }
    members = {"IV": scores.sequences[::2], "OCC": scores.sequences[1::2]}
    scores = dataclasses.replace(scores, trackers=trackers, attribute_members=members)
    lines = toy_timelines(NAMES, scores.sequences)
    hardware = {name: "one CPU" for name in NAMES if name != "beta"}
    first = Section("Toy", scores, compare(scores, resamples=300), lines, hardware)
    other = dataclasses.replace(scores, dataset="other", incomplete=(), gaps=())
    second = Section("Other", other, compare(other, resamples=300))
    report = Report("Toy </title><b>report", (first, second), {"command": "x"}, highlighted=("mine",), top=3)
    return write_report(report, tmp_path_factory.mktemp("page"))


@pytest.fixture
def complaints() -> list[str]:
    """What the page complains of, or loads."""
    return []


@pytest.fixture
def page(browser_page: Page, written: Path, complaints: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, opened anew at the address that a test gives; whatever it complains of or loads fails the test."""
    wrong = complaints
    listeners: dict[str, Any] = {
        "console": lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None,
        "pageerror": lambda error: wrong.append(str(error)),
        "request": lambda asked: None if asked.url.startswith(("file:", "blob:")) else wrong.append(asked.url),
    }
    for name, listener in listeners.items():
        browser_page.on(name, listener)  # type: ignore[call-overload]
    browser_page.goto("about:blank")
    browser_page.goto(written.as_uri() + getattr(request, "param", ""))
    yield browser_page
    for name, listener in listeners.items():
        browser_page.remove_listener(name, listener)
    assert not wrong
    assert browser_page.evaluate("window.ran") is None


def drawn(page: Page, figure: str) -> Any:
    """A figure of the page once it is drawn."""
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{figure} .drawing[data-drawn]", state="attached")
    return page.locator(f"#{figure}")


def coloured(page: Page, figure: str = "s0-success") -> int:
    """Curves that are not grey."""
    return page.locator(f'#{figure} .line[data-tracker] g[stroke^="var(--tracker"]').count()


def column(page: Page, number: int) -> list[str]:
    return [
        text.strip()
        for text in page.locator(f"#s0 table[data-key=ranking] tbody td:nth-child({number})").all_inner_texts()
    ]


def test_every_figure_is_drawn(page: Page) -> None:
    figures = page.locator("figure.card").evaluate_all("all => all.map(one => one.id)")
    assert len(figures) >= 18
    for figure in figures:
        drawn(page, figure)
    assert page.locator("#s0 figure.card svg[aria-label]").count() >= 9
    assert page.locator("figure.card.empty").evaluate_all("all => all.map(one => one.id)") == ["s1-speed"]


def test_what_is_unpacked_first_is_drawn_before_it_is_seen_since_printing_does_not_wait(page: Page) -> None:
    page.wait_for_selector("#s0-sequence .drawing[data-drawn] svg", state="attached")
    top = page.locator("#s0-sequence").bounding_box()["y"]
    assert top > page.viewport_size["height"] + 400  # where figures begin to be in sight


def test_names_are_shown_as_they_are(page: Page) -> None:
    assert page.title() == "Toy </title><b>report"
    assert HOSTILE in column(page, 2)
    assert CLOSING in page.locator("#s0 .legend .name").all_text_contents()
    drawn(page, "s0-duel")
    page.locator("#s0-duel select").first.select_option(HOSTILE)
    page.wait_for_function("document.querySelector('#s0-duel-title').textContent.includes('<script>')")
    assert page.locator("b").count() == 0


def test_links_in_tables_lead_to_the_tracker_even_where_it_is_marked(page: Page) -> None:
    link = page.locator("#s0 table[data-key=ranking] a", has_text="mine")
    assert link.inner_text() == "mine†"
    link.click()
    assert page.evaluate("new URLSearchParams(location.hash.slice(1)).get('tracker')") == "mine"
    assert page.locator("#s0-tracker-title").inner_text().startswith("mine is number 6 of 6")


def test_tables_sort_both_ways(page: Page) -> None:
    table = page.locator("#s0 table[data-key=ranking]")
    heading = table.locator("th", has_text="Tracker")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, 2)[-1] == "mine†"
    heading.locator("button").click()
    assert column(page, 2)[0] == "mine†"
    score = table.locator("th", has_text="Success AUC")
    score.locator("button").click()
    assert score.get_attribute("aria-sort") == "descending"
    assert heading.get_attribute("aria-sort") is None
    assert [int(text.split()[0]) for text in column(page, 1)] == [1, 2, 3, 4, 5, 6]


def test_tables_filter_rows_and_choose_columns(page: Page) -> None:
    tools = page.locator("#s0 .tools").first
    tools.locator("input[type=search]").fill("BET")
    assert page.locator("#s0 table[data-key=ranking] tbody tr:visible").count() == 1
    assert tools.locator("[role=status]").inner_text() == "1 of 6 rows"
    tools.locator("summary").click()
    tools.get_by_label("Lost").uncheck()
    assert not page.locator("#s0 table[data-key=ranking] th", has_text="Lost").is_visible()


def test_the_list_chooses_what_is_drawn_and_the_highlighted_tracker_stays(page: Page) -> None:
    drawn(page, "s0-success")
    assert coloured(page) == 4
    page.locator("#s0 .legend").get_by_role("button", name="All").click()
    assert coloured(page) == 6
    page.locator("#s0 .legend").get_by_role("button", name="Highlighted").click()
    assert coloured(page) == 1
    mine = page.locator("#s0 .legend li.own input")
    assert mine.is_checked()
    assert mine.is_disabled()
    page.locator("#s0 .legend").get_by_label("beta").check()
    assert coloured(page) == 2


def test_a_tracker_has_one_colour_everywhere(page: Page) -> None:
    stroke = page.locator("#s0 .legend li", has_text="beta").locator("path").get_attribute("stroke")
    number = page.evaluate("module_palette.styleOf('beta').number")
    drawn(page, "s0-success")
    drawn(page, "s1-success")
    for figure in ("s0-success", "s1-success"):
        assert page.locator(f'#{figure} .line[data-tracker="{number}"] g').get_attribute("stroke") == stroke


def test_hovering_names_the_curve_and_brings_it_forward(page: Page) -> None:
    box = drawn(page, "s0-success").locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
    page.wait_for_selector("#s0-success [aria-label=tip] text")
    assert "Overlap threshold" in page.locator("#s0-success [aria-label=tip]").inner_html()
    assert page.locator("body.emphasising").count() == 1
    assert page.locator("#s0-success .line.hot").count() == 1
    page.locator("#s0 .legend li").first.hover()
    assert page.locator("#s0-success .line.hot").get_attribute("data-tracker") == page.evaluate(
        "String(module_palette.styleOf(module_model.sections[0].names[0]).number)"
    )


def test_dragging_zooms_and_the_button_and_keys_lead_back(page: Page) -> None:
    figure = drawn(page, "s0-success")
    box = figure.locator("svg").bounding_box()
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 160, steps=4)
    page.mouse.up()
    figure.get_by_role("button", name="Reset zoom").click()
    assert figure.get_by_role("button", name="Reset zoom").count() == 0
    figure.locator(".zoomable").press("+")
    assert figure.get_by_role("button", name="Reset zoom").is_visible()
    page.locator("#s0-success .zoomable").press("0")
    assert figure.get_by_role("button", name="Reset zoom").count() == 0


def test_a_dot_opens_its_sequence(page: Page) -> None:
    box = drawn(page, "s0-duel").locator("circle").nth(4).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#s0-duel [aria-label=tip] text")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("location.hash.startsWith('#seq=seq')")
    name = page.evaluate("location.hash.slice(5)")
    assert page.locator("#s0-sequence-title").inner_text().startswith(f"{name}: ")
    assert page.evaluate("document.activeElement.id") == "s0-sequence-title"


def test_an_attribute_is_followed_by_curves_and_dots(page: Page) -> None:
    drawn(page, "s0-success").get_by_label("Over").select_option("OCC")
    assert page.evaluate("location.hash") == "#attr=OCC"
    assert "on OCC" in page.locator("#s0-success-title").inner_text()
    drawn(page, "s0-duel")
    assert page.locator("#s0-duel select").last.input_value() == "OCC"


@pytest.mark.parametrize("page", ["#seq=seq3&a=beta&b=mine"], indirect=True)
def test_a_link_leads_to_a_sequence_and_two_trackers(page: Page) -> None:
    figure = drawn(page, "s0-sequence")
    assert figure.locator("h4").inner_text().startswith("seq3: ")
    assert figure.locator("h4").is_visible()
    assert page.evaluate("document.activeElement.id") == "s0-sequence-title"
    lanes = figure.locator("svg").first.locator("[font-weight] text").all_text_contents()
    assert lanes[:2] == ["beta", "mine"]
    assert "occlusion" in figure.locator("svg").first.locator("text").all_text_contents()
    assert figure.locator('[stroke="var(--failure)"] line').count() == len(lanes)
    drawn(page, "s0-duel")
    assert [page.locator("#s0-duel select").nth(i).input_value() for i in (0, 1)] == ["beta", "mine"]


def test_timelines_are_unpacked_as_they_were_packed(page: Page, written: Path) -> None:
    truth = toy_timelines(NAMES, tuple(f"seq{i}" for i in range(12)))
    for name in ("beta", "__proto__"):
        found = page.evaluate(
            "name => module_model.sections[0].lines.of(name, 'seq6').then(of => [...of].map(([n, v]) => [n, [...v]]))",
            name,
        )
        assert dict(found) == {number: line.tolist() for number, line in truth.overlaps[name]["seq6"].items()}


def test_a_repetition_can_be_chosen_and_all_of_them_are_drawn_with_their_mean(page: Page) -> None:
    figure = page.locator("#s0-sequence")
    page.evaluate("location.hash = 'seq=seq6&a=beta&b=mine'")
    drawn(page, "s0-sequence")
    chooser = figure.get_by_label("Repetition")
    assert chooser.locator("option").all_inner_texts() == ["1", "2", "3", "all, with their mean"]
    assert "3 of 15 of beta" in figure.locator("figcaption").inner_text()
    area = "() => document.querySelector('#s0-sequence [aria-label=area] path').getBBox().height"
    heights = []
    for choice in ("3", "2"):
        chooser.select_option(choice)
        page.wait_for_function(f"location.hash.includes('run={choice}')")
        drawn(page, "s0-sequence")
        page.wait_for_timeout(150)
        heights.append(page.evaluate(area))
    assert heights[1] == pytest.approx(0.4 * heights[0], rel=0.05)  # overlaps 1 and .4 all along
    one_each = figure.locator("[aria-label=line] path").count()
    chooser.select_option("all, with their mean")
    page.wait_for_function("document.querySelector('#s0-sequence figcaption').textContent.includes('Thin: each')")
    drawn(page, "s0-sequence")
    page.wait_for_timeout(150)
    assert figure.locator("[aria-label=line] path").count() == one_each + 3
    page.evaluate("location.hash = 'seq=seq7&a=beta&b=mine'")
    page.wait_for_function("!document.querySelector('#s0-sequence .controls').textContent.includes('Repetition')")


def test_curves_are_unpacked_to_what_they_were(page: Page) -> None:
    curve = toy_scores(NAMES).trackers["beta"].curves["success"]
    found = page.evaluate(
        "(() => { const s = module_model.sections[0]; return s.curves[0].y.row(s.place.get('beta')); })()"
    )
    np.testing.assert_allclose(found, curve, atol=2e-5)


def test_bands_are_of_the_highlighted_tracker_and_of_the_one_pointed_at(page: Page) -> None:
    figure = drawn(page, "s0-success")
    seen = """() => [...document.querySelectorAll("#s0-success .band")].filter(
        one => getComputedStyle(one).opacity === "1").map(one => Number(one.dataset.tracker))"""
    number = "name => module_palette.styleOf(name).number"
    assert page.evaluate(seen) == [page.evaluate(number, "mine")]
    page.locator("#s0 .legend li", has_text="beta").hover()
    assert page.evaluate(seen) == [page.evaluate(number, "beta")]
    figure.locator("select").last.select_option("none")
    assert page.locator("#s0-success .band").count() == 0


def test_average_ranks_and_their_critical_difference_are_drawn(page: Page) -> None:
    figure = drawn(page, "s0-ranks")
    assert "is first" in figure.locator("h4").inner_text()
    assert "Nemenyi's critical difference" in figure.locator("figcaption").inner_text()
    assert figure.locator("svg [aria-label=link] path").count() == 1
    assert figure.locator("svg [aria-label=dot] path, svg [aria-label=dot] circle").count() == 4


def test_speeds_of_other_machines_are_not_drawn(page: Page) -> None:
    figure = drawn(page, "s0-speed")
    assert "beta" in figure.locator("figcaption").inner_text()
    assert "realtime" in figure.locator("svg").inner_html()
    assert "cannot be compared" in page.locator("#s1-speed-title").inner_text()


def test_what_is_incomplete_comes_first(page: Page) -> None:
    assert page.locator("#incomplete").is_visible()
    assert page.locator("#incomplete li").all_inner_texts() == ["toy: mine: line 3 was repaired."]


def test_dark_and_light(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) != light
    page.locator("#theme").click()
    assert page.evaluate(ground) == light


def test_nothing_is_wider_than_a_narrow_window(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    try:
        for figure in ("s0-success", "s0-duel", "s0-sequence", "s0-tracker"):
            drawn(page, figure)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        page.set_viewport_size({"width": 1400, "height": 1000})


def test_no_other_script_may_run(page: Page, complaints: list[str]) -> None:
    blocked = page.evaluate(
        """() => new Promise(done => {
            document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective), {once: true});
            const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            document.body.append(script);
        })"""
    )
    assert blocked.startswith("script-src")
    complaints.clear()


def one_sequence(scores: Scores) -> Scores:
    trackers = {
        name: dataclasses.replace(one, statistics=np.asarray(one.statistics)[:1])
        for name, one in scores.trackers.items()
    }
    return dataclasses.replace(scores, trackers=trackers, sequences=scores.sequences[:1])


def all_equal(scores: Scores) -> Scores:
    first = next(iter(scores.trackers.values()))
    return dataclasses.replace(
        scores, trackers={name: dataclasses.replace(first, name=name) for name in scores.trackers}
    )


def without_numbers(scores: Scores) -> Scores:
    """One tracker has nothing: neither scores nor curves nor attributes nor times."""
    name = next(iter(scores.trackers))
    one = scores.trackers[name]
    empty = dataclasses.replace(
        one,
        values=dict.fromkeys(one.values, np.nan),
        sequences={key: dict.fromkeys(row, np.nan) for key, row in one.sequences.items()},
        curves={key: np.full_like(curve, np.nan) for key, curve in one.curves.items()},
        attributes={},
        speed={},
        statistics=np.full_like(np.asarray(one.statistics), np.nan),
    )
    return dataclasses.replace(scores, trackers={**scores.trackers, name: empty})


DEGENERATE = {
    "a single tracker": lambda: toy_scores(("alone",)),
    "a single sequence": lambda: one_sequence(toy_scores(("a", "b", "c"))),
    "one of one": lambda: one_sequence(toy_scores(("alone",))),
    "all equal": lambda: all_equal(toy_scores(("a", "b", "c"))),
    "no numbers": lambda: without_numbers(toy_scores(("a", "b", "c"))),
    "no attributes": lambda: toy_scores(("a", "b"), attribute_counts={}),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_little_to_show_is_shown_without_complaint(
    browser_page: Page, page_errors: list[str], tmp_path: Path, kind: str
) -> None:
    scores = DEGENERATE[kind]()
    lines = toy_timelines(tuple(scores.trackers), scores.sequences)
    parts = [Section("Toy", scores, compare(scores, resamples=100), lines), Section("Plain", scores)]
    written = write_report(Report(kind, tuple(parts)), tmp_path)
    browser_page.goto(written.as_uri())
    for figure in browser_page.locator("figure.card").evaluate_all("all => all.map(one => one.id)"):
        drawn(browser_page, figure)
    assert not page_errors
    assert "NaN" not in browser_page.locator("main").inner_text()
    assert "undefined" not in browser_page.locator("main").inner_text()


LONG = "walker-behind"


def test_long_names_below_a_figure_end_above_its_caption(browser_page: Page, tmp_path: Path) -> None:
    scores = toy_scores(("a", "b"), attribute_counts={f"{LONG}-1": 4, f"{LONG}-2": 5})
    longer = {name: f"{LONG}-{name}" for name in scores.sequences}
    trackers = {
        name: dataclasses.replace(
            one,
            sequences={longer[key]: row for key, row in one.sequences.items()},
            attributes=dict(zip(scores.attribute_counts, one.attributes.values(), strict=True)),
        )
        for name, one in scores.trackers.items()
    }
    scores = dataclasses.replace(scores, trackers=trackers, sequences=tuple(longer.values()))
    browser_page.goto(write_report(Report("Long", (Section("Toy", scores),)), tmp_path).as_uri())
    for figure, whole in (("s0-sequences", [longer["seq7"]]), ("s0-attributes", [])):
        names = drawn(browser_page, figure).locator('[aria-label^="x-axis tick label"] text')
        assert set(whole) <= set(names.all_text_contents())
        below = max(box["y"] + box["height"] for box in (one.bounding_box() for one in names.all()) if box)
        caption = browser_page.locator(f"#{figure} figcaption").bounding_box()
        assert caption
        assert below <= caption["y"]


def test_accuracy_and_robustness_are_said_of_the_right_trackers(browser_page: Page, tmp_path: Path) -> None:
    scores = toy_scores(("a", "b", "c"))
    measure = type(scores.measure)()
    measure.metrics = (*measure.metrics, ACCURACY, RELIABILITY)  # type: ignore[misc]
    best = {"a": (0.5, 0.9), "b": (0.6, 0.8), "c": (0.4, 0.7)}
    trackers = {
        name: dataclasses.replace(one, values={**one.values, "accuracy": best[name][0], "reliability": best[name][1]})
        for name, one in scores.trackers.items()
    }
    page = write_report(
        Report("Points", (Section("Toy", dataclasses.replace(scores, measure=measure, trackers=trackers)),)), tmp_path
    )
    browser_page.goto(page.as_uri())
    assert drawn(browser_page, "s0-ar").locator("h4").inner_text() == "b is the most accurate, a the most robust"


class ArMeasure(CurveMeasure):
    """The toy measure with accuracy and reliability, which its rows decide as well."""

    metrics = (*CurveMeasure.metrics, ACCURACY, RELIABILITY)

    def finish(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        found = super().finish(statistics)
        return {**found, "accuracy": found["success_auc"], "reliability": statistics[..., 10] / statistics[..., 21]}


def test_repetitions_lie_within_a_hull_in_the_page_and_the_figure(browser_page: Page, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    scores = toy_scores(("moody", "steady"))
    moody = scores.trackers["moody"]
    repeated = tuple(
        row * np.append(generator.uniform(0.8, 1.0, (5, 21)), np.ones((5, 1)), axis=1) for row in moody.statistics
    )
    measure: Any = ArMeasure()
    trackers = {
        name: dataclasses.replace(
            one,
            values={key: float(value) for key, value in measure.finish(one.statistics.sum(axis=0)).items()},
            repetitions=repeated if name == "moody" else (),
        )
        for name, one in scores.trackers.items()
    }
    scores = dataclasses.replace(scores, measure=measure, trackers=trackers)
    page = write_report(Report("Hulls", (Section("Toy", scores),)), tmp_path, ("svg",))
    browser_page.goto(page.as_uri())
    figure = drawn(browser_page, "s0-ar")
    assert figure.locator("g[aria-label=hull] path").count() == 1
    assert figure.locator("g[aria-label=dot]").first.locator("circle, path").count() == 5
    assert "single repetitions" in figure.inner_text()
    assert (tmp_path / "figures" / "accuracy_reliability.svg").is_file()
