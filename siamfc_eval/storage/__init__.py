"""Files of our own: the one way in which they are written, what is kept between processes, JSON, and what is wrong with
values that somebody wrote by hand."""
