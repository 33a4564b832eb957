"""Trackers with the `init`/`update` interface, to be served as `ours.py:NAME`."""


class Follower:
    """Goes one pixel to the right each frame; prints, as published code does."""

    name = "follower"
    is_deterministic = True

    def init(self, image, box):
        print("initialised on", image.size)  # noqa: T201
        self.box = list(box)

    def update(self, image):
        self.box[0] += 1
        return self.box


class Failing(Follower):
    """Raises on its second frame."""

    def update(self, image):
        if self.box[0] >= 2:
            raise ZeroDivisionError("a bug\nin this tracker")
        return super().update(image)


class Summing(Follower):
    """Answers with the sum of all values of the image, in two parts, and its size."""

    def update(self, image):
        total = sum(index % 256 * count for index, count in enumerate(image.histogram()))
        return [total // 1000, total % 1000, *image.size]
