"""The supervised VOT experiment on runs that can be scored by hand, and what must hold for any run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import CONVENTIONS, build_measure
from siamfc_eval.metrics.vot.fragments import Fragment, fragments
from siamfc_eval.metrics.vot.rules import SupervisedRules
from siamfc_eval.metrics.vot.supervised import SupervisedMeasure
from siamfc_eval.metrics.vot.tags import frame_tags
from siamfc_eval.metrics.vot.years import Interval
from siamfc_eval.protocols.trajectory import Code, Trajectory

SUPERVISED: dict[str, SupervisedRules] = {
    name: entry.rules for name, entry in CONVENTIONS.items() if isinstance(entry.rules, SupervisedRules)
}
OFFICIAL, PYSOT, TOOLKIT = SUPERVISED["vot-official"], SUPERVISED["pysot-vot"], SUPERVISED["vot-toolkit"]
NEAR = np.array([10.0, 10, 9, 9])
"""With the toolkit's rule it overlaps TARGET by 9 x 9 of 10 x 10 pixels."""
TARGET = np.array([10.0, 10, 10, 10])
CODES = {"I": Code.INITIALIZED, "S": Code.SKIPPED, "F": Code.FAILED}


def sequence(frames: int, name: str = "one", **known: object) -> Sequence:
    boxes = np.tile(TARGET, (frames, 1))
    return Sequence(name=name, boxes=boxes, image_size=(100, 100), **known)  # type: ignore[arg-type]


def run(text: str) -> Trajectory:
    """A run from letters: I, S, F are codes, "." hits the target, "," is near it, "-" misses it."""
    regions = {".": TARGET, ",": NEAR, "-": TARGET + np.array([50.0, 0, 0, 0])}
    return Trajectory(tuple(CODES[letter] if letter in CODES else regions[letter] for letter in text))


def measure(convention: str, *videos: Sequence, low: int = 2, high: int = 4) -> SupervisedMeasure:
    built = build_measure(convention, Dataset("made-up", videos))
    assert isinstance(built, SupervisedMeasure)
    return dataclasses.replace(built, interval=Interval(low, high, "this test"))


def scores(convention: str, text: str, low: int = 2, high: int = 4) -> dict[str, float]:
    video = sequence(len(text))
    of = measure(convention, video, low=low, high=high)
    return {key: float(value) for key, value in of.finish(of.statistics(video, [run(text)])).items()}


def codes(text: str) -> np.ndarray:
    return np.array([int(CODES[letter]) if letter in CODES else -1 for letter in text], dtype=np.int8)


# --- fragments --------------------------------------------------------------------------------------------------------


def test_a_run_without_failure_is_one_fragment_that_ends_with_it() -> None:
    assert fragments(codes("I........."), OFFICIAL) == [Fragment(0, 10, False, None)]


def test_a_failure_ends_a_padded_fragment_and_the_next_begins_five_frames_later() -> None:
    cut = fragments(codes("I..FSSSSI..."), OFFICIAL)
    assert cut == [Fragment(0, 3, True, 8), Fragment(8, 12, False, None)]
    assert fragments(codes("I..FSSSSI..."), TOOLKIT) == cut


def test_a_failure_too_late_for_a_new_start_opens_no_zero_tail_officially_and_one_in_the_toolkit() -> None:
    assert fragments(codes("I....FSS"), OFFICIAL) == [Fragment(0, 8, False, None)]
    assert fragments(codes("I....FSS"), TOOLKIT) == [Fragment(0, 5, True, None)]


def test_a_new_start_just_after_the_last_frame_pads_in_pysot_and_in_the_toolkit_but_not_officially() -> None:
    # MATLAB counts frames from 1 and takes starts f + 5 <= n; pysot takes the same with f counted from 0.
    assert fragments(codes("I..FSSSS"), OFFICIAL) == [Fragment(0, 8, False, None)]
    for rules in (PYSOT, TOOLKIT):
        assert fragments(codes("I..FSSSS"), rules) == [Fragment(0, 3, True, 8)]
    assert fragments(codes("I..FSSSSI"), OFFICIAL) == [Fragment(0, 3, True, 8), Fragment(8, 9, False, None)]


@pytest.mark.parametrize(
    ("convention", "repeated", "expected"),
    [
        ("vot-official", 3, 1 / 2),
        ("vot-official", 15, 1 / 2),
        ("vot-toolkit", 3, 3 / 4),
        ("vot-toolkit", 15, 15 / 16),
        # pysot reads all of 15 repetitions, and the first of any other number.
        ("pysot-vot", 3, 1 / 2),
        ("pysot-vot", 15, 15 / 16),
    ],
)
def test_officially_a_sequence_counts_once_and_elsewhere_once_for_each_repetition(
    convention: str, repeated: int, expected: float
) -> None:
    videos = sequence(8, "a"), sequence(8, "b")
    of = measure(convention, *videos)
    rows = of.statistics(videos[0], [run("I.......")] * repeated) + of.statistics(videos[1], [run("I-------")])
    assert float(of.finish(rows)["eao"]) == pytest.approx(expected)


