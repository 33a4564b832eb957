// Trackers as points: speed against the score, accuracy against robustness.

import { look, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { counted, listed, shown } from "./text.js";
import { Frame, PLAIN } from "./frame.js";

const REALTIME = 20;

/** Speed against the score, of trackers whose times are of the same machine. */
export function speedFrame(section) {
  const speed = section.speeds.find((one) => one.key === "fps_total") ?? section.speeds[0];
  if (!speed) return null;
  const timed = section.names.map((_, i) => i).filter((i) => speed.values[i] !== null);
  const machines = d3.rollups(timed, (group) => group.length, (i) => section.hardware[i]).filter(([machine]) => machine);
  const machine = machines.sort((p, q) => q[1] - p[1])[0]?.[0] ?? null;
  const comparable = timed.filter((i) => machine !== null && section.hardware[i] === machine);
  const others = timed.filter((i) => !comparable.includes(i)).map((i) => section.names[i]);
  const metric = section.metric;
  return new Frame({
    id: `s${section.number}-speed`,
    title: () => heading(section, speed, comparable),
    caption: () => {
      if (machine === null) return `${counted(timed.length, "tracker")} ${timed.length === 1 ? "has" : "have"} times, but no record of the machine that they were taken on: speeds of different machines are not drawn together.`;
      const left = others.length ? ` Not drawn, as their times are of another or an unknown machine: ${listed(others, 6)}.` : "";
      return `All on: ${machine}. The line is VOT's realtime, ${REALTIME} frames per second.${left}`;
    },
    uses: ["shown"],
    wide: !comparable.length,
    draw: (width) => {
      const points = comparable.filter((i) => view.shown.has(section.names[i]) || isOwn(section.names[i])).map((i) => ({ name: section.names[i], x: speed.values[i], y: section.totals[metric.key][i] })).filter((point) => point.y !== null && point.x > 0);
      if (!points.length) return null;
      return drawPoints(section, points, width, {
        x: { type: "log", label: "Speed [frames/s], logarithmic", grid: true, domain: reach([...points.map((point) => point.x), REALTIME]), ticks: 5, tickFormat: (value) => d3.format("~s")(value) },
        y: { label: metric.title, grid: true, nice: true },
        marks: [Plot.ruleX([REALTIME], { stroke: "var(--warn)", strokeDasharray: "5 3" }), Plot.text([[REALTIME]], { x: (d) => d[0], frameAnchor: "top", text: ["realtime"], fill: "var(--warn)", dx: 4, dy: 2, textAnchor: "start" })],
        say: (d) => `${shown(d.x, 1)} frames/s\n${metric.label} ${shown(d.y, metric.digits)}`,
        label: `${metric.label} against speed of ${points.length} trackers`,
      });
    },
  });
}

function reach(values) {
  const [low, high] = d3.extent(values);
  return [low / 1.6, high * 2.2];
}

function heading(section, speed, comparable) {
  if (!comparable.length) return "Speeds cannot be compared";
  const quick = comparable.filter((i) => speed.values[i] >= REALTIME);
  if (!quick.length) return `No tracker reaches ${REALTIME} frames per second`;
  const best = Math.min(...quick);
  const all = quick.length === comparable.length ? "All are" : `${quick.length} of ${comparable.length} are`;
  return comparable.length === 1 ? `${section.names[best]} runs at ${shown(speed.values[best], 1)} frames per second` : `${all} realtime; the best of these is ${section.names[best]}`;
}

/** VOT's plot of accuracy against reliability. */
export function accuracyFrame(section) {
  const x = section.metrics.find((metric) => metric.key === "reliability") ?? section.metrics.find((metric) => metric.key === "robustness" && metric.better === "higher");
  const y = section.metrics.find((metric) => metric.key === "accuracy");
  if (!x || !y) return null;
  const totals = section.totals;
  return new Frame({
    id: `s${section.number}-ar`,
    title: () => {
      const top = (metric) => section.names[d3.minIndex(section.names, (_, i) => -(totals[metric.key][i] ?? -Infinity) + 1e9 * Boolean(section.lacking[i]))];
      return top(x) === top(y) ? `${top(x)} is both the most accurate and the most robust` : `${top(y)} is the most accurate, ${top(x)} the most robust`;
    },
    caption: section.repetitions.some(Boolean)
      ? "Accuracy against reliability, the best at the top right. Small dots are single repetitions, in a hull."
      : "Accuracy against reliability, the best at the top right.",
    uses: ["shown"],
    draw: (width) => {
      const points = section.names.map((name, i) => ({ name, x: totals[x.key][i], y: totals[y.key][i] })).filter((point) => (view.shown.has(point.name) || isOwn(point.name)) && point.x !== null && point.y !== null);
      if (!points.length) return null;
      const runs = points.flatMap(({ name }) => repetitionsOf(section, name, x.key, y.key));
      const colour = (d) => styleOf(d.name).colour;
      return drawPoints(section, points, width, {
        x: { label: x.title, grid: true, nice: true },
        y: { label: y.title, grid: true, nice: true },
        marks: [Plot.hull(runs, { x: "x", y: "y", z: "name", stroke: colour, fill: colour, fillOpacity: 0.15 }), Plot.dot(runs, { x: "x", y: "y", r: 2, fill: colour })],
        say: (d) => `${y.label} ${shown(d.y, y.digits)}\n${x.label} ${shown(d.x, x.digits)}`,
        label: `Accuracy against reliability of ${points.length} trackers`,
      });
    },
  });
}

/** A tracker's repetitions as points, none where it ran once. */
function repetitionsOf(section, name, x, y) {
  const found = section.repetitions[section.place.get(name)];
  if (!found?.[x] || !found[y]) return [];
  return found[x].map((value, i) => ({ name, x: value, y: found[y][i] })).filter((point) => point.x !== null && point.y !== null);
}

function drawPoints(section, points, width, { x, y, marks, say, label }) {
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: Math.min(380, Math.max(260, width * 0.7)),
    marginRight: 24,
    marginLeft: 46,
    x,
    y,
    ariaLabel: label,
    marks: [
      ...marks,
      Plot.dot(points, { x: "x", y: "y", r: 6, fill: (d) => styleOf(d.name).colour, symbol: (d) => styleOf(d.name).symbol, stroke: (d) => (isOwn(d.name) ? "var(--ink)" : "var(--paper)"), strokeWidth: (d) => (isOwn(d.name) ? 2 : 0.7) }),
      points.length <= 15 ? Plot.text(points, { x: "x", y: "y", text: "name", dy: -12, fontSize: 11, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 3 }) : null,
      Plot.tip(points, Plot.pointer({ x: "x", y: "y", title: (d) => `${d.name}\n${say(d)}` })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => plot.value && look({ tracker: plot.value.name }));
  return plot;
}
