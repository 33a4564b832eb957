"""Statistics of published trackers, to compare with offline, and how they are made."""
