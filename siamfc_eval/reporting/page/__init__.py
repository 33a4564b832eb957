"""The page of a report: its scripts, its styles, and the libraries that it carries along."""
