// One sequence: what each tracker scores on it, and its overlap frame by frame.

import { CODES, FULL } from "./model.js";
import { look, pairOf, sequenceOf, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { clipped, counted, listed, make, roomFor, select, shown } from "./text.js";
import { Frame, PLAIN } from "./frame.js";
import { Zoom } from "./zoom.js";

const MOST = 12;
const ROW = 62;

/** The overlaps of some trackers on the sequence that was chosen. */
export function timelineFrame(section) {
  const bar = make("div", { class: "controls" });
  const zoom = new Zoom(() => frame, "x");
  let before = null;
  const frame = new Frame({
    id: `s${section.number}-sequence`,
    title: () => heading(section, sequenceOf(section)),
    caption: () => caption(section, sequenceOf(section)),
    controls: [bar],
    uses: ["shown", "seq", "run", "a", "b"],
    wide: true,
    late: true,
    draw: (width) => {
      const number = sequenceOf(section);
      if (before !== number) zoom.part = null;
      before = number;
      bar.replaceChildren(...choosers(section, number));
      return draw(section, number, width, zoom);
    },
  });
  return frame;
}

function choosers(section, number) {
  const names = [...section.sequences].sort((p, q) => p.localeCompare(q, "en", { numeric: true }));
  const at = names.indexOf(section.sequences[number]);
  const step = (by, text, label) => make("button", { type: "button", "aria-label": label, onclick: () => look({ seq: names[(at + by + names.length) % names.length] }) }, text);
  return [step(-1, "←", "Previous sequence"), select("Sequence", names, section.sequences[number], (name) => look({ seq: name })), step(1, "→", "Next sequence"), ...repetitionChooser(section, number)];
}

const EVERY = "all, with their mean";

/** Which of several repetitions is drawn; nothing where there is one of each tracker. */
function repetitionChooser(section, number) {
  const numbers = repetitionsHere(section, number);
  if (numbers.length < 2) return [];
  return [select("Repetition", [...numbers.map(String), EVERY], view.run === "all" ? EVERY : String(repetition(numbers)), (text) => look({ run: text === EVERY ? "all" : text }))];
}

/** Repetitions of the trackers that are drawn, as far as they are on the page. */
function repetitionsHere(section, number) {
  if (!section.lines) return [];
  const all = chosen(section).flatMap((name) => section.lines.repetitions(name, section.sequences[number]).here);
  return [...new Set(all)].sort((p, q) => p - q);
}

/** The one that is asked for, else the first. */
function repetition(numbers) {
  return numbers.includes(Number(view.run)) ? Number(view.run) : numbers[0];
}

/** The trackers whose overlaps are drawn: the pair, the highlighted ones, then those in the figures. */
function chosen(section) {
  const pair = pairOf(section).map((i) => section.names[i]);
  const own = section.names.filter(isOwn);
  const rest = section.names.filter((name) => view.shown.has(name));
  return [...new Set([...pair, ...own, ...rest])].slice(0, MOST);
}

function heading(section, number) {
  const metric = section.sequenceMetric;
  const scored = section.names.map((name, i) => ({ name, value: section.values[metric.key][i][number] })).filter((one) => one.value !== null);
  scored.sort((p, q) => section.lead(metric, q.value, p.value));
  const name = section.sequences[number];
  if (!scored.length) return `${name}: no tracker has a score`;
  const say = (one) => `${one.name} ${shown(one.value, metric.digits)}`;
  return scored.length === 1 ? `${name}: ${say(scored[0])}` : `${name}: ${say(scored[0])} is best, ${say(scored.at(-1))} is last (${metric.label})`;
}

function caption(section, number) {
  const lines = section.lines;
  const place = lines ? lines.sequences.indexOf(section.sequences[number]) : -1;
  if (place < 0) return "There are no boxes of this sequence, only scores.";
  const attributes = section.attributes.filter((one) => one.sequences.includes(number)).map((one) => one.name);
  const carries = attributes.length ? ` It has ${listed(attributes, 12)}.` : "";
  const thin = lines.stride > 1 ? ` Each point is the least overlap of ${lines.stride} frames.` : "";
  return `${counted(lines.frames[place], "frame")}.${carries} Overlap with the ground truth; red: a failure, ▲: started again, grey: no overlap is known.${repeated(section, number)}${thin} Drag to zoom.`;
}

/** What is to be known of repetitions. */
function repeated(section, number) {
  const trackers = chosen(section).map((name) => ({ name, ...section.lines.repetitions(name, section.sequences[number]) }));
  const several = trackers.filter((one) => one.here.length > 1);
  if (!several.length) return trackers.some((one) => one.all > 1) ? " Of several repetitions the first." : "";
  const cut = several.filter((one) => one.here.length < one.all).map((one) => `${one.here.length} of ${one.all} of ${one.name}`);
  const room = cut.length ? ` There is room for ${listed(cut, 4)}; siamfc-eval view --run shows any.` : "";
  if (view.run === "all") return ` Thin: each repetition; thick: the mean of those that have an overlap in the frame.${room}`;
  return ` Repetition ${repetition(repetitionsHere(section, number))}, the first of trackers that are without it.${room}`;
}

async function draw(section, number, width, zoom) {
  const sequence = section.sequences[number];
  const bars = scores(section, number, Math.min(width, 460));
  const place = section.lines ? section.lines.sequences.indexOf(sequence) : -1;
  if (place < 0) return bars;
  const found = [];
  for (const name of chosen(section)) {
    const runs = await section.lines.of(name, sequence);
    if (runs) found.push({ name, runs });
  }
  if (!found.length) return bars;
  const plot = zoom.over(drawLines(section, place, found, width, zoom), `Overlap on ${sequence}`);
  return make("div", { class: "timeline" }, plot, make("details", {}, make("summary", {}, "Scores of all trackers on it"), bars));
}

function drawLines(section, place, found, width, zoom) {
  const { stride, frames, tags } = section.lines;
  const length = frames[place];
  const { x } = zoom.domains([1, Math.max(2, length)], [0, 1]);
  const names = found.map((one) => one.name);
  const left = roomFor([...names, ...Object.keys(tags[place])], width * 0.28, 24);
  const every = view.run === "all";
  const lines = found.map(({ name, runs }) => runsDrawn(name, runs, stride, every));
  const parts = lines.map((line) => line.main);
  const thin = lines.flatMap((line) => line.thin);
  const marked = (kind) => (every ? lines.flatMap((line) => (line.thin.length ? line.thin : [line.main])) : parts).flatMap((part) => part.filter((point) => point.kind === kind));
  const strips = Object.entries(tags[place]).flatMap(([tag, ranges]) => ranges.map(([from, to]) => ({ tag, from: from + 1, to: to + 1 })));
  const tagNames = Object.keys(tags[place]);
  const rows = [...names, ...tagNames];
  const lane = (name) => rows.indexOf(name);
  // Each tracker has a lane of its own, so that lines never cover one another.
  const offsets = rows.map((_, i) => (i < names.length ? i * ROW : names.length * ROW + (i - names.length) * 16));
  const height = names.length * ROW + tagNames.length * 16 + 50;
  const level = (name, overlap) => -(offsets[lane(name)] + (1 - overlap) * (ROW - 12));
  const flat = parts.flat().filter((point) => point.y !== null);
  return Plot.plot({
    ...PLAIN,
    width,
    height,
    marginTop: 8,
    marginLeft: left,
    marginRight: 30,
    x: { domain: x, label: "Frame" },
    y: { domain: [-(names.length * ROW + tagNames.length * 16), 0], axis: null },
    ariaLabel: `Overlap of ${names.length} trackers, frame by frame`,
    marks: [
      Plot.ruleY(names, { y: (name) => level(name, 0), stroke: "var(--line)" }),
      Plot.ruleY(names, { y: (name) => level(name, 0.5), stroke: "var(--line)", strokeDasharray: "2 3" }),
      Plot.text(names, { x: x[0], y: (name) => level(name, 0.5), text: (name) => clipped(name, left), textAnchor: "end", dx: -8, fill: "var(--ink)", fontWeight: 600 }),
      Plot.text(names, { x: x[1], y: (name) => level(name, 1), text: () => "1", textAnchor: "start", dx: 5, fill: "var(--soft)" }),
      Plot.text(names, { x: x[1], y: (name) => level(name, 0), text: () => "0", textAnchor: "start", dx: 5, fill: "var(--soft)" }),
      ...parts.map((part, i) => Plot.areaY(part, { x: "x", y1: level(names[i], 0), y2: (d) => (d.y === null ? NaN : level(d.name, d.y)), fill: styleOf(names[i]).colour, fillOpacity: 0.18, clip: true })),
      ...parts.map((part, i) => Plot.lineY(part, { x: "x", y: (d) => (d.y === null ? NaN : level(d.name, d.y)), stroke: styleOf(names[i]).colour, strokeWidth: thin.length ? 2 : 1.4, clip: true })),
      ...thin.map((part) => Plot.lineY(part, { x: "x", y: (d) => (d.y === null ? NaN : level(d.name, d.y)), stroke: styleOf(part[0].name).colour, strokeWidth: 0.7, strokeOpacity: 0.55, clip: true })),
      Plot.ruleX(marked("unknown"), { x: "x", y1: (d) => level(d.name, 0), y2: (d) => level(d.name, 0.12), stroke: "var(--faint)", clip: true }),
      Plot.ruleX(marked("skipped"), { x: "x", y1: (d) => level(d.name, 0), y2: (d) => level(d.name, 0.12), stroke: "var(--faint)", clip: true }),
      Plot.ruleX(marked("failure"), { x: "x", y1: (d) => level(d.name, 0), y2: (d) => level(d.name, 1), stroke: "var(--failure)", strokeWidth: every ? 1 : 2, strokeOpacity: every ? 0.5 : 1, clip: true }),
      Plot.dot(marked("start").filter((point) => point.x > 1), { x: "x", y: (d) => level(d.name, 0), symbol: "triangle", r: 4, fill: "var(--ink)", dy: -4, clip: true }),
      Plot.rect(strips, { x1: "from", x2: "to", y1: (d) => -offsets[lane(d.tag)] - 2, y2: (d) => -offsets[lane(d.tag)] - 12, fill: "var(--soft)", clip: true }),
      Plot.text(tagNames, { x: x[0], y: (tag) => -offsets[lane(tag)] - 7, text: (tag) => clipped(tag, left), textAnchor: "end", dx: -8, fill: "var(--soft)" }),
      Plot.tip(flat, Plot.pointer({ x: "x", y: (d) => level(d.name, d.y), maxRadius: 40, title: (d) => `${d.name}\nframe ${d.x}: overlap ${shown(d.y, 2)}` })),
    ],
  });
}

/** What is drawn of a tracker: of several runs the one that was chosen, or their mean and each of them. */
function runsDrawn(name, runs, stride, every) {
  const number = repetition([...runs.keys()]);
  if (!every || runs.size === 1) return { main: points(name, runs.get(number), stride), thin: [] };
  const thin = [...runs.values()].map((values) => points(name, values, stride));
  const main = thin[0].map((point, i) => {
    const known = thin.map((part) => part[i].y).filter((y) => y !== null);
    return { ...point, kind: "overlap", y: known.length ? known.reduce((sum, y) => sum + y, 0) / known.length : null };
  });
  return { main, thin };
}

/** One point for each value: frame (counted from 1), overlap or null, and what became of it. */
function points(name, values, stride) {
  const kinds = new Map(Object.entries(CODES).map(([kind, code]) => [code, kind]));
  return Array.from(values, (value, i) => ({ name, x: i * stride + 1, y: value <= FULL ? value / FULL : null, kind: kinds.get(value) ?? "overlap" }));
}

function scores(section, number, width) {
  const metric = section.sequenceMetric;
  const rows = section.names.map((name, i) => ({ name, value: section.values[metric.key][i][number] })).filter((row) => row.value !== null);
  rows.sort((p, q) => section.lead(metric, q.value, p.value));
  if (!rows.length) return make("p", { class: "soft" }, "No tracker has a score on it.");
  const left = roomFor(rows.map((row) => row.name), width * 0.42, 24);
  return Plot.plot({
    ...PLAIN,
    width,
    height: 46 + 18 * rows.length,
    marginTop: 6,
    marginLeft: left,
    marginRight: 40,
    x: { label: metric.title, grid: true, domain: metric.high !== null && metric.high <= 1 ? [0, 1] : undefined },
    y: { domain: rows.map((row) => row.name), label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    ariaLabel: `${metric.label} of ${rows.length} trackers on ${section.sequences[number]}`,
    marks: [
      Plot.barX(rows, { x: "value", y: "name", fill: (d) => styleOf(d.name).colour, insetTop: 2, insetBottom: 2 }),
      Plot.text(rows, { x: "value", y: "name", text: (d) => shown(d.value, metric.digits), textAnchor: "start", dx: 4, fill: "var(--ink)" }),
    ],
  });
}
