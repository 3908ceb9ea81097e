// The loss that training minimises, the accuracy beside it, and what guessing reaches: trm_nav/learning/loss.py.
//
// logits: (cells, batch, 5), as the model lays them out. optimal: sets of actions, (batch, cells), 0 for no label.

import { ACTIONS } from "../../playground/mazes.js";

const A = ACTIONS.length;
const ROUNDS = 20; // of expectation maximisation

/** How many cells have a label, at least 1. */
export const countLabels = (optimal) => Math.max(1, optimal.reduce((count, set) => count + (set !== 0), 0));

/**
 * Mean over the labelled cells of -log(probability of an optimal action), in nats.
 *
 * gradient: null, or where that of the logits is written. labelled: over how many cells the mean is taken, if these are
 * a part of them.
 */
export function policyLoss(logits, optimal, batch, gradient = null, labelled = countLabels(optimal)) {
  const cells = optimal.length / batch;
  gradient?.fill(0);
  let loss = 0;
  for (let maze = 0, label = 0; maze < batch; maze++) {
    for (let cell = 0; cell < cells; cell++, label++) {
      if (!optimal[label]) continue;
      const at = (cell * batch + maze) * A;
      const all = logSumExp(logits, at, 2 ** A - 1), right = logSumExp(logits, at, optimal[label]);
      loss += all - right;
      if (!gradient) continue;
      for (let action = 0; action < A; action++) {
        const given = (optimal[label] >> action) & 1 ? Math.exp(logits[at + action] - right) : 0;
        gradient[at + action] = (Math.exp(logits[at + action] - all) - given) / labelled;
      }
    }
  }
  return loss / labelled;
}

/** The logarithm of the sum of exp(logit) over a set of actions. */
function logSumExp(logits, at, set) {
  let most = -Infinity, sum = 0;
  for (let action = 0; action < A; action++) if ((set >> action) & 1) most = Math.max(most, logits[at + action]);
  if (!Number.isFinite(most)) return most;
  for (let action = 0; action < A; action++) if ((set >> action) & 1) sum += Math.exp(logits[at + action] - most);
  return most + Math.log(sum);
}

/** The number of mazes whose most likely action at the agent's cell is optimal. agents: cells, (batch,). */
export function countRight(logits, optimal, agents) {
  const batch = agents.length, cells = optimal.length / batch;
  return agents.reduce((right, cell, maze) => {
    const at = (cell * batch + maze) * A;
    let best = 0;
    for (let action = 1; action < A; action++) if (logits[at + action] > logits[at + best]) best = action;
    return right + ((optimal[maze * cells + cell] >> best) & 1);
  }, 0);
}

/** What a policy reaches that never looks at a maze: its `loss`, in nats, and its accuracy, `acc`; as loss.py. */
export function chance(optimal, agents) {
  const counts = new Float64Array(2 ** A);
  for (const set of optimal) counts[set]++;
  const labelled = optimal.length - counts[0];
  const sets = Array.from(counts.keys()).filter((set) => set && counts[set]);
  const sumIn = (set, p) => p.reduce((sum, share, action) => sum + ((set >> action) & 1) * share, 0);
  let p = new Array(A).fill(1 / A);
  for (let round = 0; round < ROUNDS; round++) {
    p = p.map((share, action) => sets.reduce((sum, set) => (
      sum + ((set >> action) & 1 ? (counts[set] / labelled) * (share / sumIn(set, p)) : 0)
    ), 0));
  }
  const cells = optimal.length / agents.length;
  const right = p.map((_, action) => agents.reduce((sum, cell, maze) => (
    sum + ((optimal[maze * cells + cell] >> action) & 1)
  ), 0) / agents.length);
  const loss = -sets.reduce((sum, set) => sum + (counts[set] / labelled) * Math.log(sumIn(set, p)), 0);
  return { loss, acc: Math.max(...right) };
}
