// Scores with their intervals; bars join trackers without a significant difference.

import { look, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { clipped, interval, listed, pText, roomFor, shown } from "./text.js";
import { Frame, PLAIN } from "./frame.js";
import { numbered } from "./curves.js";

const ROW = 20;

/** The ranked scores of a section that has a comparison. */
export function standingFrame(section) {
  const compared = section.comparison;
  if (!compared || compared.intervals.length < 2) return null;
  return new Frame({
    id: `s${section.number}-standing`,
    title: () => heading(section),
    caption: () => {
      const level = `${Math.round(100 * compared.level)} %`;
      const joined = compared.tooFew || !compared.pairs.length ? "" : " A bar at the right joins trackers none of which differs significantly from another (permutation tests with Holm's correction).";
      return `${section.metric.title} with ${level} intervals, and the probability of first place.${joined} Click a tracker to look at it.`;
    },
    uses: ["shown"],
    draw: (width) => draw(section, width),
  });
}

function heading(section) {
  const { pairs, tooFew } = section.comparison;
  if (tooFew || !pairs.length) return `${section.metric.label} with intervals`;
  const alike = pairs.filter((pair) => pair[0] === 0 && !pair[7]).map((pair) => section.names[pair[1]]);
  if (!alike.length) return `${section.names[0]} is significantly better than all others`;
  return `${section.names[0]} is not significantly better than ${listed(alike, 3)}`;
}

function draw(section, width) {
  const { intervals, first } = section.comparison;
  const ranked = section.names.slice(0, intervals.length);
  const rows = ranked
    .map((name, place) => ({ name, place, value: intervals[place][0], low: intervals[place][1], high: intervals[place][2], first: first[place] }))
    .filter((row) => view.shown.has(row.name) || isOwn(row.name));
  if (!rows.length) return null;
  const digits = section.metric.digits;
  const bars = groups(section, rows.map((row) => row.place));
  const [left, right] = margins(rows, bars, width);
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: 48 + ROW * rows.length,
    marginTop: 6,
    marginLeft: left,
    marginRight: right,
    x: { label: section.metric.title, grid: true, nice: true },
    y: { domain: rows.map((row) => row.name), label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    symbol: { type: "identity" },
    ariaLabel: `${section.metric.label} of ${rows.length} trackers with intervals`,
    marks: [
      ...rows.map((row) => Plot.link([row], { x1: (d) => d.low ?? d.value, x2: (d) => d.high ?? d.value, y1: "name", y2: "name", stroke: styleOf(row.name).colour, strokeWidth: 2.5, render: numbered(row.name) })),
      Plot.dot(rows, { x: "value", y: "name", fill: (d) => styleOf(d.name).colour, symbol: (d) => styleOf(d.name).symbol, r: 4.5, stroke: "var(--paper)", strokeWidth: 0.6 }),
      Plot.tip(rows, Plot.pointerY({ x: "value", y: "name", title: (d) => `${d.name}\n${section.metric.label} ${interval([d.value, d.low, d.high], digits)}\nfirst in ${shown(100 * d.first, 0)} % of the resamples` })),
    ],
  });
  addBars(plot, bars, rows, width - right);
  plot.classList.add("clickable");
  plot.addEventListener("click", () => plot.value && look({ tracker: plot.value.name }));
  return plot;
}

/** Average ranks over sequences: a critical-difference diagram with a row for each tracker. */
export function ranksFrame(section) {
  const ranks = section.averageRanks;
  if (!ranks || ranks.order.length < 3) return null;
  return new Frame({
    id: `s${section.number}-ranks`,
    title: () => {
      const best = section.names[ranks.order[0]];
      const alike = ranks.groups.find((group) => group[0] === ranks.order[0])?.slice(1) ?? [];
      return alike.length ? `By average rank ${best} is first, in one group with ${listed(alike.map((i) => section.names[i]), 2)}` : `By average rank ${best} is first, apart from all others`;
    },
    caption: () => {
      const friedman = ranks.friedman === null ? "" : ` Friedman's test that all are alike: p ${pText(ranks.friedman)}.`;
      const nemenyi = ranks.criticalDifference === null ? "" : ` The line at the top is Nemenyi's critical difference, ${shown(ranks.criticalDifference, 2)}.`;
      return `Ranks within each of ${ranks.sequences} sequences, averaged. A bar joins trackers that do not differ (Wilcoxon's test with Holm's correction).${nemenyi}${friedman}`;
    },
    uses: ["shown"],
    draw: (width) => drawRanks(section, ranks, width),
  });
}

