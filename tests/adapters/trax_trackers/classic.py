"""A tracker script as repositories ship them, on the classic vot.py; answers further to the right each time."""

import sys

from siamfc_eval.adapters import vot

handle = vot.VOT(sys.argv[1] if len(sys.argv) > 1 else "rectangle")
region = handle.region()
image = handle.frame()
print("this line must not reach the protocol")  # noqa: T201
step = 0
speed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
while image:
    image = handle.frame()
    if not image:
        break
    step += 1
    if isinstance(region, vot.Rectangle):
        handle.report(vot.Rectangle(region.x + speed * step, region.y, region.width, region.height), 0.5)
    else:
        handle.report(vot.Polygon([vot.Point(x + step, y) for x, y in region.points]), 0.5)
