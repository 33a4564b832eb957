// The frame of a figure: heading, controls, caption; drawn when it comes into sight, and again when what it shows changes.

import { onChange } from "./view.js";
import { make } from "./text.js";

const waiting = new WeakMap();
const frames = [];
const sight = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const one = waiting.get(entry.target);
      one.seen = entry.isIntersecting;
      if (one.seen) one.refresh();
    }
  },
  { rootMargin: "400px 0px" },
);
const sizes = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const one = waiting.get(entry.target);
    if (Math.abs(entry.contentRect.width - one.drawnWidth) > 2) one.outdate();
  }
});

/**
 * A figure. `draw(width)` gives an element, or null where there is nothing to draw. Where it gives a promise of one it is
 * `late`: printing does not wait for promises, so it is drawn ahead of being seen.
 * `uses`: the keys of the view that it depends on. `title` and `caption` are texts, `wide` says whether
 * it takes the whole width; each may be a function.
 */
export class Frame {
  constructor({ id, title, caption = "", controls = [], uses = [], wide = false, late = false, draw }) {
    this.titleText = title;
    this.captionText = caption;
    this.wide = wide;
    this.late = late;
    this.draw = draw;
    this.heading = make("h4", { id: `${id}-title`, tabindex: "-1" });
    this.body = make("div", { class: "drawing" });
    this.caption = make("figcaption", {});
    const bar = controls.length ? make("div", { class: "controls" }, ...controls) : null;
    this.element = make(
      "figure",
      { id, class: "card", "aria-labelledby": `${id}-title` },
      this.heading,
      bar,
      this.body,
      this.caption,
    );
    this.outdated = true;
    this.seen = false;
    this.drawnWidth = 0;
    waiting.set(this.element, this);
    frames.push(this);
    sight.observe(this.element);
    sizes.observe(this.element);
    onChange((keys) => keys.some((key) => uses.includes(key)) && this.outdate());
    this.label();
    if (late) this.drawAhead();
  }

  /** It must be drawn anew; at once if it is in sight. */
  outdate() {
    this.outdated = true;
    this.label();
    if (this.seen) this.refresh();
    else if (this.late) this.drawAhead();
  }

  /** Draws it when nothing has changed for a moment. */
  drawAhead() {
    clearTimeout(this.waits);
    this.waits = setTimeout(() => this.refresh(), 1000);
  }

  label() {
    const text = (given) => (typeof given === "function" ? given() : given);
    this.heading.textContent = text(this.titleText);
    this.caption.textContent = text(this.captionText);
    this.element.classList.toggle("wide", text(this.wide));
  }

  async refresh() {
    const width = this.element.clientWidth;
    if (!this.outdated || !width) return;
    this.outdated = false;
    this.drawnWidth = this.element.getBoundingClientRect().width;
    this.turn = (this.turn ?? 0) + 1;
    const turn = this.turn;
    let drawn = this.draw(width);
    if (drawn instanceof Promise) drawn = await drawn;
    if (turn !== this.turn) return;
    this.element.classList.toggle("empty", drawn === null);
    this.body.replaceChildren(drawn ?? "");
    this.body.dataset.drawn = String(turn);
  }

  /** Brings it before the reader. */
  show() {
    // At once: on the way, figures would be drawn and move the place.
    this.element.scrollIntoView({ behavior: "instant", block: "start" });
    this.heading.focus({ preventScroll: true });
  }
}

addEventListener("beforeprint", () => frames.forEach((one) => one.refresh()));

/** What all plots have in common. */
export const PLAIN = {
  style: { fontSize: "12px", fontFamily: "inherit", overflow: "visible" },
  marginTop: 26,
  marginBottom: 40,
};
