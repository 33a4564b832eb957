// One tracker: where it stands, where it is strong and weak, and what was noticed in its files.

import { look, view } from "./view.js";
import { interval, make, select, shown } from "./text.js";
import { swatch } from "./legend.js";
import { Frame } from "./frame.js";

const LISTED = 6;

/** The tracker that was chosen, else the highlighted one, else the best. */
export function trackerFrame(section, target) {
  const bar = make("div", { class: "controls" });
  const current = () => section.place.get(view.tracker) ?? Math.max(section.trackers.findIndex((tracker) => tracker.own), 0);
  return new Frame({
    id: `s${section.number}-tracker`,
    title: () => heading(section, current()),
    caption: section.names.length > 1 ? "Strong and weak are against the median of all trackers on the same sequence or attribute." : "",
    controls: [bar],
    uses: ["tracker"],
    wide: true,
    draw: () => {
      const place = current();
      const others = section.names.length > 1 ? [select("Tracker", section.names, section.names[place], (name) => look({ tracker: name }))] : [];
      bar.replaceChildren(...others);
      return draw(section, place, target);
    },
  });
}

function heading(section, place) {
  const rank = section.ranks[place];
  const name = section.names[place];
  if (rank === null) return `${name} is not ranked: it lacks ${section.lacking[place]} of ${section.sequences.length} sequences`;
  if (section.names.length === 1) return name;
  const ranked = section.ranks.filter((one) => one !== null).length;
  const range = section.comparison?.rankIntervals[place];
  const spread = range && range[0] !== range[1] ? ` (${range[0]}–${range[1]} by the bootstrap)` : "";
  return `${name} is number ${rank} of ${ranked}${spread}`;
}

function draw(section, place, target) {
  const name = section.names[place];
  const facts = section.metrics.map((metric) => [metric.title, value(section, metric, place)]);
  const first = section.comparison?.first[place];
  if (first !== undefined && section.names.length > 1) facts.push(["Probability of first place", `${shown(100 * first, 0)} %`]);
  for (const speed of section.speeds) if (speed.values[place] !== null) facts.push([`${speed.label} [frames/s]`, shown(speed.values[place], 1)]);
  if (section.hardware[place]) facts.push(["Run on", section.hardware[place]]);
  const list = make("dl", {}, ...facts.flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)]));
  const columns = [make("div", {}, make("h5", {}, swatch(name), " Scores"), list)];
  if (section.names.length > 1) {
    const metric = section.sequenceMetric;
    const sequences = against(section, metric, section.values[metric.key], section.sequences, place);
    const attributes = against(section, section.metric, section.byAttribute[section.metric.key], section.attributeNames, place);
    const open = (one) => {
      look({ seq: one, a: name });
      target()?.show();
    };
    columns.push(part("Sequences", metric, sequences, open));
    if (attributes.length > 1) columns.push(part("Attributes", section.metric, attributes, (one) => look({ attr: one })));
  }
  const notes = section.notes[place];
  const noticed = notes.length ? make("div", { class: "notes" }, make("h5", {}, "What was noticed in its files"), make("ul", {}, ...notes.map((note) => make("li", {}, note)))) : null;
  return make("div", {}, make("div", { class: "columns" }, ...columns), noticed);
}

function value(section, metric, place) {
  const compared = section.comparison;
  const found = compared && metric.key === compared.metric ? compared.intervals[place] : null;
  return found ? interval(found, metric.digits) : shown(section.totals[metric.key][place], metric.digits);
}

/** Leads over the median, greatest first. */
function against(section, metric, rows, names, place) {
  return names
    .map((name, j) => {
      const known = rows.map((row) => row[j]).filter((one) => one !== null);
      return { name, value: rows[place][j], lead: rows[place][j] === null ? null : section.lead(metric, rows[place][j], d3.median(known)) };
    })
    .filter((one) => one.lead !== null)
    .sort((p, q) => q.lead - p.lead);
}

function part(title, metric, leads, open) {
  const line = (one) => make("li", {}, make("button", { type: "button", class: "link", onclick: () => open(one.name) }, one.name), make("span", { class: "number" }, `${shown(one.value, metric.digits)} (${one.lead >= 0 ? "+" : "−"}${shown(Math.abs(one.lead), metric.digits)})`));
  const strong = leads.filter((one) => one.lead > 0).slice(0, LISTED);
  const weak = leads.filter((one) => one.lead < 0).slice(-LISTED).reverse();
  const list = (word, some) => [make("h6", {}, word), some.length ? make("ol", {}, ...some.map(line)) : make("p", { class: "soft" }, "none")];
  return make("div", {}, make("h5", {}, `${title}, ${metric.label}`), ...list("Strong", strong), ...list("Weak", weak));
}
