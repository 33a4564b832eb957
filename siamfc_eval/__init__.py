"""Evaluate Siamese single-object trackers on VOT, OTB and their kin.

Importing this package costs nothing: numpy, torch, OpenCV and matplotlib load when a part that needs them is used.
"""

__version__ = "0.1.0"
