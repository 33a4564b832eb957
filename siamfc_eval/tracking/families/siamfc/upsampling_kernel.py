"""Compiled kernel behind `siamfc_eval.tracking.families.siamfc.responses.upsample`.

Importing this module imports numba, which only compiling needs.
"""

# ruff: noqa: PLR0917 -- a kernel is called by position.
from __future__ import annotations

from siamfc_eval.compiled import Pointer


def enlarge(
    responses: Pointer,
    count: int,
    source: int,
    matrix: Pointer,
    turned: Pointer,
    size: int,
    line: Pointer,
    enlarged: Pointer,
) -> int:
    """matrix @ response @ matrix.T for every response, added up in one order whatever the processor.

    Args:
        responses: shape (count, source, source).
        count: how many there are.
        source: their side.
        matrix: shape (size, source).
        turned: shape (source, size), its transpose.
        size: side of the result.
        line: shape (source,), room for one row of matrix @ response.
        enlarged: shape (count, size, size), zeros; the result.

    Returns:
        The number of responses.
    """
    for index in range(count):
        response = index * source * source
        for row in range(size):
            for column in range(source):
                line[column] = 0
            for step in range(source):
                weight = matrix[row * source + step]
                for column in range(source):
                    line[column] += weight * responses[response + step * source + column]
            place = (index * size + row) * size
            for step in range(source):
                value = line[step]
                for column in range(size):
                    enlarged[place + column] += value * turned[step * size + column]
    return count
