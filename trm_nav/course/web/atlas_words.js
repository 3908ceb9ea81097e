// What the runs of a choice show, in sentences.

import { compared, counted, ends, median, misled } from "./atlas_numbers.js";
import { thousands } from "./elements.js";

const LUCK = 0.05; // what a coin does more often than this may be luck

export const share = (value) => `${(100 * value).toFixed(1)}%`;
const rounded = (value) => `${Math.round(100 * value)}%`;
const range = (values, said) => [Math.min(...values), Math.max(...values)].map(said);

/** The sentences, each a string. tried: the remedies. runs: with them; alone: without any. */
export function sentences(preset, tried, runs, alone) {
  const values = ends(runs), before = ends(alone);
  const name = tried.length ? `${preset} with ${tried.join(" and ")}` : preset;
  const first = `${name}: ${runs.length} runs end at ${spread(values)} held-out accuracy.`;
  const findings = counted(runs).map(([finding, count]) => `${finding} ${count}`).join(", ");
  const diagnosis = `The diagnosis of the ${runs.length}: ${findings}.`;
  const [lowest, highest] = range(before, (value) => Math.round(100 * value));
  const luck = `chance alone (other mazes, other first weights) moves the end by ${highest - lowest} points`;
  if (!tried.length) return [`${first} ${capital(luck)}.`, diagnosis];
  return [first, `Without it: ${spread(before)}; ${luck}.`, comparison(values, before), diagnosis];
}

function spread(values) {
  const [low, high] = range(values, rounded);
  return `${low} to ${high} (median ${rounded(median(values))})`;
}

/** Run by run on the same mazes, and what a single comparison on other mazes would have shown. */
function comparison(values, before) {
  const { higher, lower, gains, chance } = compared(values, before), most = median(gains);
  const [low, high] = range(gains, points);
  const runs = `On the same mazes, ${higher} of ${gains.length} runs end higher; the median gain is ${points(most)} `
    + `${Math.abs(Math.round(100 * most)) === 1 ? "point" : "points"} (${low} to ${high}).`;
  const judged = higher <= lower ? "This is no cure."
    : chance > LUCK ? `A coin does as well in ${rounded(chance)} of all cases: this may be luck.`
      : `A coin does as well in one of ${thousands(Math.round(1 / chance))} cases.`;
  const pairs = `Had you trained one run with it and one without, each on mazes of its own: ${misled(values, before)} of `
    + `${values.length * before.length} such pairs point the wrong way.`;
  return higher > lower ? `${runs} ${judged} ${pairs}` : `${runs} ${judged}`;
}

function points(gain) {
  const whole = Math.round(100 * gain);
  return whole > 0 ? `+${whole}` : whole < 0 ? `−${-whole}` : "0";
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
