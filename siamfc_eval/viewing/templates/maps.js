"use strict";
// Response maps of the trackers, drawn over what they cover; kept in bytes from each map's lowest to its highest value.
function responseMaps(content, trackers) {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const colours = bytes(content.colours);
  const sheet = document.createElement("canvas");

  function unpacked(packed) {
    const values = bytes(packed.values);
    let start = 0;
    return new Map(packed.frames.map((frame, i) => {
      const [rows, columns] = packed.shapes[i];
      const own = values.subarray(start, start + rows * columns);
      start += rows * columns;
      return [frame, { rows, columns, values: own, low: packed.lows[i], high: packed.highs[i], covered: packed.covered[i], searched: packed.searched[i] }];
    }));
  }

  const all = trackers.map((tracker) => tracker.maps && unpacked(tracker.maps));
  const ranges = all.map((maps) => maps && [
    [...maps.values()].reduce((least, map) => Math.min(least, map.low), Infinity),
    [...maps.values()].reduce((most, map) => Math.max(most, map.high), -Infinity),
  ]);

  // The map as an image of one pixel a cell, in the colours of the range.
  function painted(map, [low, high]) {
    [sheet.width, sheet.height] = [map.columns, map.rows];
    const image = new ImageData(map.columns, map.rows);
    const span = high - low || 1;
    map.values.forEach((step, i) => {
      const value = map.low + (step / 255) * (map.high - map.low);
      const colour = 3 * Math.max(0, Math.min(255, Math.round((255 * (value - low)) / span)));
      image.data.set([colours[colour], colours[colour + 1], colours[colour + 2], 255], 4 * i);
    });
    sheet.getContext("2d").putImageData(image, 0, 0);
    return sheet;
  }

  return {
    whose: all.flatMap((maps, i) => (maps ? [i] : [])),
    count: (who) => all[who].size,
    at: (who, frame) => all[who].get(frame),
    range: (who, frame, same) => {
      const map = all[who].get(frame);
      return same ? ranges[who] : [map.low, map.high];
    },
    draw(ink, who, frame, same, width, height) {
      const map = all[who].get(frame);
      if (!map) return;
      const side = Math.min(width, height) / 4;
      const place = map.covered ? map.covered.map((value) => value * content.scale) : [width - side, height - side, side, side];
      ink.save();
      if (!map.covered) ink.setTransform(1, 0, 0, 1, 0, 0); // The corner stays where it is when the frame is zoomed.
      ink.globalAlpha = map.covered ? 0.55 : 1;
      ink.drawImage(painted(map, this.range(who, frame, same)), ...place);
      ink.restore();
    },
    // The colours from low to high, for the legend.
    legend(canvas) {
      [canvas.width, canvas.height] = [256, 1];
      const image = new ImageData(256, 1);
      for (let i = 0; i < 256; i += 1) image.data.set([...colours.subarray(3 * i, 3 * i + 3), 255], 4 * i);
      canvas.getContext("2d").putImageData(image, 0, 0);
    },
  };
}
