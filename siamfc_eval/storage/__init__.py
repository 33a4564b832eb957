"""Files of our own: the one way in which they are written, the cache between processes, JSON, and what is wrong with
values that somebody wrote by hand."""
