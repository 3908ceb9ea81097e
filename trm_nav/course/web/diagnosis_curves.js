// The curves of a run, and what a rule may ask of one. The same as trm_nav/diagnosis/curves.py.

import { filled, mean, median, diff } from "./diagnosis_numbers.js";
import { tables } from "./diagnosis_tables.js";

const { thresholds, evidence } = tables;
export const CURVES = ["train_loss", "train_acc", "val_loss", "val_acc"];

/** A history as arrays of numbers, with what the rules ask. lr: the run's learning rate, undefined if not known. */
export function curvesOf(history, lr) {
  const run = Object.fromEntries(CURVES.map((name) => [name, Array.from(history[name], number)]));
  const epochs = run.train_loss.length;
  if (CURVES.some((name) => run[name].length !== epochs)) throw new Error("The four curves must be equally long.");
  if (!epochs && !history.diverged) throw new Error("The history has no epochs.");
  const known = knownChance(history.chance);
  const guess = known ? known.train : tables.worst_guess;
  const last = (name) => run[name][epochs - 1];
  return {
    ...run,
    epochs,
    lr,
    last,
    known,
    guess,
    diverged: Boolean(history.diverged),
    part: (parts) => Math.max(thresholds.smallest_part, Math.floor(epochs / parts)),
    guessing: filled(known ? evidence.guessing : evidence["guessing at worst"], { guess: guess.loss }),
    accuracies: filled(evidence.accuracies, { train_acc: last("train_acc"), val_acc: last("val_acc") }),
    gap: mean(ends(run.train_acc.map((share, i) => share - run.val_acc[i]))),
    ratio: last("val_loss") / Math.max(last("train_loss"), thresholds.smallest_loss),
  };
}

/** A number of a history. JSON has no NaN and no infinity: null stands for a loss that is no number. */
function number(value) {
  if (value === null || value === undefined) return NaN;
  if (typeof value !== "number") throw new Error("A curve must be a list of numbers, one an epoch.");
  return value;
}

/** What guessing reaches, if it is given and a loss can be compared with it. */
function knownChance(chance) {
  const parts = chance ? [chance.train, chance.val] : [];
  const usable = parts.every((part) => part.loss > thresholds.smallest_chance && part.loss < Infinity);
  return parts.length && usable ? chance : null;
}

/** The epochs at the end that stand for the outcome of a run. */
export const ends = (curve) => curve.slice(-thresholds.last_epochs);

/** The standard deviation of a loss around its course, as a share of the loss. */
export function noise(loss) {
  const logarithms = loss.map((value) => Math.log(Math.max(value, thresholds.smallest_loss)));
  const seconds = diff(diff(logarithms)).map(Math.abs);
  return seconds.length ? median(seconds) / tables.second_difference : 0;
}

/** By what share of itself a loss fell in the last so many epochs. */
export function fall(loss, epochs) {
  const before = loss[loss.length - 1 - epochs];
  return (before - loss[loss.length - 1]) / Math.max(before, thresholds.smallest_loss);
}

/** The epoch from which on a condition, one boolean an epoch, has held to the end. */
export function since(condition) {
  const notSo = condition.lastIndexOf(false);
  return notSo < 0 ? 1 : Math.min(notSo + 2, condition.length);
}