@settings(deadline=None, max_examples=60)
@given(st.text("ISF.", max_size=40), st.sampled_from(sorted(SUPERVISED)))
def test_fragments_of_any_codes_are_inside_the_run(text: str, convention: str) -> None:
    for fragment in fragments(codes(text), SUPERVISED[convention]):
        assert 0 <= fragment.start <= fragment.stop <= len(text)


# --- accuracy, robustness ---------------------------------------------------------------------------------------------


def test_a_perfect_run_scores_1_and_loses_nothing() -> None:
    for convention in SUPERVISED:
        assert scores(convention, "I" + "." * 19) == {
            "eao": 1.0,
            "accuracy": 1.0,
            "robustness": 0.0,
            "lost_number": 0.0,
            "reliability": 1.0,
        }


def test_accuracy_leaves_out_ten_frames_from_each_initialisation_and_coded_frames() -> None:
    text = "I" + "-" * 9 + "." * 4 + "FSSSS" + "I" + "-" * 9 + "," * 4
    assert scores("vot-toolkit", text)["accuracy"] == pytest.approx((1.0 + 0.81) / 2)


def test_accuracy_is_nan_officially_and_0_in_the_toolkit_where_no_frame_counts() -> None:
    assert np.isnan(scores("vot-official", "I....FSSSS")["accuracy"])
    assert scores("vot-toolkit", "I....FSSSS")["accuracy"] == 0.0


def test_robustness_is_100_failures_per_frame_or_failures_weighted_by_length() -> None:
    long, short = sequence(40, "long"), sequence(20, "short")
    runs = {"long": run("I" + "." * 19 + "FSSSSI" + "." * 14), "short": run("I" + "." * 19)}
    for convention, expected in (("vot-official", 100 * 1 / 60), ("vot-toolkit", 1 * 40 / 60)):
        of = measure(convention, long, short)
        total = sum(of.statistics(video, [runs[video.name]]) for video in (long, short))
        values = of.finish(np.asarray(total))
        assert values["robustness"] == pytest.approx(expected)
        assert values["lost_number"] == 1
        failures_per_frame = 1 / 60 if convention == "vot-official" else expected / 30
        assert values["reliability"] == pytest.approx(np.exp(-30 * failures_per_frame))


def test_accuracy_pools_frames_officially_and_weights_sequences_by_length_in_the_toolkit() -> None:
    long, short = sequence(40, "long"), sequence(20, "short")
    runs = {"long": run("I" + "." * 39), "short": run("I" + "-" * 19)}
    for convention, expected in (("vot-official", 30 / 40), ("vot-toolkit", 40 / 60)):
        of = measure(convention, long, short)
        total = sum(of.statistics(video, [runs[video.name]]) for video in (long, short))
        assert of.finish(np.asarray(total))["accuracy"] == pytest.approx(expected)


# --- EAO --------------------------------------------------------------------------------------------------------------


def test_the_curve_is_the_mean_overlap_of_the_frames_after_an_initialisation() -> None:
    video = sequence(5)
    of = measure("vot-toolkit", video)
    curve = of.finish_curves(of.statistics(video, [run("I.-.-")]))["eao"]
    assert curve == pytest.approx([0, 1, 1 / 2, 2 / 3, 2 / 4])


def test_the_official_interval_begins_one_point_earlier() -> None:
    assert scores("vot-toolkit", "I.-.-", low=2, high=4)["eao"] == pytest.approx((1 / 2 + 2 / 3 + 2 / 4) / 3)
    assert scores("vot-official", "I.-.-", low=2, high=4)["eao"] == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)


def test_fragments_that_end_in_failure_count_0_up_to_the_longest_sequence() -> None:
    video, longest = sequence(12), sequence(16, "longest")
    toolkit = measure("vot-toolkit", video, longest)
    of = dataclasses.replace(toolkit, rules=dataclasses.replace(toolkit.rules, curve_end="longest-sequence"))
    curve = of.finish_curves(of.statistics(video, [run("I..FSSSSI...")]))["eao"]
    # Beyond 3 frames only the padded fragment is left: its overlaps are 1, 1 and then nothing.
    padded = [1.0, 1.0, *(2 / j for j in range(3, 16))]
    assert curve[1:4] == pytest.approx([(padded[j] + 1) / 2 for j in range(3)])
    assert curve[4:] == pytest.approx(padded[3:])
    # The toolkit's own curve ends with the tracker's longest fragment.
    ended = toolkit.finish_curves(toolkit.statistics(video, [run("I..FSSSSI...")]))["eao"]
    assert ended[1:4] == pytest.approx(curve[1:4])
    assert np.isnan(ended[4:]).all()


