// The static tables, made to sort, filter and choose columns, with links to what they name.

import { address, view } from "./view.js";
import { counted, make } from "./text.js";

const TEXT = new Set(["tracker", "sequence", "better", "worse", "verdict"]);
// A map, as a column's key may be a tracker's name, such as "constructor".
const LINKS = new Map([
  ["tracker", (name) => ({ tracker: name })],
  ["sequence", (name) => ({ seq: name })],
]);
const MANY_COLUMNS = 14;

/** Adds controls to a table. `columns`: of a table with a column for each tracker, its tracker names. */
export function enhance(table, columns = null) {
  link(table);
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, number) => sortable(table, heading, number));
  const tools = make("div", { class: "tools" });
  const rows = [...table.tBodies[0].rows];
  if (rows.length > 5) tools.append(filter(table, rows));
  if (headings.length > 4) tools.append(chooser(table, headings, columns));
  if (tools.children.length) table.closest(".scroll").before(tools);
}

function link(table) {
  const keys = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
  for (const row of table.tBodies[0].rows) {
    keys.forEach((key, number) => {
      const target = LINKS.get(key);
      const cell = row.cells[number];
      if (target) wrap(cell, target(nameIn(cell)));
    });
    if (keys[0] === "better") wrap(row.cells[0], { a: nameIn(row.cells[0]), b: nameIn(row.cells[1]) });
  }
}

/** The name in a cell, without its mark. */
function nameIn(cell) {
  return (cell.firstChild?.nodeType === Node.TEXT_NODE ? cell.firstChild : cell).textContent;
}

function wrap(cell, changes) {
  cell.replaceChildren(make("a", { href: address(changes) }, ...cell.childNodes));
}

function sortable(table, heading, number) {
  const button = make("button", { type: "button", class: "sort", title: "Sort by this column" }, ...heading.childNodes);
  heading.replaceChildren(button);
  button.addEventListener("click", () => {
    const before = heading.getAttribute("aria-sort");
    const text = TEXT.has(heading.dataset.key);
    const first = text || heading.dataset.key === "rank" || heading.dataset.better === "lower" ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = before === first ? other : first;
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    sort(table.tBodies[0], number, text, direction === "ascending" ? 1 : -1);
  });
}

function sort(body, number, text, sign) {
  const rows = [...body.rows].map((row) => {
    const shown = row.cells[number].textContent.trim();
    return { row, key: text ? shown : numberIn(shown), shown };
  });
  rows.sort((one, other) => {
    if (text) return sign * one.key.localeCompare(other.key, "en", { numeric: true });
    // What is missing is last, whichever way the rest goes.
    if (Number.isNaN(one.key) || Number.isNaN(other.key)) return Number.isNaN(one.key) - Number.isNaN(other.key);
    return sign * (one.key - other.key) || one.shown.localeCompare(other.shown, "en", { numeric: true });
  });
  body.append(...rows.map((entry) => entry.row));
}

function numberIn(text) {
  return Number.parseFloat(text.match(/^[<\s]*(-?\d*\.?\d+)/)?.[1] ?? "NaN");
}

function filter(table, rows) {
  const status = make("span", { class: "soft", role: "status" });
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = make("input", {
    type: "search",
    placeholder: "Filter rows",
    "aria-label": "Filter rows",
    oninput: () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        left += !row.hidden;
      });
      status.textContent = words.length ? `${left} of ${counted(rows.length, "row")}` : "";
    },
  });
  return make("span", {}, search, " ", status);
}

function chooser(table, headings, columns) {
  const boxes = headings.slice(1).map((heading, i) => {
    const box = make("input", { type: "checkbox", onchange: () => showColumn(table, i + 1, box.checked) });
    box.checked = true;
    return { box, heading, label: make("label", {}, box, ` ${heading.textContent}`) };
  });
  const set = (wanted) => {
    boxes.forEach(({ box }, i) => {
      if (box.checked === wanted(i)) return;
      box.checked = wanted(i);
      showColumn(table, i + 1, box.checked);
    });
  };
  const buttons = [make("button", { type: "button", onclick: () => set(() => true) }, "All")];
  if (columns) {
    const inFigures = () => set((i) => view.shown.has(columns[i]));
    buttons.push(make("button", { type: "button", onclick: inFigures }, "Those in figures"));
    if (headings.length > MANY_COLUMNS) inFigures();
  }
  const list = make("div", { class: "choices" }, ...boxes.map(({ label }) => label));
  return make("details", { class: "chooser" }, make("summary", {}, "Columns"), make("div", { class: "pop" }, make("p", {}, ...buttons), list));
}

function showColumn(table, number, isShown) {
  for (const row of table.rows) row.cells[number].hidden = !isShown;
}
