"""Python classes of a user's own as our trackers: in whatever style they are written, each in a process of its own.

`tracker` is this program's side and `serve` the other one, which alone imports the class; `wire` is what lies between.
"""
