// What the reader looks at. It is in the address, so that a link leads to it: #seq=Couple&a=X&b=Y.

import { page, sections } from "./model.js";

const KEYS = ["seq", "run", "a", "b", "attr", "tracker"];
const listeners = [];

/** Names, null where nothing was chosen; `shown`: the trackers that figures draw in colour. */
export const view = { seq: null, run: null, a: null, b: null, attr: null, tracker: null, shown: initiallyShown() };

/** Calls a function with the keys that changed, and whether a link led there (or the reader went back). */
export function onChange(listener) {
  listeners.push(listener);
}

/** Looks at something else; what is in the address goes there, and from there to the view. */
export function look(changes) {
  if (changes.shown) {
    view.shown = changes.shown;
    tell(["shown"], false);
  }
  const asked = KEYS.filter((key) => key in changes);
  if (!asked.length) return;
  const words = parse();
  for (const key of asked) {
    if (changes[key] === null) words.delete(key);
    else words.set(key, changes[key]);
  }
  const before = location.hash;
  location.hash = words;
  // The browser says so later; figures follow at once.
  if (location.hash !== before) read(false);
  else tell(asked, false);
}

/** The address of a view, for links. */
export function address(changes) {
  return `#${new URLSearchParams(changes)}`;
}

/** Trackers that figures show at first: the best of each section and the highlighted ones. */
export function initiallyShown() {
  const best = sections.flatMap((section) => section.names.slice(0, page.top));
  const own = page.trackers.filter((tracker) => tracker.own).map((tracker) => tracker.name);
  return new Set([...own, ...best]);
}

/** The pair that a section compares: as chosen, else a highlighted tracker (or the best) and the best beside it. */
export function pairOf(section) {
  const known = (name) => (section.place.has(name) ? section.place.get(name) : null);
  const own = section.trackers.findIndex((tracker) => tracker.own);
  let a = known(view.a);
  let b = known(view.b);
  if (a === null) a = b === null ? Math.max(own, 0) : b === 0 ? Math.min(1, section.names.length - 1) : 0;
  if (b === null) b = a === 0 ? Math.min(1, section.names.length - 1) : 0;
  return [a, b];
}

/** The sequence that a section shows: as chosen, else the one that parts its pair most. */
export function sequenceOf(section) {
  const chosen = section.sequences.indexOf(view.seq);
  if (chosen >= 0) return chosen;
  const [a, b] = pairOf(section);
  const rows = section.values[section.sequenceMetric.key];
  let most = 0;
  let found = 0;
  section.sequences.forEach((_, i) => {
    const difference = Math.abs((rows[a][i] ?? NaN) - (rows[b][i] ?? NaN));
    if (difference > most) [most, found] = [difference, i];
  });
  return found;
}

function parse() {
  const text = location.hash.slice(1);
  return new URLSearchParams(text.includes("=") ? text : "");
}

function read(byLink = true) {
  const words = parse();
  const changed = KEYS.filter((key) => view[key] !== words.get(key));
  for (const key of changed) view[key] = words.get(key);
  if (changed.length) tell(changed, byLink);
}

function tell(keys, byLink) {
  for (const listener of listeners) listener(keys, byLink);
}

/** Takes the address as it is when the page opens, and follows it. */
export function follow() {
  read();
  addEventListener("hashchange", () => read());
}
