// Curves of the trackers, over everything or over an attribute.

import { look, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { select, shown } from "./text.js";
import { emphasise } from "./legend.js";
import { Frame, PLAIN } from "./frame.js";
import { Zoom } from "./zoom.js";

/** A figure for each curve of a section. */
export function curveFrames(section) {
  return section.curves.filter((curve) => curve.y.row(0).length > 1).map((curve) => curveFrame(section, curve));
}

function curveFrame(section, curve) {
  const metric = section.metricOf(curve.rankedBy);
  const part = () => (curve.byAttribute ? section.attributeNames.indexOf(view.attr) : -1);
  const control = () =>
    select("Over", [["", "everything"], ...section.attributeNames.map((name) => [name, name])], view.attr ?? "", (name) =>
      look({ attr: name || null }),
    );
  const controls = curve.byAttribute ? [control()] : [];
  let bands = "pointwise";
  if (curve.bands) {
    controls.push(
      select("Band", [["pointwise", "at each point"], ["simultaneous", "of the whole curve"], ["none", "none"]], bands, (chosen) => {
        bands = chosen;
        frame.outdate();
      }),
    );
  }
  const zoom = new Zoom(() => frame);
  const frame = new Frame({
    id: `s${section.number}-${curve.key}`,
    title: () => heading(section, curve, metric, part()),
    caption: () => caption(section, curve, bands),
    controls,
    uses: ["shown", "attr"],
    draw: (width) => {
      if (curve.byAttribute) controls[0].querySelector("select").value = part() < 0 ? "" : view.attr;
      return draw(section, curve, { metric, part: part(), bands }, width, zoom);
    },
  });
  return frame;
}

function heading(section, curve, metric, part) {
  const scores = part < 0 ? section.totals[metric.key] : section.byAttribute[metric.key].map((row) => row[part]);
  const order = scores.map((_, i) => i).filter((i) => scores[i] !== null && !section.lacking[i]);
  order.sort((i, j) => section.lead(metric, scores[j], scores[i]));
  const over = part < 0 ? "" : ` on ${section.attributeNames[part]}`;
  if (!order.length) return `${curve.title}${over}`;
  const [first, second] = order;
  const best = `${section.names[first]} ${shown(scores[first], metric.digits)}`;
  const next = second === undefined ? "" : `, then ${section.names[second]} ${shown(scores[second], metric.digits)}`;
  return `${curve.title}${over}: ${best}${next}`;
}

function caption(section, curve, bands) {
  const drawn = section.names.filter((name) => view.shown.has(name) || isOwn(name)).length;
  const rest = section.names.length - drawn;
  const shade = curve.averaged ? " The shaded part is what the score averages." : "";
  const which = { pointwise: "holds at each point", simultaneous: "holds the whole curve" };
  const known = curve.bands && bands !== "none" && !view.attr;
  const all = known && curve.bands.trackers.every((i) => always(section, i));
  const whose = !known || all ? "" : `; it is drawn for the highlighted tracker, or the one pointed at (${curve.bands.trackers.length} have one)`;
  const band = known ? ` The band ${which[bands]} with ${Math.round(100 * curve.bands.level)} % confidence${whose}.` : "";
  const grey = rest ? ` ${rest} more in grey: choose them in the list.` : "";
  return `Drag to zoom, double-click to see everything.${shade}${band}${grey}`;
}

function draw(section, curve, { metric, part, bands }, width, zoom) {
  const rows = section.names.map((_, i) => (part < 0 ? curve.y.row(i) : curve.byAttribute.row(part, i)));
  const limit = part < 0 || !curve.fills ? curve.limit : Math.max(...rows.flat().filter(Number.isFinite)) * 1.05;
  const { x, y } = zoom.domains([curve.x[0], curve.x.at(-1)], [0, limit]);
  const points = (i) => curve.x.map((at, j) => ({ x: at, y: rows[i][j], name: section.names[i] }));
  const order = section.names.map((_, i) => i).reverse();
  const coloured = order.filter((i) => view.shown.has(section.names[i]) || isOwn(section.names[i]));
  coloured.sort((i, j) => isOwn(section.names[i]) - isOwn(section.names[j]));
  const grey = order.filter((i) => !coloured.includes(i));
  const scores = part < 0 ? section.totals[metric.key] : section.byAttribute[metric.key].map((row) => row[part]);
  const everything = coloured.flatMap(points).filter((point) => Number.isFinite(point.y));
  const plot = Plot.plot({
    ...PLAIN,
    width,
    height: Math.min(400, Math.max(260, width * 0.72)),
    x: { label: curve.xLabel, domain: x },
    y: { label: curve.yLabel, domain: y, grid: true },
    ariaLabel: `${curve.title} curves of ${coloured.length} trackers`,
    marks: [
      curve.averaged ? Plot.rectX([curve.averaged], { x1: (d) => d[0], x2: (d) => d[1], fill: "var(--shade)", clip: true }) : null,
      Plot.ruleY([y[0]]),
      ...grey.map((i) => line(section, i, points(i), { stroke: "var(--faint)", strokeWidth: 1 })),
      ...(curve.bands && part < 0 && bands !== "none" ? curve.bands.trackers.map((i, row) => band(section, curve, { i, row, kind: bands })) : []),
      ...coloured.map((i) => line(section, i, points(i), styled(section.names[i]))),
      Plot.tip(everything, Plot.pointer({
        x: "x",
        y: "y",
        maxRadius: 30,
        title: (d) => `${d.name} [${shown(scores[section.place.get(d.name)], metric.digits)}]\n${curve.xLabel}: ${shown(d.x, 2)}\n${curve.yLabel}: ${shown(d.y)}`,
      })),
    ],
  });
  plot.addEventListener("input", () => emphasise(plot.value?.name ?? null));
  plot.addEventListener("pointerleave", () => emphasise(null));
  return zoom.over(plot, `${curve.title} curves`);
}

/** The line of a tracker, which can be found by its number. */
function line(section, i, points, style) {
  return Plot.line(points, { x: "x", y: "y", clip: true, ...style, render: numbered(section.names[i]) });
}

function band(section, curve, { i, row, kind }) {
  const [low, high] = [curve.bands[kind].low.row(row), curve.bands[kind].high.row(row)];
  const points = curve.x.map((x, j) => ({ x, low: low[j], high: high[j] }));
  const fill = styleOf(section.names[i]).colour;
  return Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill, fillOpacity: 0.18, clip: true, render: numbered(section.names[i], "band", always(section, i)) });
}

/** Whether a tracker's band is drawn without being asked for. */
function always(section, i) {
  return section.trackers.some((tracker) => tracker.own) ? isOwn(section.names[i]) : section.names.length <= 3;
}

/** Marks what is drawn with the tracker's number, for emphasis. */
export function numbered(name, kind = "line", always = false) {
  return (index, scales, values, dimensions, context, next) => {
    const drawn = next(index, scales, values, dimensions, context);
    drawn.setAttribute("data-tracker", styleOf(name).number);
    drawn.classList.add(kind);
    drawn.classList.toggle("always", always);
    return drawn;
  };
}

function styled(name) {
  const { colour, dash } = styleOf(name);
  return { stroke: colour, strokeDasharray: dash, strokeWidth: isOwn(name) ? 3 : 2 };
}
