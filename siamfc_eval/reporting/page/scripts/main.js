// Puts the page together.

import { page, sections } from "./model.js";
import { follow, onChange } from "./view.js";
import { make } from "./text.js";
import { enhance } from "./tables.js";
import { legend } from "./legend.js";
import { curveFrames } from "./curves.js";
import { ranksFrame, standingFrame } from "./standing.js";
import { duelFrame, matrixFrame } from "./pairs.js";
import { attributeFrame, sequencesFrame } from "./attributes.js";
import { accuracyFrame, speedFrame } from "./points.js";
import { timelineFrame } from "./sequences.js";
import { trackerFrame } from "./tracker.js";

function start() {
  document.documentElement.classList.add("scripted");
  const all = sections.map(explore);
  for (const table of document.querySelectorAll("table.data")) prepare(table);
  themes();
  onChange((keys, byLink) => byLink && arrive(all, keys));
  follow();
}

/** Builds the figures of a section; returns the frames that a link may lead to. */
function explore(section) {
  const place = document.getElementById(`s${section.number}-explore`);
  const frames = {};
  frames.sequence = timelineFrame(section);
  frames.duel = duelFrame(section, () => frames.sequence);
  frames.tracker = trackerFrame(section, () => frames.sequence);
  const figures = [
    ...curveFrames(section),
    standingFrame(section),
    ranksFrame(section),
    accuracyFrame(section),
    speedFrame(section),
    matrixFrame(section, () => frames.duel),
    attributeFrame(section),
    sequencesFrame(section, () => frames.sequence),
    frames.duel,
    frames.sequence,
    frames.tracker,
  ].filter(Boolean);
  const grid = make("div", { class: "figures" }, ...figures.map((frame) => frame.element));
  place.replaceChildren(legend(section), grid);
  return { section, frames };
}

/** Brings what a link names before the reader. */
function arrive(all, keys) {
  const names = { seq: "sequence", a: "duel", b: "duel", tracker: "tracker" };
  const key = ["seq", "a", "b", "tracker"].find((one) => keys.includes(one));
  if (!key) return;
  const has = ({ section }, words) => (key === "seq" ? section.sequences.includes(words.get("seq")) : section.place.has(words.get(key)));
  const words = new URLSearchParams(location.hash.slice(1));
  const near = all.filter((one) => has(one, words)).sort((p, q) => distance(p) - distance(q))[0];
  near?.frames[names[key]]?.show();
}

function distance({ section }) {
  const box = document.getElementById(`s${section.number}`).getBoundingClientRect();
  return box.top > innerHeight ? box.top : box.bottom < 0 ? -box.bottom : 0;
}

/** Enhances a table now, or when the part of the page that hides it is opened: long ones take a moment. */
function prepare(table) {
  const hidden = table.closest("details:not([open])");
  const act = () => enhance(table, columnsOf(table));
  if (hidden) hidden.addEventListener("toggle", act, { once: true });
  else act();
}

/** Tracker names of a table that has a column for each. */
function columnsOf(table) {
  return table.dataset.key === "sequences" ? [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent) : null;
}

function themes() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = document.getElementById("theme");
  const label = () => (button.textContent = dark() ? "Light" : "Dark");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    label();
  });
  label();
}

start();
