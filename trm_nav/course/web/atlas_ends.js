// Held-out accuracies at the end of runs: a row of dots for each choice, a line at their median, and from the first row
// to the second a line for each seed. The name of a row stands above the first and below the second.

import { median } from "./atlas_numbers.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 400, LEFT = 20, RIGHT = 20, TOP = 64, ROW = 62, BOTTOM = 36; // in the units of the picture
const NAME = 26; // from a row to the name below it
const RADIUS = 4, STACKED = 6; // of a dot, and how much higher an equal one lies
const NARROWEST = 0.4; // of accuracy, so that small differences stay small

/** Put the picture into an element. Returns a function that draws rows, { name: [shares] }, on an axis for `all`. */
export function drawEnds(here) {
  const box = document.createElement("div"), picture = make("svg", { role: "img" });
  box.className = "trm-curves atlas-ends";
  box.append(picture);
  here.append(box);
  return (rows, all) => {
    const names = Object.keys(rows), height = TOP + (names.length > 1 ? ROW + NAME + 8 : NAME / 2) + BOTTOM;
    const [low, high] = limits(all);
    const x = (share) => LEFT + ((share - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
    const places = names.map((name, i) => dots(rows[name], x, TOP + ROW * i));
    picture.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    picture.setAttribute("aria-label", inWords(rows));
    picture.replaceChildren(...axis(low, high, x, height), ...changes(places),
      ...names.flatMap((name, i) => [write(LEFT - 8, i ? TOP + ROW + NAME : 12, "start", name, "label"),
        ...row(rows[name], places[i], x, TOP + ROW * i)]));
  };
}

function inWords(rows) {
  const list = (values) => values.map((value) => Math.round(100 * value)).sort((a, b) => a - b).join(", ");
  return ["Held-out accuracy after the last epoch, in percent.",
    ...Object.entries(rows).map(([name, values]) => `${name}: ${list(values)}.`)].join(" ");
}

/** The ends of the axis, in tenths. */
function limits(all) {
  const high = Math.ceil(10 * Math.max(...all)) / 10;
  const low = Math.floor(10 * Math.min(...all)) / 10;
  return [Math.max(0, Math.min(low, high - NARROWEST)), high];
}

function axis(low, high, x, height) {
  const base = height - BOTTOM, count = Math.round(10 * (high - low)) + 1;
  const tenths = Array.from({ length: count }, (_, i) => low + i / 10);
  return [write(WIDTH - RIGHT, height - 4, "end", "held-out accuracy after the last epoch", "label"),
    ...tenths.flatMap((share) => [
      make("line", { class: "grid", x1: x(share), x2: x(share), y1: 18, y2: base }),
      write(x(share), base + 14, "middle", `${Math.round(100 * share)}%`),
    ])];
}

/** Where the dots of a row lie: [x, y] for each; equal ones are stacked. */
function dots(values, x, y) {
  const taken = new Map();
  return values.map((value) => {
    const place = Math.round(x(value) / RADIUS), above = taken.get(place) ?? 0;
    taken.set(place, above + 1);
    return [x(value), y - STACKED * above];
  });
}

const changes = ([before, after]) => (after ?? []).map(([x, y], i) => (
  make("line", { class: "change", x1: before[i][0], y1: before[i][1], x2: x, y2: y })));

function row(values, places, x, y) {
  const middle = x(median(values) ?? 0);
  return [...places.map(([cx, cy]) => make("circle", { class: "dot", cx, cy, r: RADIUS })),
    make("line", { class: "marker", x1: middle, x2: middle, y1: y - 12, y2: y + 10 })];
}

function write(x, y, anchor, words, name = "") {
  const text = make("text", { x, y, "text-anchor": anchor, class: name });
  text.textContent = words;
  return text;
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
