// What ten runs of a choice show: their middle, their spread, and whether they are better than ten others by more than
// chance.

/** The median of numbers; null for none. */
export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b), half = sorted.length >> 1;
  if (!sorted.length) return null;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The history in the middle of several: epoch by epoch the median of the runs that have come so far. */
export function middle(runs) {
  const names = ["train_loss", "train_acc", "val_loss", "val_acc"];
  const epochs = Math.max(...runs.map((run) => run.val_loss.length));
  return Object.fromEntries(names.map((name) => (
    [name, Array.from({ length: epochs }, (_, epoch) => median(runs.map((run) => run[name][epoch])))])));
}

/** The held-out accuracy of each run in its last epoch; that of a run which diverged in the first is 0. */
export const ends = (runs) => runs.map((run) => run.val_acc.at(-1) ?? 0);

/**
 * How two choices compare, run by run on the same mazes: in how many runs the first is `higher` and in how many
 * `lower`; the `gains`; and how probable it would be that at least so many are higher if a coin decided each, as
 * `chance`.
 */
export function compared(first, second) {
  const gains = first.map((value, i) => value - second[i]);
  const higher = gains.filter((gain) => gain > 0).length, lower = gains.filter((gain) => gain < 0).length;
  let chance = 0;
  for (let count = higher; count <= higher + lower; count++) chance += choose(higher + lower, count);
  return { higher, lower, gains, chance: chance / 2 ** (higher + lower) };
}

function choose(n, k) {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

/** In how many of all pairs, one run of each choice, the first is not higher. */
export function misled(first, second) {
  return first.flatMap((one) => second.filter((other) => one <= other)).length;
}

/** How often each finding comes first, the most frequent first: [[name, count], ...]. */
export function counted(runs) {
  const counts = new Map();
  for (const { finding } of runs) counts.set(finding, (counts.get(finding) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
