// All pairs of trackers, and two of them sequence by sequence.

import { look, pairOf, sequenceOf, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { clipped, counted, make, pText, roomFor, select, shown } from "./text.js";
import { Frame, PLAIN } from "./frame.js";

const CROWD = 16;

/** The matrix of differences, where there are more than two trackers. */
export function matrixFrame(section, target) {
  if (!section.comparison || section.comparison.pairs.length < 3) return null;
  const { pairs, tooFew } = section.comparison;
  return new Frame({
    id: `s${section.number}-pairs`,
    title: () => {
      const real = pairs.filter((pair) => pair[7]).length;
      return tooFew ? "Too few sequences to tell any two trackers apart" : `${real} of ${pairs.length} pairs differ significantly`;
    },
    caption: "Row minus column; grey where the difference is not significant. Click a pair to see it sequence by sequence.",
    uses: ["shown"],
    wide: () => drawnPlaces(section).length > CROWD,
    draw: (width) => drawMatrix(section, width, target),
  });
}

function drawnPlaces(section) {
  return section.names.map((_, i) => i).filter((i) => i < section.comparison.intervals.length && (view.shown.has(section.names[i]) || isOwn(section.names[i])));
}

function drawMatrix(section, width, target) {
  const drawn = drawnPlaces(section);
  if (drawn.length < 2) return null;
  const cells = section.comparison.pairs
    .filter(([a, b]) => drawn.includes(a) && drawn.includes(b))
    .map(([a, b, difference, low, high, p, resolved, significant, wins, losses, ties]) => ({ row: section.names[a], column: section.names[b], difference: Math.abs(difference), low, high, p, resolved, significant, wins, losses, ties, a, b }));
  const names = drawn.map((i) => section.names[i]);
  const digits = section.metric.digits;
  const left = roomFor(names, width * 0.35);
  const cell = (width - left - 10) / (names.length - 1);
  const height = Math.min(cell, 34) * (names.length - 1);
  const fontSize = `${Math.max(7, Math.min(12, cell * 0.9))}px`;
  const most = Math.max(...cells.map((one) => one.difference), 1e-9);
  const plot = Plot.plot({
    ...PLAIN,
    style: { ...PLAIN.style, fontSize },
    width,
    height: height + left + 12,
    marginLeft: left,
    marginRight: 10,
    marginTop: 6,
    marginBottom: left,
    padding: names.length > 25 ? 0 : 0.06,
    x: { domain: names.slice(1), label: null, tickRotate: cell < 20 ? -90 : -60, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    y: { domain: names.slice(0, -1), label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    ariaLabel: `Differences of ${names.length} trackers`,
    marks: [
      Plot.cell(cells, { x: "column", y: "row", fill: (d) => (d.significant ? "var(--accent)" : "var(--none)"), fillOpacity: (d) => (d.significant ? 0.25 + (0.75 * d.difference) / most : 1) }),
      cell > 30 ? Plot.text(cells, { x: "column", y: "row", text: (d) => shown(d.difference, Math.min(digits, 3)), fontSize: Math.min(11, cell / 3.4), fill: (d) => (d.significant && d.difference > most * 0.45 ? "var(--paper)" : "var(--ink)") }) : null,
      Plot.tip(cells, Plot.pointer({
        x: "column",
        y: "row",
        title: (d) => `${d.row} − ${d.column}: ${shown(d.difference, digits)}${d.low === null ? "" : ` [${shown(d.low, digits)}, ${shown(d.high, digits)}]`}\n${d.significant ? "significant" : "not significant"}, p ${pText(d.p, d.resolved)}\nbetter / worse / equal on ${d.wins} / ${d.losses} / ${d.ties} sequences`,
      })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => {
    if (!plot.value) return;
    look({ a: plot.value.row, b: plot.value.column });
    target()?.show();
  });
  return plot;
}

/** Two trackers: each sequence a dot, those that decide, and the attributes. */
export function duelFrame(section, target) {
  if (section.names.length < 2) return null;
  const metric = section.sequenceMetric;
  const names = section.names;
  const choose = (label, key, chosen) => select(label, names, names[chosen], (name) => look({ [key]: name }));
  const bar = make("div", { class: "controls" });
  const frame = new Frame({
    id: `s${section.number}-duel`,
    title: () => verdict(section, ...pairOf(section)),
    caption: () => record(section, ...pairOf(section)),
    controls: [bar],
    uses: ["a", "b", "attr", "seq"],
    draw: (width) => {
      const [a, b] = pairOf(section);
      const swap = make("button", { type: "button", title: "Swap the two", onclick: () => look({ a: names[b], b: names[a] }) }, "⇄");
      const attributes = section.attributeNames.some((name) => section.members(name))
        ? [select("Attribute", [["", "all"], ...section.attributeNames.filter((name) => section.members(name)).map((name) => [name, name])], view.attr ?? "", (name) => look({ attr: name || null }))]
        : [];
      bar.replaceChildren(choose("Tracker", "a", a), swap, choose("against", "b", b), ...attributes);
      return drawDuel(section, metric, a, b, width, target);
    },
    wide: true,
  });
  return frame;
}

function verdict(section, a, b) {
  const [one, other] = [section.names[a], section.names[b]];
  if (a === b) return "Two trackers, sequence by sequence";
  const pair = section.pair(a, b);
  if (!pair) return `${one} against ${other}`;
  const better = section.names[pair.better];
  const worse = section.names[pair.worse];
  const by = `by ${shown(Math.abs(pair.difference), section.metric.digits)} ${section.metric.label}, p ${pText(pair.p, pair.resolved)}`;
  if (section.comparison.tooFew) return `${better} leads ${worse} (${by}); too few sequences to call it significant`;
  return pair.significant ? `${better} is significantly better than ${worse} (${by})` : `${better} and ${worse} do not differ significantly (${by})`;
}

/** What the test does not say. */
function beside(section, a, b) {
  const close = section.closenessOf(a, b);
  if (!close) return "";
  const same = close.same ? "They are shown to be the same" : "They are not shown to be the same either";
  return ` ${same} within ${shown(close.margin, 2)} (p ${pText(close.p)}); sequences that would settle which is better: ${close.needed}.`;
}

function record(section, a, b) {
  const pair = section.pair(a, b);
  const counts = pair ? `${section.names[pair.better]} is better on ${counted(pair.wins, "sequence")}, worse on ${pair.losses}, equal on ${pair.ties}. ` : "";
  return `${counts}${beside(section, a, b).trim()} Each dot is a sequence; above the line ${section.names[a]} is better. Click one to see it frame by frame.`;
}

function drawDuel(section, metric, a, b, width, target) {
  const rows = section.values[metric.key];
  const members = view.attr ? section.members(view.attr) : null;
  const open = sequenceOf(section);
  const dots = section.sequences
    .map((name, i) => ({ name, i, x: rows[b][i], y: rows[a][i], lead: section.lead(metric, rows[a][i], rows[b][i]), inside: !members || members.includes(i) }))
    .filter((dot) => dot.x !== null && dot.y !== null);
  if (!dots.length || a === b) return null;
  const values = dots.flatMap((dot) => [dot.x, dot.y]);
  const bounded = metric.high !== null && metric.high <= 1;
  const domain = bounded ? [0, 1] : [Math.min(0, ...values), Math.max(...values) || 1];
  const abreast = width > 820;
  const size = Math.min(460, abreast ? width * 0.36 : width);
  const [one, other] = [section.names[a], section.names[b]];
  const colour = (dot) => (dot.lead > 0 ? styleOf(one).colour : dot.lead < 0 ? styleOf(other).colour : "var(--soft)");
  const plot = Plot.plot({
    ...PLAIN,
    width: size,
    height: size,
    marginLeft: 46,
    x: { domain, label: `${other}: ${metric.label} →`, labelAnchor: "center", labelArrow: false, grid: true, nice: !bounded },
    y: { domain, label: `↑ ${one}: ${metric.label}`, labelArrow: false, grid: true, nice: !bounded },
    ariaLabel: `${metric.label} of ${one} against ${other} on ${dots.length} sequences`,
    marks: [
      Plot.line([[domain[0], domain[0]], [domain[1], domain[1]]], { stroke: "var(--soft)", strokeDasharray: "4 3" }),
      Plot.dot(dots, { x: "x", y: "y", r: 4, fill: colour, fillOpacity: (d) => (d.inside ? 0.8 : 0.12), stroke: "var(--paper)", strokeWidth: 0.5 }),
      Plot.dot(dots.filter((dot) => dot.i === open), { x: "x", y: "y", r: 8, stroke: "var(--ink)", strokeWidth: 1.5 }),
      Plot.tip(dots, Plot.pointer({ x: "x", y: "y", title: (d) => `${d.name}\n${one} ${shown(d.y, metric.digits)}\n${other} ${shown(d.x, metric.digits)}` })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => {
    if (!plot.value) return;
    look({ seq: plot.value.name });
    target()?.show();
  });
  const inside = dots.filter((dot) => dot.inside);
  return make("div", { class: "duel" }, plot, deciding(section, metric, inside, one, other, target), byAttribute(section, a, b, Math.min(420, abreast ? width * 0.31 : width)));
}

function deciding(section, metric, dots, one, other, target) {
  const list = (title, chosen) =>
    make("div", {}, make("h5", {}, title), chosen.length ? make("ol", {}, ...chosen.map((dot) => item(metric, dot, target))) : make("p", { class: "soft" }, "none"));
  const wins = dots.filter((dot) => dot.lead > 0).sort((p, q) => q.lead - p.lead);
  const losses = dots.filter((dot) => dot.lead < 0).sort((p, q) => p.lead - q.lead);
  return make("div", { class: "deciding" }, list(`${one} is better on ${wins.length}`, wins.slice(0, 8)), list(`${other} is better on ${losses.length}`, losses.slice(0, 8)));
}

function item(metric, dot, target) {
  const button = make("button", { type: "button", class: "link", onclick: () => { look({ seq: dot.name }); target()?.show(); } }, dot.name);
  return make("li", {}, button, make("span", { class: "number" }, shown(Math.abs(dot.lead), metric.digits)));
}

function byAttribute(section, a, b, width) {
  const rows = section.byAttribute[section.metric.key];
  const marks = section.attributes
    .map((attribute, i) => ({ name: attribute.name, count: attribute.count, lead: rows[a][i] === null || rows[b][i] === null ? null : section.lead(section.metric, rows[a][i], rows[b][i]) }))
    .filter((mark) => mark.lead !== null);
  if (marks.length < 2) return null;
  marks.sort((p, q) => q.lead - p.lead);
  const [one, other] = [section.names[a], section.names[b]];
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: 46 + 20 * marks.length,
    marginTop: 6,
    marginLeft: roomFor(marks.map((mark) => mark.name), 150, 30),
    x: { label: `← ${clipped(other, width / 2.6)}   ·   ${clipped(one, width / 2.6)} →`, labelAnchor: "center", labelArrow: false, grid: true },
    y: { domain: marks.map((mark) => mark.name), label: null, tickSize: 0 },
    ariaLabel: `Lead of ${one} over ${other} by attribute`,
    marks: [
      Plot.ruleX([0]),
      Plot.barX(marks, { x: "lead", y: "name", fill: (d) => styleOf(d.lead >= 0 ? one : other).colour, fillOpacity: 0.8, insetTop: 3, insetBottom: 3 }),
      Plot.tip(marks, Plot.pointerY({ x: "lead", y: "name", title: (d) => `${d.name}${d.count ? ` (${d.count} ${section.attributesAre})` : ""}\n${d.lead >= 0 ? one : other} is better by ${shown(Math.abs(d.lead), section.metric.digits)}` })),
    ],
  });
  plot.classList.add("clickable");
  plot.addEventListener("click", () => plot.value && look({ attr: plot.value.name }));
  return make("div", {}, make("h5", {}, `By attribute, who is better in ${section.metric.label}`), plot);
}
