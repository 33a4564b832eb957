"""A tracker that loses its target: the start box, carried off faster each frame. Knows nothing of this package."""

import sys

import trax

server = trax.Server(["rectangle"], ["path"], ["color"], "drifting")
speed = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
box, frames = (0.0, 0.0, 0.0, 0.0), 0
while True:
    request = server.wait()
    if request.type == trax.TraxStatus.QUIT:
        break
    if request.type == trax.TraxStatus.INITIALIZE:
        box, frames = request.objects[0][0].bounds(), 0
    else:
        frames += 1
    x, y, width, height = box
    moved = trax.Rectangle.create(x + speed * frames, y - speed * frames / 3, width, height)
    server.status([(moved, {"confidence": str(1 / (1 + frames))})])
