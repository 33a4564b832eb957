"""The colours by which trackers are distinguished, in figures, pages and on frames."""

from __future__ import annotations

# Okabe and Ito's palette: distinguished by people with any of the common colour blindnesses.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#767676", "#8C8C00")
