// The trackers of a section: which are drawn in colour, how they look, what they score.

import { page } from "./model.js";
import { initiallyShown, look, onChange, view } from "./view.js";
import { isOwn, styleOf } from "./palette.js";
import { make, shown } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";

/** The list of trackers beside the figures. */
export function legend(section) {
  const entries = section.names.map((name, place) => entry(section, name, place));
  const search = make("input", {
    type: "search",
    placeholder: "Find a tracker",
    "aria-label": "Find a tracker",
    oninput: () => {
      const wanted = search.value.toLowerCase();
      for (const one of entries) one.item.hidden = !one.name.toLowerCase().includes(wanted);
    },
  });
  const several = section.names.length > 1;
  const choose = (names) => look({ shown: new Set(names) });
  const own = section.names.filter(isOwn);
  const buttons = make(
    "p",
    { class: "buttons" },
    make("button", { type: "button", onclick: () => choose(initiallyShown()) }, `Top ${Math.min(page.top, section.names.length)}`),
    make("button", { type: "button", onclick: () => choose(page.trackers.map((tracker) => tracker.name)) }, "All"),
    make("button", { type: "button", onclick: () => choose(own) }, own.length ? "Highlighted" : "None"),
  );
  const update = () => {
    for (const one of entries) one.box.checked = view.shown.has(one.name) || isOwn(one.name);
  };
  onChange((keys) => keys.includes("shown") && update());
  update();
  const title = make("h3", {}, "Trackers");
  const unit = make("p", { class: "soft" }, section.metric.title);
  const list = make("ul", { tabindex: "0", "aria-label": `Trackers, ${section.metric.title}` }, ...entries.map((one) => one.item));
  return make("aside", { class: "legend", "aria-label": "Trackers in figures" }, title, unit, several ? buttons : null, section.names.length > 12 ? search : null, list);
}

function entry(section, name, place) {
  const box = make("input", {
    type: "checkbox",
    disabled: isOwn(name),
    onchange: () => {
      const next = new Set(view.shown);
      if (box.checked) next.add(name);
      else next.delete(name);
      look({ shown: next });
    },
  });
  const score = shown(section.totals[section.metric.key][place], section.metric.digits);
  const mark = section.marked[place] ? make("sup", { class: "mark", title: "Not over everything, or over runs that were changed to fit." }, "†") : null;
  const label = make("label", {}, box, swatch(name), make("span", { class: "name" }, name, mark), make("span", { class: "number" }, score));
  const item = make("li", {
    class: isOwn(name) ? "own" : null,
    onpointerenter: () => emphasise(name),
    onpointerleave: () => emphasise(null),
    onfocusin: () => emphasise(name),
    onfocusout: () => emphasise(null),
  }, label);
  return { name, item, box };
}

/** How a tracker's curve looks, in small. */
export function swatch(name) {
  const style = styleOf(name);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 28 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", "M0 5H28");
  line.setAttribute("stroke", style.colour);
  line.setAttribute("stroke-width", "3");
  if (style.dash) line.setAttribute("stroke-dasharray", style.dash);
  svg.append(line);
  return svg;
}

let emphasised = null;

/** Draws one tracker before all others in every figure; null: none. */
export function emphasise(name) {
  if (name === emphasised) return;
  emphasised = name;
  document.body.classList.toggle("emphasising", name !== null);
  for (const element of document.querySelectorAll(".hot")) element.classList.remove("hot");
  if (name === null) return;
  for (const element of document.querySelectorAll(`[data-tracker="${styleOf(name).number}"]`)) element.classList.add("hot");
}
