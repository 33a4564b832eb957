"""Paired permutation tests that resolve any p-value: exact for few sequences, else by importance sampling.

Two trackers are exchangeable on every sequence under the hypothesis of no difference, so each way of swapping them is
equally likely and p is the share of swaps whose difference is at least the observed one. With n sequences p can be as
small as 2 / 2^n, and after Holm's correction for hundreds of pairs so small a p matters; plain random swaps never get
below one over their number. Here swaps are drawn *tilted*, more often in favour of the better tracker by as much as
makes the observed difference typical, and each is weighted by how much more often that made it come up (importance
sampling, as Johns 1988 does for the bootstrap). The estimate is unbiased for any score, sums or not, and some hundred
draws give p to a few per cent, be it .3 or 1e-20. The tilt is made for the sum that is nearest to the score. Where a
score is so far from one, as EAO can be, that tilted swaps do not get there or give a hundredth of it or less, p is the
tail of a normal distribution with the spread that untilted swaps have. A score of long rows is drawn in its coarse
form, to which is added what that lacks to first order, wherever the two agree on a trial.
"""

from __future__ import annotations

from math import ldexp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.comparison.resampling import Finish, Floats, effects, near
from siamfc_eval.metrics.scores import Reduction

_EXACT = 2**13
"""Most swaps that are all tried."""
_DRAWS = 2000
_BATCH = 250
_PRECISE = 0.05
"""Standard error, as a share of p, at which drawing stops."""
_ROUGH = 0.2
"""The same for a first estimate of a score that is no sum, which tells clear pairs from close ones."""
_COARSE = 0.3
"""Standard error, as a share of p, from which p counts as not resolved."""
_HOPELESS = 750
"""Draws after which a score that is no sum, and that tilting does not help with, is left to a normal tail."""
_ROUNDING = 1e-12
"""A tie with the observed difference must not become a miss."""
_CHECKS = 16
"""Random swaps on which a score is tried for being a sum over sequences."""


_SMALL = 1e-3
"""p below which a score that is no sum must not be far below a normal tail."""
_AGREES = 100.0


class PValue(NamedTuple):
    """A p-value, or what it is known to be below."""

    p: float
    """In (0, 1]; NaN where a score is not finite."""
    resolved: bool = True
    """False: all that is known is that p is less than this."""


class SwapTest:
    """Two-sided paired permutation tests of pairs of trackers on the same sequences, by the same random numbers."""

    def __init__(self, sequences: int, finish: Finish, seed: int, coarse: Reduction | None = None) -> None:
        """For rows of shape (sequences, k); see `Finish`, and `Coarsened` for a rough form of it."""
        self.finish = finish
        self._coarse = coarse
        uniform = np.random.default_rng(seed).random((_DRAWS, sequences))
        self._draws = _Draws(uniform, _signs(uniform[:_HOPELESS] < 0.5))

    def __call__(self, rows_a: Floats, rows_b: Floats, rough: bool = False) -> PValue:
        """The p-value of the difference of two trackers' scores.

        Args:
            rows_a, rows_b: shape (sequences, k), statistics of each sequence.
            rough: a standard error of a fifth of p will do.
        """
        sum_a, sum_b = rows_a.sum(axis=0), rows_b.sum(axis=0)
        observed = float(self.finish(sum_a) - self.finish(sum_b))
        if not np.isfinite(observed):
            return PValue(np.nan)
        if observed < 0:
            rows_a, rows_b, observed = rows_b, rows_a, -observed
        half = rows_a - rows_b
        differ = half.any(axis=1)
        half = half if differ.all() else half[differ]
        half /= 2
        middle = (sum_a + sum_b) / 2
        swaps = _Swaps(self.finish, middle, half, observed - _ROUNDING)
        if 2 ** len(half) <= _EXACT:
            return PValue(swaps.exact())
        return swaps.sampled(self._draws.first(len(half)), rough, self._coarse)


class _Draws(NamedTuple):
    """Random numbers for all pairs of trackers."""

    uniform: Floats
    """Shape (draws, n), in [0, 1)."""
    even: Floats
    """Signs from the first of these that are as often 1 as -1."""

    def first(self, sequences: int) -> _Draws:
        return _Draws(self.uniform[:, :sequences], self.even[:, :sequences])


