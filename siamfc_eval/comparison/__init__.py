"""Is the difference real? Intervals, tests and ranks from the statistics of each sequence."""