def test_a_fragment_whose_next_start_would_be_the_first_frame_after_the_end_counts_a_little_less() -> None:
    video, other = sequence(8), sequence(8, "other")
    failing, perfect = run("I..FSSSS"), run("I.......")
    of = measure("pysot-vot", video, other)
    curve = of.finish_curves(of.statistics(video, [failing]) + of.statistics(other, [perfect]))["eao"]
    weight = 8 / 9
    assert curve[7] == pytest.approx((weight * 2 / 7 + 1) / (weight + 1))


def test_lengths_that_no_fragment_reaches_are_left_out_and_not_taken_for_0() -> None:
    short, longest = sequence(4, "short"), sequence(30, "longest")
    of = measure("vot-toolkit", short, longest, low=2, high=20)
    row = of.statistics(short, [run("I...")])
    assert of.finish(row)["eao"] == 1.0
    assert np.isnan(of.finish_curves(row)["eao"][4:]).all()


def test_repetitions_are_averaged() -> None:
    video = sequence(20)
    for convention in SUPERVISED:
        of = measure(convention, video)
        once = of.statistics(video, [run("I" + "." * 12 + "," * 7)])
        again = of.finish(of.statistics(video, [run("I" + "." * 12 + "," * 7)] * 15))
        for key, value in of.finish(once).items():
            assert again[key] == pytest.approx(value)
        if convention == "pysot-vot":  # it reads all of 15 repetitions, and the first of any other number
            continue
        mixed = of.finish(of.statistics(video, [run("I" + "." * 19), run("I" + "-" * 19)]))
        assert mixed["accuracy"] == pytest.approx(0.5)
        assert mixed["eao"] == pytest.approx(0.5)


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(st.text(".,-", min_size=1, max_size=30), min_size=1, max_size=4),
    weights=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    convention=st.sampled_from(sorted(SUPERVISED)),
)
def test_resampling_sequences_is_adding_rows(texts: list[str], weights: list[int], convention: str) -> None:
    videos = [sequence(len(text) + 1, str(i)) for i, text in enumerate(texts)]
    of = measure(convention, *videos)
    rows = np.stack([of.statistics(v, [run("I" + text)]) for v, text in zip(videos, texts, strict=True)])
    drawn = np.repeat(np.arange(len(texts)), weights[: len(texts)])
    one_by_one = rows[drawn].sum(axis=0)
    at_once = np.asarray(weights[: len(texts)]) @ rows
    for key, value in of.finish(at_once).items():
        assert value == pytest.approx(of.finish(one_by_one)[key], nan_ok=True)


@settings(deadline=None, max_examples=30)
@given(text=st.text(".,-", min_size=4, max_size=30), worse=st.integers(0, 29))
def test_a_lower_overlap_never_raises_any_point_of_the_curve(text: str, worse: int) -> None:
    video = sequence(len(text) + 1)
    of = measure("vot-official", video)
    place = worse % len(text)
    lowered = text[:place] + "-" + text[place + 1 :]
    before, after = (of.finish_curves(of.statistics(video, [run("I" + t)]))["eao"] for t in (text, lowered))
    assert (after <= before + 1e-12).all()


def test_the_row_does_not_depend_on_other_sequences_but_for_their_greatest_length() -> None:
    video = sequence(12)
    text = "I..FSSSSI..."
    alone = measure("vot-official", video, sequence(30, "long")).statistics(video, [run(text)])
    among = measure("vot-official", video, sequence(30, "a"), sequence(17, "b")).statistics(video, [run(text)])
    assert (alone == among).all()


# --- tags -------------------------------------------------------------------------------------------------------------


def test_tags_weight_fragments_by_their_share_and_count_frames_and_failures_that_carry_them() -> None:
    marks = np.zeros(40, dtype=bool)
    marks[:20] = True
    video = sequence(40, tags={"occlusion": marks, "size_change": np.zeros(0, dtype=bool)})
    of = measure("vot-official", video, low=2, high=2)
    rows = of.tag_statistics(video, [run("I" + "." * 14 + "FSSSSI" + "," * 19)])
    occluded, empty = of.finish(rows["occlusion"]), of.finish(rows["empty"])
    assert (occluded["accuracy"], occluded["lost_number"]) == (1.0, 1.0)
    assert empty["lost_number"] == 0.0
    assert empty["accuracy"] < 1.0
    assert set(rows) == {
        "all",
        "camera_motion",
        "illum_change",
        "motion_change",
        "occlusion",
        "size_change",
        "empty",
    }
    assert rows["all"] == pytest.approx(of.statistics(video, [run("I" + "." * 14 + "FSSSSI" + "," * 19)]))
    assert all(np.isnan(value) for value in of.finish(rows["size_change"]).values())


