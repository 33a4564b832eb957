// Where trackers win and lose: by attribute, and by sequence.

import { look, view } from "./view.js";
import { isOwn } from "./palette.js";
import { clipped, counted, listed, roomFor, select, shown } from "./text.js";
import { Frame, PLAIN } from "./frame.js";

const drawn = (section) => section.names.map((_, i) => i).filter((i) => view.shown.has(section.names[i]) || isOwn(section.names[i]));

/** Scores by attribute as a heat map; a click on a column shows everything over that attribute. */
export function attributeFrame(section) {
  if (section.attributes.length < 2) return null;
  const metric = section.metric;
  return new Frame({
    id: `s${section.number}-attributes`,
    title: () => heading(section),
    caption: `${metric.title} over the ${section.attributesAre} that carry each attribute.${section.names.length > 1 ? " The best of each is framed." : ""} Click an attribute to see the curves over it.`,
    uses: ["shown"],
    draw: (width) => draw(section, metric, width),
  });
}

function best(section, rows, j) {
  const places = rows.map((_, i) => i).filter((i) => rows[i][j] !== null && !section.lacking[i]);
  return places.sort((p, q) => section.lead(section.metric, rows[q][j], rows[p][j]))[0];
}

function heading(section) {
  const rows = section.byAttribute[section.metric.key];
  const leader = section.names[0];
  const firsts = section.attributeNames.filter((_, j) => best(section, rows, j) === 0);
  const others = section.attributeNames.filter((name) => !firsts.includes(name));
  if (section.names.length < 2) return `${leader} by attribute`;
  if (!others.length) return `${leader} is best on every attribute`;
  if (!firsts.length) return `${leader} is best on no attribute`;
  return firsts.length >= others.length ? `${leader} is best on all attributes but ${listed(others, 3)}` : `${leader} is best on ${listed(firsts, 3)} only`;
}

