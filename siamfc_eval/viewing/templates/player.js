"use strict";
// The player of a sequence: a canvas for the frames, a plot of the overlaps, and one number, `at`, that both follow.
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const { images, trackers, truth, first } = content;
  const last = images.length - 1;
  const element = (id) => document.getElementById(id);
  const canvas = element("view");
  const ink = canvas.getContext("2d");
  const shown = trackers.map(() => true);
  const maps = responseMaps(content, trackers);
  let mapped = content.responses;
  let at = 0;
  let playing = false;

  // ---- images: decoded ahead, and only so many kept ----
  const AHEAD = 12;
  const decoded = new Map();
  function image(index) {
    if (!decoded.has(index)) {
      const picture = new Image();
      picture.src = images[index];
      decoded.set(index, picture.decode().then(() => picture, () => null));
      if (decoded.size > 6 * AHEAD) decoded.delete(decoded.keys().next().value);
    }
    return decoded.get(index);
  }

  // ---- the frame ----
  function box(region) {
    if (region.length === 4) return region;
    const xs = region.filter((_, i) => i % 2 === 0);
    const ys = region.filter((_, i) => i % 2 === 1);
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
  }

  function outline(region, colour, width, dash, factor) {
    ink.setLineDash(dash.map((length) => length / factor));
    ink.strokeStyle = colour;
    ink.lineWidth = width / factor;
    ink.beginPath();
    if (region.length === 4) {
      ink.rect(...region.map((value) => value * content.scale));
    } else {
      for (let i = 0; i < region.length; i += 2) {
        const point = [region[i] * content.scale, region[i + 1] * content.scale];
        if (i === 0) ink.moveTo(...point); else ink.lineTo(...point);
      }
      ink.closePath();
    }
    ink.stroke();
  }

  async function draw() {
    const wanted = at;
    const picture = await image(wanted);
    if (wanted !== at) return;
    const width = picture ? picture.naturalWidth : 640;
    const height = picture ? picture.naturalHeight : 360;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const factor = view(width, height);
    if (picture) {
      ink.drawImage(picture, 0, 0);
    } else {
      ink.fillStyle = "#fff";
      ink.fillText("this image cannot be read", 20, 30);
    }
    const line = Math.max(1.5, Math.max(width, height) / 350);
    if (mapped && maps.whose.length) {
      const map = maps.at(whose(), wanted);
      maps.draw(ink, whose(), wanted, element("same").checked, width, height);
      if (map && map.searched) outline(map.searched, trackers[whose()].colour, line, [2, 5], factor);
    }
    if (truth[wanted]) {
      outline(truth[wanted], "#000", line + 1.5, [], factor);
      outline(truth[wanted], "#fff", line, [6, 4], factor);
    }
    trackers.forEach((tracker, i) => {
      if (shown[i] && tracker.regions[wanted]) outline(tracker.regions[wanted], tracker.colour, line, [], factor);
    });
    canvas.dataset.drawn = String(wanted);
    for (let next = wanted + 1; next <= Math.min(last, wanted + AHEAD); next += 1) image(next);
  }

  // Places the frame on the canvas and returns the magnification.
  function view(width, height) {
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.clearRect(0, 0, width, height);
    const target = truth[at] || trackers.map((tracker) => tracker.regions[at]).find(Boolean);
    if (!element("near").checked || !target) return 1;
    const [x, y, w, h] = box(target).map((value) => value * content.scale);
    const factor = Math.max(1, Math.min(8, Math.min(width / (4 * w), height / (4 * h))));
    ink.setTransform(factor, 0, 0, factor, width / 2 - factor * (x + w / 2), height / 2 - factor * (y + h / 2));
    return factor;
  }

  // ---- response maps ----
  const whose = () => Number(element("whose").value);

  function legend() {
    const map = mapped && maps.whose.length && maps.at(whose(), at);
    element("scale").hidden = !map;
    element("reading").textContent = !mapped || map ? "" : "no response map in this frame";
    if (!map) return;
    const ends = maps.range(whose(), at, element("same").checked).map((value) => String(Number(value.toPrecision(3))));
    [element("low").textContent, element("high").textContent] = ends;
    element("colours").setAttribute("aria-label", `Colours of the response from ${ends[0]} (dark) to ${ends[1]} (light)`);
  }

  function showMaps(on) {
    mapped = on && maps.whose.length > 0;
    element("maps").setAttribute("aria-pressed", String(mapped));
    element("choice").hidden = !mapped;
    return show();
  }

  if (maps.whose.length) {
    element("responses").hidden = false;
    element("whose").append(...maps.whose.map((i) => new Option(trackers[i].name, String(i))));
    element("whose").hidden = maps.whose.length === 1;
    maps.legend(element("colours"));
    element("maps").addEventListener("click", () => showMaps(!mapped));
    for (const id of ["whose", "same"]) element(id).addEventListener("change", () => show());
  }

  // ---- the list of trackers ----
  const values = trackers.map((tracker, i) => {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const tick = document.createElement("input");
    tick.type = "checkbox";
    tick.checked = true;
    tick.addEventListener("change", () => {
      shown[i] = tick.checked;
      chart.setSeries(i + 1, { show: tick.checked });
      show();
    });
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = tracker.colour;
    const name = document.createElement("span");
    name.textContent = tracker.name;
    const value = document.createElement("span");
    value.className = "value";
    const known = tracker.overlaps.filter((overlap) => overlap !== null);
    const mean = known.length ? (known.reduce((a, b) => a + b, 0) / known.length).toFixed(3) : "–";
    const facts = document.createElement("span");
    facts.className = "soft";
    const failures = tracker.failures.length === 1 ? "1 failure" : `${tracker.failures.length} failures`;
    const kept = maps.whose.includes(i) ? `, response maps of ${maps.count(i)} frames` : "";
    facts.textContent = `mean overlap ${mean}, ${failures}${kept}`;
    label.append(tick, swatch, name, value);
    item.append(label, facts);
    element("trackers").append(item);
    return value;
  });

  // ---- the plot ----
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
  const marks = (u) => {
    const context = u.ctx;
    const { left, top, width, height } = u.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    trackers.forEach((tracker, i) => {
      if (!shown[i]) return;
      context.fillStyle = tracker.colour;
      for (const failure of tracker.failures) {
        const x = u.valToPos(first + failure + 1, "x", true);
        context.beginPath();
        context.moveTo(x, top + height - 12);
        context.lineTo(x - 5, top + height);
        context.lineTo(x + 5, top + height);
        context.fill();
      }
    });
    const now = u.valToPos(first + at + 1, "x", true);
    context.strokeStyle = colour("--ink");
    context.beginPath();
    context.moveTo(now, top);
    context.lineTo(now, top + height);
    context.stroke();
    context.restore();
  };
  const room = () => ({ width: element("plot").clientWidth - 20, height: 200 });
  const chart = new uPlot(
    {
      ...room(),
      legend: { show: false },
      scales: { x: { time: false }, y: { range: [0, 1] } },
      axes: [{ ...axis, label: "frame" }, { ...axis, label: "overlap" }],
      series: [{}, ...trackers.map((tracker) => ({ label: tracker.name, stroke: tracker.colour, width: 1.5, points: { show: false } }))],
      hooks: { draw: [marks] },
    },
    [images.map((_, i) => first + i + 1), ...trackers.map((tracker) => tracker.overlaps)],
    element("plot"),
  );
  chart.over.addEventListener("click", () => go(Math.round(chart.posToVal(chart.cursor.left, "x")) - first - 1));
  addEventListener("resize", () => chart.setSize(room()));

  // ---- what changes with the frame ----
  function show() {
    element("scrub").value = String(at);
    element("where").textContent = `frame ${first + at + 1}`;
    trackers.forEach((tracker, i) => {
      const failed = tracker.failures.includes(at);
      const confidence = tracker.confidences && tracker.confidences[at] !== null ? ` (score ${Number(tracker.confidences[at].toPrecision(2))})` : "";
      const overlap = tracker.overlaps[at];
      values[i].textContent = (failed ? "failed" : overlap === null ? "–" : overlap.toFixed(2)) + confidence;
      values[i].classList.toggle("failed", failed);
    });
    element("tags").replaceChildren(
      ...Object.entries(content.tags).filter(([, frames]) => frames.includes(at)).map(([tag]) => {
        const badge = document.createElement("span");
        badge.textContent = tag;
        return badge;
      }),
    );
    legend();
    history.replaceState(null, "", `#frame=${first + at + 1}`);
    chart.redraw(false);
    return draw();
  }

  function go(frame) {
    at = Math.max(0, Math.min(last, frame));
    return show();
  }

  function failure(direction) {
    const all = trackers.flatMap((tracker, i) => (shown[i] ? [...tracker.failures, ...tracker.leaps] : []));
    const ahead = all.filter((frame) => (frame - at) * direction > 0);
    if (ahead.length) go(direction > 0 ? Math.min(...ahead) : Math.max(...ahead));
  }

  function play(on) {
    playing = on && at < last;
    element("play").textContent = playing ? "Pause" : "Play";
    if (playing) step();
  }

  async function step() {
    const begun = performance.now();
    await go(at + 1);
    const pause = 1000 / (content.fps * Number(element("speed").value)) - (performance.now() - begun);
    if (playing && at < last) setTimeout(() => playing && step(), Math.max(0, pause));
    else play(false);
  }

  element("scrub").max = String(last);
  element("scrub").addEventListener("input", (event) => go(Number(event.target.value)));
  element("back").addEventListener("click", () => go(at - 1));
  element("forth").addEventListener("click", () => go(at + 1));
  element("play").addEventListener("click", () => play(!playing));
  element("next").addEventListener("click", () => failure(1));
  element("previous").addEventListener("click", () => failure(-1));
  element("near").addEventListener("change", draw);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const jump = event.shiftKey ? 10 : 1;
    const actions = {
      " ": () => play(!playing),
      ArrowLeft: () => go(at - jump),
      ArrowRight: () => go(at + jump),
      n: () => failure(1),
      p: () => failure(-1),
      m: () => showMaps(!mapped),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  const linked = /^#frame=(\d+)$/.exec(location.hash);
  at = linked ? Math.max(0, Math.min(last, Number(linked[1]) - first - 1)) : 0;
  showMaps(mapped);
})();