def test_an_empty_tag_list_marks_no_frame_and_a_short_one_none_beyond_its_end() -> None:
    tags = frame_tags(sequence(4, tags={"occlusion": np.zeros(0, bool), "camera_motion": np.array([True, True])}))
    assert tags.present == ("all", "camera_motion", "empty")
    assert tags.absent == ("illum_change", "motion_change", "occlusion", "size_change")
    assert tags.marks.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]]


# --- runs that do not fit ---------------------------------------------------------------------------------------------


def test_the_official_rule_scores_what_both_have_and_says_so() -> None:
    video = sequence(20)
    of = measure("vot-official", video)
    assert "the last 2 frames are not scored" in of.check(video, run("I" + "." * 17))
    assert "the last 3 lines are not scored" in of.check(video, run("I" + "." * 22))
    assert of.finish(of.statistics(video, [run("I" + "." * 22)]))["accuracy"] == 1.0
    assert of.finish(of.statistics(video, [run("I" + "." * 17)]))["accuracy"] == 1.0


def test_the_toolkit_refuses_another_length_unless_it_is_told_what_to_do() -> None:
    video, short = sequence(20), run("I" + "." * 17)
    of = measure("vot-toolkit", video)
    with pytest.raises(InputError, match=r"18 lines for the 20 frames of one.*--on-mismatch"):
        of.statistics(video, [short])
    cut, padded = of.relaxed("truncate"), of.relaxed("pad")
    assert cut.finish(cut.statistics(video, [short]))["accuracy"] == 1.0
    assert padded.finish(padded.statistics(video, [short]))["accuracy"] == pytest.approx(8 / 10)
    assert padded.pins["len"] == "pad"


def test_runs_of_another_protocol_and_damaged_codes_are_noticed() -> None:
    video = sequence(20)
    of = measure("vot-official", video)
    assert "not results of the supervised protocol" in of.check(video, run("." * 20))
    assert "not followed by an initialisation" in of.check(video, run("I" + "." * 5 + "F" + "." * 13))
    assert of.check(video, run("I" + "." * 5 + "FSSSSI" + "." * 8)) == ""
    assert of.check(video, run("I" + "." * 14 + "FSSSS")) == ""


def test_an_unknown_image_size_is_said_and_nothing_is_clipped() -> None:
    video = dataclasses.replace(sequence(12), image_size=None)
    assert "not clipped" in measure("vot-official", video).check(video, run("I" + "." * 11))


@settings(deadline=None, max_examples=60)
@given(st.text("ISF.,-", min_size=1, max_size=30), st.sampled_from(sorted(SUPERVISED)))
def test_any_sequence_of_codes_and_regions_is_scored_within_bounds(text: str, convention: str) -> None:
    video = sequence(len(text))
    of = measure(convention, video, low=1, high=20)
    of.check(video, run(text))
    values = of.finish(of.statistics(video, [run(text)]))
    for metric in of.metrics:
        assert np.isnan(values[metric.key]) or metric.low <= values[metric.key] <= metric.high + 1e-12


# --- many sequences at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convention", ["vot-official", "pysot-vot", "vot-toolkit"])
def test_runs_that_are_drawn_together_have_the_scores_of_each_alone(convention: str) -> None:
    """Images of several sizes or of none, polygons, repetitions, and runs that are too short."""
    generator = np.random.default_rng(5)
    videos, runs = [], []
    for number in range(11):
        frames = 12 + number % 3
        boxes = np.column_stack([generator.uniform(0, 30, (frames, 2)), generator.uniform(5, 30, (frames, 2))])
        quads = [np.array([x, y + 2, x + w, y, x + w + 3, y + h, x, y + h]) for x, y, w, h in boxes]
        regions = [tuple(boxes), tuple(quads), None][number % 3]
        size = None if number == 7 else (30 + number, 60 - number)
        videos.append(Sequence(f"s{number}", boxes, regions=regions, image_size=size))
        near = boxes + generator.uniform(-3, 3, boxes.shape)
        given = [Trajectory((Code.INITIALIZED, *near[1 : frames - 2 * (number == 4)])), Trajectory(tuple(boxes))]
        runs.append(given[: 1 + number % 2])
    alone, together = (measure(convention, *videos).relaxed("truncate") for _ in range(2))
    assert isinstance(together, SupervisedMeasure)
    expected = [alone.statistics(*pair) for pair in zip(videos, runs, strict=True)]
    fresh = [[dataclasses.replace(one) for one in several] for several in runs]
    together.prepare(videos, fresh)
    assert [[len(one._drawn) for one in several] for several in fresh][:8:2] == [[1], [1], [0], [1]]
    np.testing.assert_array_equal(
        [together.statistics(*pair) for pair in zip(videos, fresh, strict=True)], np.stack(expected)
    )
