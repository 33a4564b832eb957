"""Rasterised overlap: the rules of both toolkits pixel by pixel, its limits, and the traps of released toolkits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry import convex
from siamfc_eval.geometry.raster import Rasteriser, overlap, overlaps, pack_regions, packed_overlaps

RASTERISERS: tuple[Rasteriser, ...] = ("vot-official", "vot-toolkit")
both = pytest.mark.parametrize("rasteriser", RASTERISERS)
patient = settings(deadline=None, max_examples=30)

# Quarters are exact in single precision, and no half is among them, whose rounding depends on where it is.
quarters = st.builds(lambda whole, part: whole + part, st.integers(-20, 60), st.sampled_from([0.0, 0.25, 0.75]))
anything = st.floats(-20, 60, width=32)


def rectangles(number: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    return st.tuples(number, number, st.floats(0, 40, width=16), st.floats(0, 40, width=16)).map(np.array)


def polygons(number: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    """Any corners in any order, so also crossing, thin and degenerate ones."""
    return st.sampled_from([6, 8, 8, 8, 10, 12]).flatmap(
        lambda size: st.lists(number, min_size=size, max_size=size).map(np.array)
    )


regions = st.one_of(rectangles(anything), polygons(anything))
exact_regions = st.one_of(
    st.tuples(quarters, quarters, st.integers(1, 40), st.integers(1, 40)).map(lambda box: np.array(box, dtype=float)),
    polygons(quarters),
)
image = st.one_of(st.none(), st.tuples(st.integers(1, 50), st.integers(1, 50)))


# --- a brute-force rasteriser: bitmaps, one pixel at a time -----------------------------------------------------------


def half_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def corners_of(region: np.ndarray, rasteriser: str) -> list[tuple[float, float]]:
    single = [float(np.float32(value)) for value in region]
    if len(region) > 4:
        points = list(zip(single[0::2], single[1::2], strict=True))
        return points if rasteriser == "vot-official" else [(float(round(x)), float(round(y))) for x, y in points]
    x, y, w, h = region
    if w <= 0 or h <= 0:
        return []
    if rasteriser == "vot-official":
        left, top, right, bottom = (float(np.float32(value)) for value in (x, y, x + w, y + h))
    else:
        left, top, wide, high = (float(round(value)) for value in single)
        if wide < 1 or high < 1:
            return []
        right, bottom = left + wide - 1, top + high - 1
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def draw(region: np.ndarray, rasteriser: str, raster: tuple[int, int, int, int]) -> np.ndarray:
    """The bitmap of a region in the raster with origin x, y and so many columns and rows."""
    x, y, width, height = raster
    bitmap = np.zeros((height, width), dtype=bool)
    official = rasteriser == "vot-official"
    points = [(px - x, py - y) for px, py in corners_of(region, rasteriser)]
    if official:
        points = [(half_away(float(np.float32(px))), half_away(float(np.float32(py)))) for px, py in points]
    if len(region) == 4 and not official:
        for row in range(height):
            for column in range(width):
                bitmap[row, column] = points[0][0] <= column <= points[1][0] and points[0][1] <= row <= points[2][1]
        return bitmap
    for row in range(height):
        nodes = []
        for (x0, y0), (x1, y1) in zip(points[-1:] + points[:-1], points, strict=True):
            if y0 == y1 == row and not official:
                nodes.append(int(x1))
            elif y0 != y1 and min(y0, y1) <= row <= max(y0, y1):
                nodes.append(int(x1 + (row - y1) / (y0 - y1) * (x0 - x1)))
        nodes.sort()
        i = 0
        while i + 1 < len(nodes):
            last_pair = i + 2 == len(nodes)
            if nodes[i] == nodes[i + 1] and (official or not last_pair):
                i += 1
                continue
            for column in range(max(nodes[i], 0), min(nodes[i + 1], width - 1) + 1):
                bitmap[row, column] = True
            i += 2
    return bitmap


def brute_force(a: np.ndarray, b: np.ndarray, bounds: tuple[int, int] | None, rasteriser: str) -> float:
    official = rasteriser == "vot-official"
    boxes = []
    for region in (a, b):
        points = corners_of(region, rasteriser)
        if not points:
            return 0.0
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        box = [math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)), math.ceil(max(ys))]
        if bounds is not None:
            last = (bounds[0], bounds[1]) if official else (bounds[0] - 1, bounds[1] - 1)
            box = [max(box[0], 0), max(box[1], 0), min(box[2], last[0]), min(box[3], last[1])]
        boxes.append(box)
    (l0, t0, r0, b0), (l1, t1, r1, b1) = boxes
    across, down = min(r0, r1) - max(l0, l1), min(b0, b1) - max(t0, t1)
    if across < 0 or down < 0 or (official and (across == 0 or down == 0)):
        return 0.0
    x, y = min(l0, l1), min(t0, t1)
    shape = (x, y, max(r0, r1) - x + 1, max(b0, b1) - y + 1)
    one, other = draw(a, rasteriser, shape), draw(b, rasteriser, shape)
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 0.0


@both
@patient
@given(a=regions, b=regions, bounds=image)
def test_agrees_with_a_brute_force_rasteriser(
    a: np.ndarray, b: np.ndarray, bounds: tuple[int, int] | None, rasteriser: Rasteriser
) -> None:
    assert overlap(a, b, bounds, rasteriser) == brute_force(a, b, bounds, rasteriser)


# --- properties -------------------------------------------------------------------------------------------------------


@both
@patient
@given(a=regions, b=regions, bounds=image)
def test_is_symmetric_and_between_0_and_1(
    a: np.ndarray, b: np.ndarray, bounds: tuple[int, int] | None, rasteriser: Rasteriser
) -> None:
    value = overlap(a, b, bounds, rasteriser)
    assert 0.0 <= value <= 1.0
    assert value == overlap(b, a, bounds, rasteriser)


@both
@patient
@given(a=exact_regions, b=exact_regions, dx=st.integers(-50, 50), dy=st.integers(-50, 50))
def test_does_not_change_when_both_regions_move_by_whole_pixels(
    a: np.ndarray, b: np.ndarray, dx: int, dy: int, rasteriser: Rasteriser
) -> None:
    def move(region: np.ndarray) -> np.ndarray:
        step = [dx, dy, 0, 0] if len(region) == 4 else [dx, dy] * (len(region) // 2)
        return region + np.array(step, dtype=float)

    assert overlap(move(a), move(b), None, rasteriser) == overlap(a, b, None, rasteriser)


@both
@settings(deadline=None, max_examples=15)
@given(
    angles=st.tuples(st.floats(0, 3), st.floats(0, 3)),
    sizes=st.tuples(*[st.floats(0.3, 2)] * 4),
    shift=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    corners=st.integers(3, 7),
)
def test_approaches_the_exact_area_as_regions_grow(
    angles: tuple[float, float],
    sizes: tuple[float, float, float, float],
    shift: tuple[float, float],
    corners: int,
    rasteriser: Rasteriser,
) -> None:
    scale = 800.0
    pair = []
    for angle, wide, high, (dx, dy) in zip(angles, sizes[::2], sizes[1::2], ((0, 0), shift), strict=True):
        turn = angle + np.arange(corners) * 2 * np.pi / corners
        pair.append(scale * np.stack([3 + wide * np.cos(turn) + dx, 3 + high * np.sin(turn) + dy], axis=1))
    one, other = (Polygon(points) for points in pair)
    exact = one.intersection(other).area / one.union(other).area
    drawn = overlap(pair[0].reshape(-1), pair[1].reshape(-1), None, rasteriser)
    border = (one.length + other.length) / one.union(other).area
    assert drawn == pytest.approx(exact, abs=2.5 * border)


# --- what the rules say -----------------------------------------------------------------------------------------------


def as_polygon(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.array([x, y, x + w, y, x + w, y + h, x, y + h], dtype=float)


@pytest.mark.parametrize(("rasteriser", "expected"), [("vot-official", 1.0), ("vot-toolkit", 100 / 121)])
def test_a_rectangle_and_its_own_polygon(rasteriser: Rasteriser, expected: float) -> None:
    assert overlap(np.array([10.0, 10, 10, 10]), as_polygon(10, 10, 10, 10), (100, 100), rasteriser) == expected


@pytest.mark.parametrize(("rasteriser", "expected"), [("vot-official", 6 / 16), ("vot-toolkit", 5 / 15)])
def test_the_border_counts_in_one_rule_and_not_in_the_other(rasteriser: Rasteriser, expected: float) -> None:
    a, b = np.array([10.0, 10, 10, 10]), np.array([15.0, 10, 10, 10])
    assert overlap(a, b, None, rasteriser) == pytest.approx(expected)


def test_official_rounds_halves_up_and_the_toolkit_to_even() -> None:
    a, b = np.array([0.0, 0, 10, 10]), np.array([0.0, 2.5, 10, 10])
    # Rows 0 .. 10 and 3 .. 13 (2.5 -> 3, 12.5 -> 13); rows 0 .. 9 and 2 .. 11.
    assert overlap(a, b, None, "vot-official") == pytest.approx(8 / 14)
    assert overlap(a, b, None, "vot-toolkit") == pytest.approx(8 / 12)


def test_bounds_name_the_last_column_officially_and_the_number_of_columns_in_the_toolkit() -> None:
    a, b = np.array([0.0, 0, 20, 5]), np.array([0.0, 0, 8, 5])
    assert overlap(a, b, (10, 100), "vot-official") == pytest.approx(9 / 11)
    assert overlap(a, b, (10, 100), "vot-toolkit") == pytest.approx(8 / 10)


# --- traps ------------------------------------------------------------------------------------------------------------

BOX = np.array([10.0, 10, 20, 20])
FAR = 3e38
NOTHING = {
    "disjoint boxes one pixel wide, in one column": (np.array([5.0, 0, 1, 1]), np.array([5.0, 50, 1, 1])),
    "disjoint boxes one pixel wide, in one row": (np.array([0.0, 5, 1, 1]), np.array([50.0, 5, 1, 1])),
    "disjoint lines": (as_polygon(5, 0, 0, 1), as_polygon(5, 50, 0, 1)),
    "both outside the image, on one side": (np.array([200.0, 10, 20, 20]), np.array([205.0, 10, 20, 20])),
    "both left of the image": (np.array([-80.0, 10, 20, 20]), np.array([-75.0, 10, 20, 20])),
    "both beyond the corner": (np.array([-80.0, -80, 20, 20]), np.array([200.0, 200, 20, 20])),
    "not a number": (BOX, np.array([10.0, np.nan, 20, 20])),
    "all not a number": (np.full(4, np.nan), np.full(4, np.nan)),
    "polygon not a number": (BOX, np.array([10.0, 10, np.nan, 10, 30, 30, 10, 30])),
    "infinite": (BOX, np.array([-np.inf, 0, np.inf, 50])),
    "too large for single precision": (BOX, np.array([-1e300, -1e300, 1e301, 1e301])),
    "no width": (BOX, np.array([10.0, 10, 0, 20])),
    "negative size": (BOX, np.array([30.0, 30, -20, -20])),
    "no region": (BOX, np.empty(0)),
    "two values": (BOX, np.array([1.0, 2.0])),
    "five values": (BOX, np.array([1.0, 2, 3, 4, 5])),
    "polygon of one point": (BOX, np.full(8, 300.0)),
}


@both
@pytest.mark.parametrize("trap", NOTHING)
def test_what_has_no_area_in_the_image_overlaps_nothing(trap: str, rasteriser: Rasteriser) -> None:
    a, b = NOTHING[trap]
    assert overlap(a, b, (100, 100), rasteriser) == 0.0
    assert overlap(b, a, (100, 100), rasteriser) == 0.0


@both
@pytest.mark.parametrize("size", [1e6, 1e12, 1e30, FAR])
def test_a_huge_region_is_clipped_without_being_drawn_outside(size: float, rasteriser: Rasteriser) -> None:
    huge_box, huge_polygon = np.array([-size / 2, -size / 2, size, size]), as_polygon(-size / 2, -size / 2, size, size)
    small = overlap(BOX, np.array([0.0, 0, 100, 100]), (100, 100), rasteriser)
    for huge in (huge_box, huge_polygon):
        assert overlap(BOX, huge, (100, 100), rasteriser) == pytest.approx(small, abs=0.002)


@both
def test_a_huge_region_without_an_image_overlaps_nothing(rasteriser: Rasteriser) -> None:
    assert overlap(BOX, np.array([-1e9, -1e9, 2e9, 2e9]), None, rasteriser) == 0.0


@both
@settings(deadline=None, max_examples=100)
@given(a=st.lists(st.floats(), max_size=13), b=st.lists(st.floats(), max_size=13), bounds=image)
def test_no_values_whatever_crash_it(
    a: list[float], b: list[float], bounds: tuple[int, int] | None, rasteriser: Rasteriser
) -> None:
    assert 0.0 <= overlap(np.array(a), np.array(b), bounds, rasteriser) <= 1.0


# --- lists ------------------------------------------------------------------------------------------------------------


@both
@patient
@given(pairs=st.lists(st.tuples(regions, regions), min_size=1, max_size=6), bounds=st.tuples(*[st.integers(5, 50)] * 2))
def test_lists_and_several_bounds_give_what_single_calls_give(
    pairs: list[tuple[np.ndarray, np.ndarray]], bounds: tuple[int, int], rasteriser: Rasteriser
) -> None:
    ones, others = [a for a, _ in pairs], [b for _, b in pairs]
    single = [overlap(a, b, bounds, rasteriser) for a, b in pairs]
    assert overlaps(ones, others, bounds, rasteriser).tolist() == single
    wider = (bounds[0] + 1, bounds[1] + 1)
    several = packed_overlaps(pack_regions(ones), pack_regions(others), [bounds, wider, bounds], rasteriser)
    assert several[0].tolist() == several[2].tolist() == single
    assert several[1].tolist() == [overlap(a, b, wider, rasteriser) for a, b in pairs]


@both
@patient
@given(
    pairs=st.lists(st.tuples(regions, regions, st.sampled_from([5, 30, 50, -3])), min_size=1, max_size=8),
)
def test_each_pair_of_a_list_may_have_bounds_of_its_own(
    pairs: list[tuple[np.ndarray, np.ndarray, int]], rasteriser: Rasteriser
) -> None:
    bounds = np.array([[(size, size + 4) for *_, size in pairs], [(size + 1, size + 5) for *_, size in pairs]])
    ones, others = pack_regions([a for a, *_ in pairs]), pack_regions([b for _, b, _ in pairs])
    found = packed_overlaps(ones, others, bounds, rasteriser)
    for row, more in zip(found, (0, 1), strict=True):
        single = [overlap(a, b, (size + more, size + 4 + more), rasteriser) for a, b, size in pairs]
        assert row.tolist() == single


def turned_rectangles(seed: int, count: int = 200) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Convex quadrangles with whole corners, and rectangles on them: many edges cross rows at whole columns."""
    random = np.random.default_rng(seed)
    quads, boxes = [], []
    for _ in range(count):
        centre, size = random.integers(20, 90, 2), random.integers(5, 40, 2)
        turns = np.sort(random.uniform(0, 2 * np.pi, 4))[:: random.choice([-1, 1])]
        corners = np.rint(centre + size * np.stack([np.cos(turns), np.sin(turns)], axis=1))
        quads.append(corners.reshape(-1))
        boxes.append(np.array([*(centre - size // 2), *size], dtype=float))
    return quads, boxes


@both
@pytest.mark.parametrize("seed", range(3))
def test_lists_drawn_in_the_image_are_what_pairs_drawn_by_themselves_are(seed: int, rasteriser: Rasteriser) -> None:
    quads, boxes = turned_rectangles(seed)
    sizes = [(119.0, 100.0), (60.0, 70.0)] * 100
    for ones, others in ((quads, boxes), (boxes, quads), (quads, quads[::-1]), (boxes, boxes[1:] + boxes[:1])):
        single = [overlap(a, b, (119, 100), rasteriser) for a, b in zip(ones, others, strict=True)]
        assert overlaps(ones, others, (119, 100), rasteriser).tolist() == single
        single = [overlap(a, b, size, rasteriser) for a, b, size in zip(ones, others, sizes, strict=True)]
        found = packed_overlaps(pack_regions(ones), pack_regions(others), np.array([sizes]), rasteriser)
        assert found[0].tolist() == single


@both
@pytest.mark.parametrize("rows", [1, 100])
def test_long_lists_of_all_kinds_are_drawn_part_by_part(
    rows: int, rasteriser: Rasteriser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convex, "_TOGETHER", rows)
    quads, boxes = turned_rectangles(seed=3, count=40)
    nothing = [np.full(4, np.nan), np.full(8, np.nan)]
    ones, others = quads + boxes + nothing + quads, boxes + boxes[::-1] + quads[:1] + nothing[:1] + quads[::-1]
    single = [overlap(a, b, (80, 70), rasteriser) for a, b in zip(ones, others, strict=True)]
    assert overlaps(ones, others, (80, 70), rasteriser).tolist() == single


@pytest.mark.parametrize(
    ("quad", "box"),
    [
        ([44.0, 46, 41, 60, 14, 66, 39, 16], [17.0, 23, 18, 35]),
        ([87.0, 39, 68, 57, 33, 49, 83, 24], [42.0, 25, 30, 23]),
        ([76.0, 54, 68, 59, 35, 54, 34, 26], [42.0, 29, 27, 22]),
    ],
)
def test_a_crossing_at_a_whole_column_is_rounded_as_where_the_pair_begins(quad: list[float], box: list[float]) -> None:
    """Of these, an edge meets a row at a whole column less one rounding, which the place of the pair's first column
    decides."""
    one, other = pack_regions([quad]), pack_regions([box])
    drawn = one.drawn("vot-toolkit", 119, 119)
    assert len(drawn.doubtful.owners)
    expected = overlap(np.array(quad), np.array(box), (120, 120), "vot-toolkit")
    assert packed_overlaps(one, other, [(120, 120)], "vot-toolkit").tolist() == [[expected]]


def test_a_missing_region_in_a_list_overlaps_nothing() -> None:
    assert overlaps([BOX, None], [BOX, BOX], None, "vot-official").tolist() == [1.0, 0.0]


def test_lists_of_unequal_length_are_refused() -> None:
    with pytest.raises(InputError, match="found 1 and 2"):
        overlaps([BOX], [BOX, BOX], None, "vot-official")


def test_an_unknown_rasteriser_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="vot-official"):
        overlaps([BOX], [BOX], None, "vot-offical")  # type: ignore[arg-type]