class _Swaps(NamedTuple):
    """One pair of trackers; only sequences on which they differ."""

    finish: Finish
    middle: Floats
    """Shape (k,): the mean of both trackers' sums."""
    half: Floats
    """Shape (n, k): what a sequence moves the better tracker's sums away from the middle."""
    bound: float
    """The observed difference, > 0 but for rounding."""
    lacking: Floats | None = None
    """Shape (n,): what not swapping a sequence adds to a difference of coarse scores; None: these are not coarse."""

    def differences(self, signs: Floats) -> Floats:
        """Shape (draws,): the differences after swaps; signs has shape (draws, n), -1 where the two are swapped."""
        moved = signs @ self.half
        upper = self.finish(self.middle + moved)
        found = np.asarray(upper - self.finish(np.subtract(self.middle, moved, out=moved)))
        return found if self.lacking is None else found + signs @ self.lacking

    def coarsened(self, coarse: Reduction, each: Floats, trial: Floats, exact: Floats) -> _Swaps:
        """The same test by a coarse form of the score, to which is added what it lacks to first order.

        Its p-values are exact themselves, for it turns round as well when everything is swapped; and they are near to
        those of the score where it is on a trial. Else this test is returned.

        Args:
            coarse: see `Coarsened`.
            each: shape (n,), what each sequence does to the difference.
            trial: shape (m, n), random signs, but that the first swap nothing.
            exact: shape (m,), the differences after these swaps.
        """
        middle, half = coarse.reduce(self.middle), coarse.reduce(self.half)
        lacking = each - effects(coarse.finish, middle, half)
        swaps = _Swaps(coarse.finish, middle, half, self.bound, lacking)
        found = swaps.differences(trial)
        if not near(found, exact, float(np.std(exact[1:]))):
            return self
        return swaps._replace(bound=float(found[0]) - _ROUNDING)

    def exact(self) -> float:
        """p from all swaps."""
        count = len(self.half)
        signs = _signs((np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 0)
        return float(np.mean(np.abs(self.differences(signs)) >= self.bound))

    def sampled(self, draws: _Draws, rough: bool, coarse: Reduction | None) -> PValue:
        """p from tilted swaps."""
        from scipy.special import expit

        each = np.nan_to_num(effects(self.finish, self.middle, self.half), nan=0.0, posinf=0.0, neginf=0.0)
        # None is swapped in the first row: it has the observed difference.
        trial = draws.even[:_CHECKS].copy()
        trial[0] = 1.0
        exact = self.differences(trial)
        is_sum = bool((np.abs(exact - trial @ each) <= 10 * _ROUNDING).all())
        if is_sum and self.bound >= np.abs(each).sum() - 20 * _ROUNDING:
            return PValue(ldexp(1.0, 1 - int(np.count_nonzero(each))))  # only all sequences together get there
        tilt = _tilt(each, self.bound)
        # Log of the sum over all swaps of exp(tilt * difference), over their number.
        cumulant = float(np.sum(np.logaddexp(tilt * each, -tilt * each) - np.log(2.0)))
        favoured = expit(2.0 * tilt * each)
        precise = _PRECISE if is_sum else _ROUGH if rough else 2 * _PRECISE
        hopeless = _BATCH if rough else _HOPELESS
        swaps = self if coarse is None or is_sum else self.coarsened(coarse, each, trial, exact)
        drawn, total, squares = 0, 0.0, 0.0
        for start in range(0, _DRAWS, _BATCH):
            signs = _signs(draws.uniform[start : start + _BATCH] < favoured)
            linear = signs @ each
            reached = linear >= self.bound if is_sum else swaps.differences(signs) >= swaps.bound
            weights = np.exp(np.minimum(cumulant - tilt * linear[reached], 300.0))
            drawn, total, squares = drawn + len(signs), total + float(weights.sum()), squares + float(weights @ weights)
            mean = total / drawn
            error = (max(squares / drawn - mean**2, 0.0) / drawn) ** 0.5
            if (mean > 0 and error <= precise * mean) or (not is_sum and drawn >= hopeless and error > mean / 2):
                break
        # Swapping everything turns a difference round, so both tails are alike.
        if mean > 0 and error <= _COARSE * mean:
            found = PValue(min(max(2.0 * mean, ldexp(1.0, 1 - len(each))), 1.0))
            if is_sum or found.p >= _SMALL:
                return found
            # Where tilting leads to a corner that is not the only one, its error looks small and p is far too small.
            normal = swaps.normal_tail(draws.even[:hopeless])
            return found if found.p >= normal.p / _AGREES else normal
        if is_sum:
            return PValue(min(2.0 * float(np.exp(cumulant - tilt * self.bound)), 1.0), resolved=False)  # Chernoff's
        return swaps.normal_tail(draws.even[:hopeless])

    def normal_tail(self, signs: Floats) -> PValue:
        """p from swaps that are all equally likely where some get there, else from a normal tail of their spread."""
        from scipy.special import ndtr

        found = np.abs(self.differences(signs))
        reached = int(np.sum(found >= self.bound))
        if reached >= 1 / _COARSE**2:
            return PValue((reached + 1) / (len(found) + 1))
        spread = float(np.mean(found[np.isfinite(found)] ** 2)) ** 0.5
        if spread == 0:
            return PValue((reached + 1) / (len(found) + 1), resolved=False)
        return PValue(max(2.0 * float(ndtr(-self.bound / spread)), ldexp(1.0, 1 - len(self.half))))


def _signs(stay: NDArray[np.bool_]) -> Floats:
    return np.asarray(2.0 * stay - 1.0, dtype=np.float64)


def _tilt(each: Floats, wanted: float) -> float:
    """The tilt under which sums of `each` with random signs have the mean `wanted`: Newton's steps from below."""
    size = np.abs(each)
    wanted = min(max(wanted, 0.0), float(size.sum()) * (1 - 1e-9))
    tilt = 0.0
    for _ in range(60):
        reached = np.tanh(tilt * size)
        slope = float(np.sum(size**2 * (1 - reached**2)))
        missing = wanted - float(size @ reached)
        if slope <= 0 or missing <= 1e-4 * wanted:
            break
        tilt += missing / slope
    return tilt
