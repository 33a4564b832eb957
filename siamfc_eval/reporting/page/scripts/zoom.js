// Zooming into a plot: drag a rectangle, or the keys + - 0 and the arrows; a double click leads back.

import { make } from "./text.js";

const STEP = 0.2;

/** The part of its axes that a plot shows. */
export class Zoom {
  /** `frame()` gives the frame that is drawn anew; `axes`: "xy" or "x". */
  constructor(frame, axes = "xy") {
    this.frame = frame;
    this.axes = axes;
    this.part = null;
  }

  /** The domains to draw, within those of everything. */
  domains(x, y) {
    this.whole = { x, y };
    return this.part ?? this.whole;
  }

  set(part) {
    this.part = part;
    this.frame().outdate();
  }

  /** Puts the tools over a plot; returns what is shown. */
  over(plot, label) {
    const scales = { x: plot.scale("x"), y: plot.scale("y") };
    const svg = plot.matches("svg") ? plot : plot.querySelector("svg");
    const [left, right] = scales.x.range;
    const [bottom, top] = scales.y.range;
    const box = [[left, Math.min(top, bottom)], [right, Math.max(top, bottom)]];
    const brush = (this.axes === "x" ? d3.brushX() : d3.brush()).touchable(false).extent(box).on("end", ({ selection, sourceEvent }) => {
      if (!selection || !sourceEvent) return;
      const [one, other] = this.axes === "x" ? [[selection[0], box[0][1]], [selection[1], box[1][1]]] : selection;
      if (other[0] - one[0] < 6) return;
      const flip = (values) => values.sort((p, q) => p - q);
      this.set({
        x: flip([scales.x.invert(one[0]), scales.x.invert(other[0])]),
        y: this.axes === "x" ? this.whole.y : flip([scales.y.invert(one[1]), scales.y.invert(other[1])]),
      });
    });
    const layer = d3.select(svg).insert("g", ":first-child").attr("class", "brush").call(brush);
    layer.on("dblclick", () => this.part && this.set(null));
    const reset = make("button", { type: "button", class: "reset", onclick: () => this.set(null) }, "Reset zoom");
    const holder = make("div", { class: "zoomable", tabindex: "0", role: "group", "aria-label": `${label}. Keys: + and - zoom, arrows move, 0 shows everything.` }, plot);
    if (this.part) holder.append(reset);
    holder.addEventListener("keydown", (event) => this.key(event));
    return holder;
  }

  key(event) {
    const shown = this.part ?? this.whole;
    const moved = ([low, high], grow, shift) => {
      const size = high - low;
      return [low + size * (shift + grow), high + size * (shift - grow)];
    };
    const moves = { "+": [STEP, 0, 0], "=": [STEP, 0, 0], "-": [-STEP, 0, 0], ArrowLeft: [0, -STEP, 0], ArrowRight: [0, STEP, 0], ArrowUp: [0, 0, STEP], ArrowDown: [0, 0, -STEP] };
    if (event.key === "0") this.set(null);
    else if (event.key in moves && (this.part || "+=".includes(event.key))) {
      const [grow, dx, dy] = moves[event.key];
      const x = clip(moved(shown.x, grow, dx), this.whole.x);
      const y = this.axes === "x" ? this.whole.y : clip(moved(shown.y, grow, dy), this.whole.y);
      const all = String([x, y]) === String([this.whole.x, this.whole.y]);
      this.set(all ? null : { x, y });
      this.frame().body.querySelector(".zoomable")?.focus();
    } else return;
    event.preventDefault();
  }
}

function clip([low, high], [least, most]) {
  const size = Math.min(high - low, most - least);
  const start = Math.min(Math.max(low, least), most - size);
  return [start, start + size];
}
