// Numbers as the tables write them, labels, and elements.

/** A number without a leading zero; a dash where it is missing. */
export function shown(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = value.toFixed(digits);
  return digits && Math.abs(value) < 1 && !/^-?1/.test(text) ? text.replace("0.", ".") : text;
}

export function interval([value, low, high], digits) {
  const ends = low === null || high === null ? "" : ` [${shown(low, digits)}, ${shown(high, digits)}]`;
  return shown(value, digits) + ends;
}

export function pText(p, resolved = true) {
  if (p === null) return "–";
  if (p < 0.001) return "< .001";
  return (resolved ? "" : "< ") + shown(p);
}

/** A count with its noun. */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A, B and C; of many the first few and how many more there are. */
export function listed(names, most = 4) {
  const some = names.length > most + 1 ? [...names.slice(0, most), `${names.length - most} more`] : names;
  return some.length < 2 ? some.join("") : `${some.slice(0, -1).join(", ")} and ${some.at(-1)}`;
}

const LETTER = 7; // pixels, of a label's 12 px font
const GAP = 20; // pixels, between labels and the edge, with what parts them from the axis

/** Pixels that labels need beside or below an axis, at most as many as are given. */
export function roomFor(names, most, gap = GAP) {
  return Math.min(most, gap + LETTER * Math.max(...names.map((name) => name.length)));
}

/** A name as far as there is room for it. */
export function clipped(name, room) {
  const most = Math.max(6, Math.floor((room - GAP) / LETTER));
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

/** An element with attributes (functions are listeners) and children; text is text, whatever is in it. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A select with a label; `options` are names or [value, text]. */
export function select(label, options, chosen, onchange) {
  const list = make("select", { onchange: (event) => onchange(event.target.value) });
  for (const option of options) {
    const [value, text] = Array.isArray(option) ? option : [option, option];
    const entry = make("option", { value }, text);
    entry.selected = value === chosen;
    list.append(entry);
  }
  return make("label", { class: "control" }, `${label} `, list);
}