function draw(section, metric, width) {
  const places = drawn(section);
  if (!places.length) return null;
  const rows = section.byAttribute[metric.key];
  const cells = places.flatMap((i) => section.attributes.map((attribute, j) => ({ tracker: section.names[i], attribute: attribute.name, count: attribute.count, value: rows[i][j], best: section.names.length > 1 && best(section, rows, j) === i })));
  const names = places.map((i) => section.names[i]);
  const left = roomFor(names, width * 0.34);
  const below = 6 + Math.SQRT1_2 * roomFor(section.attributeNames, 140);
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: 4 + 26 * names.length + below,
    marginLeft: left,
    marginRight: 4,
    marginTop: 4,
    marginBottom: below,
    padding: 0.04,
    x: { domain: section.attributeNames, label: null, tickRotate: -45, tickSize: 0, tickFormat: (name) => clipped(name, 140) },
    y: { domain: names, label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    color: heat(metric, cells),
    ariaLabel: `${metric.label} of ${names.length} trackers by attribute`,
    marks: [
      Plot.cell(cells, { x: "attribute", y: "tracker", fill: "value" }),
      Plot.cell(cells.filter((cell) => cell.best), { x: "attribute", y: "tracker", stroke: "var(--ink)", strokeWidth: 1.6, fill: "none" }),
      (width - left) / section.attributes.length > 26 ? Plot.text(cells, { x: "attribute", y: "tracker", text: (d) => shown(d.value, Math.min(2, metric.digits)), fill: (d) => ink(metric, cells, d.value), fontSize: 11 }) : null,
      Plot.tip(cells, Plot.pointer({ x: "attribute", y: "tracker", title: (d) => `${d.tracker}\n${d.attribute}${d.count === null ? "" : ` (${d.count} ${section.attributesAre})`}\n${metric.label} ${shown(d.value, metric.digits)}` })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => plot.value && look({ attr: plot.value.attribute }));
  return plot;
}

/** Colours of a metric: dark is better, whichever direction that is. */
export function heat(metric, cells) {
  const values = cells.map((cell) => cell.value).filter((value) => value !== null);
  const domain = [Math.min(...values), Math.max(...values)];
  return { type: "linear", scheme: "viridis", domain, reverse: metric.better === "lower", unknown: "var(--none)" };
}

function ink(metric, cells, value) {
  const values = cells.map((cell) => cell.value).filter((one) => one !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = (value - low) / (high - low || 1);
  return value === null ? "var(--soft)" : (metric.better === "lower" ? 1 - share : share) > 0.55 ? "#111" : "#fff";
}

/** Every sequence and tracker as a heat map, hardest sequences first. */
export function sequencesFrame(section, target) {
  if (section.sequences.length < 2) return null;
  let metric = section.sequenceMetric;
  let order = "difficulty";
  const controls = [
    select("Order", [["difficulty", "hardest first"], ["spread", "most different first"], ["name", "by name"]], order, (chosen) => {
      order = chosen;
      frame.outdate();
    }),
  ];
  if (section.metrics.length > 1) {
    controls.unshift(select("Score", section.metrics.map((one) => [one.key, one.label]), metric.key, (key) => {
      metric = section.metricOf(key);
      frame.outdate();
    }));
  }
  const frame = new Frame({
    id: `s${section.number}-sequences`,
    title: () => hardest(section, metric),
    caption: () => `${metric.title} of each tracker on each sequence; yellow is best. Click a cell to see the sequence frame by frame.`,
    controls,
    uses: ["shown"],
    wide: true,
    draw: (width) => drawSequences(section, metric, order, width, target),
  });
  return frame;
}

function hardest(section, metric) {
  const means = section.sequences.map((name, j) => ({ name, mean: d3.mean(section.names, (_, i) => section.values[metric.key][i][j] ?? NaN) }));
  means.sort((p, q) => section.lead(metric, q.mean, p.mean) || 0).reverse();
  const known = means.filter((one) => Number.isFinite(one.mean));
  return known.length ? `${section.names.length > 1 ? "Hardest for all" : "Hardest"}: ${listed(known.slice(0, 3).map((one) => one.name), 3)}` : `${counted(section.sequences.length, "sequence")}`;
}

function drawSequences(section, metric, order, width, target) {
  const places = drawn(section);
  if (!places.length) return null;
  const rows = section.values[metric.key];
  const facts = section.sequences.map((name, j) => {
    const values = places.map((i) => rows[i][j]).filter((value) => value !== null);
    return { name, j, mean: d3.mean(values) ?? NaN, spread: values.length > 1 ? d3.max(values) - d3.min(values) : 0 };
  });
  if (order === "difficulty") facts.sort((p, q) => section.lead(metric, p.mean, q.mean) || 0);
  if (order === "spread") facts.sort((p, q) => q.spread - p.spread);
  if (order === "name") facts.sort((p, q) => p.name.localeCompare(q.name, "en", { numeric: true }));
  const cells = places.flatMap((i) => facts.map((fact) => ({ tracker: section.names[i], sequence: fact.name, value: rows[i][fact.j] })));
  const names = places.map((i) => section.names[i]);
  const left = roomFor(names, width * 0.3);
  const labelled = (width - left) / facts.length > 10;
  const sequences = facts.map((fact) => fact.name);
  const below = labelled ? roomFor(sequences, 160) : 16;
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: 12 + 20 * names.length + below,
    marginLeft: left,
    marginRight: 4,
    marginTop: 4,
    marginBottom: below,
    padding: 0,
    x: { domain: sequences, label: null, tickRotate: -90, tickSize: 0, ...(labelled ? { tickFormat: (name) => clipped(name, below) } : { ticks: [] }) },
    y: { domain: names, label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    color: heat(metric, cells),
    ariaLabel: `${metric.label} of ${names.length} trackers on ${facts.length} sequences`,
    marks: [
      Plot.cell(cells, { x: "sequence", y: "tracker", fill: "value", inset: 0.3 }),
      Plot.tip(cells, Plot.pointer({ x: "sequence", y: "tracker", title: (d) => `${d.sequence}\n${d.tracker}\n${metric.label} ${shown(d.value, metric.digits)}` })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => {
    if (!plot.value) return;
    look({ seq: plot.value.sequence });
    target()?.show();
  });
  return plot;
}
