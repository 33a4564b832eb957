// How each tracker is drawn: the same colour, line and symbol in every figure, and in the figures' files.

import { page } from "./model.js";

const COLOURS = 8;
const DASHES = [null, "7 4", "8 3 2 3", "2 3"];
const SYMBOLS = ["circle", "square", "diamond", "triangle", "star", "wye", "cross", "diamond2"];
const numbers = new Map(page.trackers.map((tracker, number) => [tracker.name, number]));

/** Colour (a CSS value that follows the theme), dashes and symbol of a tracker. */
export function styleOf(name) {
  const number = numbers.get(name) ?? 0;
  const round = Math.floor(number / COLOURS);
  return {
    colour: `var(--tracker-${number % COLOURS})`,
    dash: DASHES[round % DASHES.length],
    symbol: SYMBOLS[(number + round) % SYMBOLS.length],
    number,
  };
}

export function isOwn(name) {
  return Boolean(page.trackers[numbers.get(name)]?.own);
}
