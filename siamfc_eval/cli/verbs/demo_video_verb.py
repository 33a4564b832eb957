"""`siamfc-eval demo-video`: show a tracker at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.geometry.regions import Region


@click.command(epilog="Example: siamfc-eval demo-video ~/holiday.mp4 --box 310,120,60,90 --out holiday-tracked.mp4")
@click.argument("shown", metavar="[SOURCE]", required=False)
@click.option("--tracker", default="siamfc-slim", show_default=True, help="Name, .toml, FILE.py:CLASS or trax:COMMAND.")
@click.option("--box", metavar="X,Y,W,H", help="The target on the first frame, 0-based pixels. Default: ground truth.")
@click.option("--sequence", help="Which sequence of a data set; default: the first.")
@click.option("--out", type=click.Path(path_type=Path), help="Video file to write: .mp4, .avi, .mkv or .mov.")
@click.option("--show", is_flag=True, help="Show it in a window; Escape or q ends it.")
@click.option("--response", is_flag=True, help="Draw the response map too.")
@click.option("--length", type=click.IntRange(min=1), help="First frames only.")
@click.option("--fps", type=click.FloatRange(min=1, max=240), help="Frame rate of the video; default: the source's.")
@options.computing
@options.reading_weights
@options.timeout
@options.as_json
def command(
    *,
    shown: str | None,
    tracker: str,
    box: str | None,
    sequence: str | None,
    out: Path | None,
    show: bool,
    response: bool,
    length: int | None,
    fps: float | None,
    as_json: bool,
    **loading: Any,
) -> None:
    """Show a tracker on SOURCE: a folder of images, a sequence or data set, a video file, or the number of a camera.

    Without SOURCE it is shown on a sequence of the embedded benchmark. Each frame shows the box, the tracker's score
    and its frames per second.
    """
    from contextlib import ExitStack

    from siamfc_eval.adapters.load import load_tracker
    from siamfc_eval.tracking import capabilities
    from siamfc_eval.viewing.demo_video import follow, open_footage
    from siamfc_eval.viewing.video import VideoFile, Window

    if out is None and not show:
        out = Path("demo.mp4")
    region = _parse_box(box) if box is not None else None
    with ExitStack() as stack:
        window = Window(f"siamfc-eval: {tracker}") if show else None
        footage = open_footage(shown, sequence, length)
        video = stack.enter_context(VideoFile(out.expanduser(), fps or footage.fps)) if out is not None else None
        loaded = load_tracker(tracker, **loading)
        for note in capabilities.notes_of(loaded):
            echo(f"note: {note}", err=True)
        stack.callback(capabilities.close, loaded)
        drawn = 0
        for image in follow(loaded, footage, region, response):
            drawn += 1
            if video is not None:
                video.write(image)
            if window is not None and not window.show(image):
                break
    if drawn == 0:
        raise InputError(f"{shown}: it has no frames.")
    if as_json:
        facts = {"sequence": footage.name, "tracker": loaded.name, "frames": drawn, "video": out and str(out)}
        echo(json_text(facts))
        return
    echo(f"{footage.name}: {counted(drawn, 'frame')}" + (f" -> {out}" if out is not None else ""))


def _parse_box(text: str) -> Region:
    import numpy as np

    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not np.isfinite(values).all() or min(values[2:]) <= 0:
        raise InputError(f"--box {text}: expected X,Y,W,H in pixels with W and H above 0, such as 310,120,60,90")
    return np.array(values)
