"""A tracker on vot-trax's own server: answers with every kind of region in turn, each 1 pixel further to the right."""

import sys

import numpy as np
import trax

many = "multi" in sys.argv
server = trax.Server(["rectangle", "polygon", "mask"], ["path"], ["color"], "answering", multiobject=many)
frames = 0
while True:
    request = server.wait()
    if request.type == trax.TraxStatus.QUIT:
        break
    frames = 0 if request.type == trax.TraxStatus.INITIALIZE else frames + 1
    left = 10.0 + frames
    if frames % 3 == 0:
        region = trax.Rectangle.create(left, 20.25, 30, 40)
    elif frames % 3 == 1:
        region = trax.Polygon.create([(left, 20.25), (left + 30, 20.25), (25.0, 60.25)])
    else:
        region = trax.Mask.create(np.pad(np.ones((40, 30), np.uint8), ((20, 3), (int(left), 4))), 0, 0)
    server.status([(region, {"confidence": 0.5, "note": 'said "so"\n'})])