function drawRanks(section, ranks, width) {
  const rows = ranks.order.map((place, i) => ({ name: section.names[place], place, value: ranks.averages[i] })).filter((row) => view.shown.has(row.name) || isOwn(row.name));
  if (!rows.length) return null;
  const at = new Map(rows.map((row, i) => [row.place, i]));
  const bars = ranks.groups.map((group) => group.filter((place) => at.has(place)).map((place) => at.get(place))).filter((group) => group.length > 1).map((group) => [group[0], group.at(-1)]);
  const [left, right] = margins(rows, bars, width);
  const reach = [Math.min(...rows.map((row) => row.value)), Math.max(...rows.map((row) => row.value))];
  const critical = ranks.criticalDifference;
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: 66 + ROW * rows.length,
    marginTop: 22,
    marginLeft: left,
    marginRight: right,
    x: { label: "Average rank, 1 is best", grid: true, domain: [Math.max(1, reach[0] - 0.5), Math.max(reach[1], reach[0] + (critical ?? 0)) + 0.5] },
    y: { domain: rows.map((row) => row.name), label: null, tickSize: 0, tickFormat: (name) => clipped(name, left) },
    symbol: { type: "identity" },
    ariaLabel: `Average ranks of ${rows.length} trackers`,
    marks: [
      critical === null ? null : Plot.link([critical], { x1: () => reach[0], x2: (d) => reach[0] + d, y1: () => rows[0].name, y2: () => rows[0].name, dy: -20, stroke: "var(--ink)", strokeWidth: 2 }),
      Plot.dot(rows, { x: "value", y: "name", fill: (d) => styleOf(d.name).colour, symbol: (d) => styleOf(d.name).symbol, r: 5, stroke: "var(--paper)", strokeWidth: 0.6 }),
      Plot.tip(rows, Plot.pointerY({ x: "value", y: "name", title: (d) => `${d.name}\naverage rank ${shown(d.value, 2)}` })),
    ],
  });
  addBars(plot, bars, rows, width - right);
  plot.classList.add("clickable");
  plot.addEventListener("click", () => plot.value && look({ tracker: plot.value.name }));
  return plot;
}

/** Room for names at the left and bars at the right. */
function margins(rows, bars, width) {
  return [roomFor(rows.map((row) => row.name), width * 0.42, 26), 16 + 9 * Math.min(bars.length, 12)];
}

/** Greatest runs of the ranking in which no pair differs significantly: [first, last] places in `places`. */
function groups(section, places) {
  const { pairs, tooFew } = section.comparison;
  if (tooFew) return [];
  const differ = new Set(pairs.filter((pair) => pair[7]).map((pair) => `${pair[0]},${pair[1]}`));
  const apart = (a, b) => differ.has(`${a},${b}`) || differ.has(`${b},${a}`);
  const found = [];
  let reached = -1;
  places.forEach((_, start) => {
    let end = start;
    while (end + 1 < places.length && places.slice(start, end + 1).every((place) => !apart(place, places[end + 1]))) end++;
    if (end > start && end > reached) found.push([start, end]);
    reached = Math.max(reached, end);
  });
  return found;
}

function addBars(plot, bars, rows, left) {
  const y = plot.scale("y");
  const middle = (row) => y.apply(rows[row].name) + y.bandwidth / 2;
  const layer = d3.select(plot).append("g").attr("stroke", "var(--ink)").attr("stroke-width", 3).attr("stroke-linecap", "round");
  bars.forEach(([start, end], i) => {
    const x = left + 12 + 9 * (i % 12);
    const names = rows.slice(start, end + 1).map((row) => row.name);
    layer.append("path").attr("class", "group").attr("d", `M${x} ${middle(start) - 4}V${middle(end) + 4}`).append("title").text(`no significant difference: ${names.join(", ")}`);
  });
}
