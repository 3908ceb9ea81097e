// Mazes to train on and to measure with: trm_nav/mazes/grids.py, expert.py and dataset.py, for random walls. A seed
// gives the same mazes here and there.

import { STAY, beside, distances } from "../../playground/mazes.js";
import { NumpyRandom } from "./numpy_random.js";
import { symmetries } from "./symmetry.js";

const GOAL = 2, START = 3; // the first is a token; the second tells two starts apart when mazes are compared
const ALL_AROUND = 2 ** STAY - 1; // the set of all moves
const BATCH_CELLS = 2 ** 18; // as in grids.py: how many numbers are drawn for one purpose before those for the next
const TRIES = 20_000, TRIES_PER_MAZE = 100; // more say that there are hardly any other mazes

/**
 * Mazes with their labels. tokens, optimal: (mazes, cells), a token and the set of optimal actions of each cell; steps:
 * (mazes, cells), the distances to the goal, -1 where no path leads there; agents: (mazes,), the cells of the agents.
 *
 * @typedef {{side: number, tokens: Uint8Array, optimal: Uint8Array, steps: Int16Array, agents: Int32Array}} MazeSet
 */

/** Room for so many mazes. @returns {MazeSet} */
export function emptySet(count, side) {
  const cells = count * side * side;
  return { side, tokens: new Uint8Array(cells), optimal: new Uint8Array(cells), steps: new Int16Array(cells),
           agents: new Int32Array(count) };
}

/**
 * A training and a held-out set that share no maze, not even rotated or reflected. The held-out mazes are drawn first.
 *
 * Throws an Error with a sentence if nearly all mazes are among the held-out ones.
 */
export function buildSets({ num_train, num_test, grid_size, obstacle_density, train_seed, test_seed }) {
  const held = draw(num_test, grid_size, obstacle_density, test_seed, new Set());
  const table = symmetries(grid_size).cells;
  const taken = new Set(Array.from({ length: num_test }, (_, maze) => orientation(held, maze, table)));
  return { train: draw(num_train, grid_size, obstacle_density, train_seed, taken), val: held };
}

function draw(count, side, density, seed, taken) {
  const set = emptySet(count, side), table = taken.size ? symmetries(side).cells : [];
  const samples = sampled(side, density, seed);
  for (let maze = 0, tries = 0; maze < count; tries++) {
    if (tries > TRIES + TRIES_PER_MAZE * maze) {
      throw new Error(`There are hardly any mazes of ${side} x ${side} with \`obstacle_density=${density}\` that are `
                      + "not held out already: lower `num_test` or `obstacle_density`, or raise `grid_size`.");
    }
    const { value } = samples.next();
    if (!value) continue;
    put(value, set, maze);
    if (!taken.has(orientation(set, maze, table))) maze++;
  }
  return set;
}

/**
 * An endless stream of mazes, each with its `walls`, `goal`, `agent`, and the `distance` of each cell to the goal; null
 * in place of a maze whose goal is walled in.
 *
 * The goal is uniform over the cells, each other cell is a wall with probability `density`, and the agent is uniform
 * over the cells that can reach the goal. NumPy draws all goals of a batch, then the cells beside them, then all walls,
 * then all agents; here a second generator runs ahead, so that no maze is made that nobody asks for.
 */
function* sampled(side, density, seed) {
  const cells = side * side, batch = Math.max(1, Math.floor(BATCH_CELLS / cells)), share = Math.fround(density);
  const goals = new Int32Array(batch), walled = new Uint8Array(batch);
  let random = new NumpyRandom(seed);
  while (true) {
    for (let maze = 0; maze < batch; maze++) goals[maze] = random.below(side) * side + random.below(side);
    for (let maze = 0; maze < batch; maze++) walled[maze] = wallsAround(goals[maze], side, share, random);
    const ahead = random.copy();
    ahead.skip(cells * walled.reduce((count, walls) => count + Number(walls !== ALL_AROUND), 0));
    for (let maze = 0; maze < batch; maze++) {
      yield walled[maze] === ALL_AROUND ? null : sample(side, goals[maze], walled[maze], share, random, ahead);
    }
    random = ahead;
  }
}

/** In which directions from a goal there is a wall or the edge of the maze, as a set of actions. */
function wallsAround(goal, side, share, random) {
  let walls = 0;
  for (let action = 0; action < STAY; action++) {
    const wall = random.single() < share;
    if (wall || beside(goal, action, side) < 0) walls |= 1 << action;
  }
  return walls;
}

/** One maze. around: the walls around the goal, as a set of actions. ahead: draws the agent. */
function sample(side, goal, around, share, random, ahead) {
  const walls = new Uint8Array(side * side);
  for (let cell = 0; cell < walls.length; cell++) walls[cell] = Number(random.single() < share);
  for (let action = 0; action < STAY; action++) {
    const next = beside(goal, action, side);
    if (next >= 0) walls[next] = (around >> action) & 1;
  }
  walls[goal] = 0;
  const distance = distances({ size: side, walls, goal });
  let candidates = 0, agent = -1;
  for (const steps of distance) candidates += Number(steps > 0);
  for (let left = Math.floor(ahead.double() * candidates); left >= 0; left -= Number(distance[agent] > 0)) agent++;
  return { walls, goal, agent, distance };
}

function put({ walls, goal, agent, distance }, set, maze) {
  const { side } = set, at = maze * side * side;
  set.tokens.set(walls, at);
  set.tokens[at + goal] = GOAL;
  set.agents[maze] = agent;
  set.steps.set(distance, at);
  set.optimal.set(optimalSets(distance, side), at);
}

/** The set of all actions on some shortest path from each cell, from the distances to the goal. */
export function optimalSets(distance, side) {
  const sets = new Uint8Array(distance.length);
  for (let cell = 0; cell < sets.length; cell++) {
    const steps = distance[cell];
    if (steps === 0) sets[cell] = 1 << STAY;
    if (steps <= 0) continue;
    for (let action = 0; action < STAY; action++) {
      const next = beside(cell, action, side);
      if (next >= 0 && distance[next] === steps - 1) sets[cell] |= 1 << action;
    }
  }
  return sets;
}

/** A text that is the same for the 8 orientations of a maze and different for other mazes. */
export function orientation(set, maze, table) {
  const cells = set.side ** 2, marked = set.tokens.slice(maze * cells, (maze + 1) * cells);
  marked[set.agents[maze]] = START;
  let first = null;
  for (const sources of table) {
    if (first === null || before(marked, sources, first)) first = sources;
  }
  return first === null ? "" : String.fromCharCode(...first.map((cell) => marked[cell]));
}

/** Whether one orientation of a maze comes before another, cell by cell. */
function before(marked, one, other) {
  for (let cell = 0; cell < one.length; cell++) {
    const difference = marked[one[cell]] - marked[other[cell]];
    if (difference) return difference < 0;
  }
  return false;
}

/** The set with the labels that the loss reads: with supervision "action", only those of the agents' cells. */
export function supervised(set, supervision) {
  if (supervision === "policy") return set;
  const cells = set.side ** 2, optimal = new Uint8Array(set.optimal.length);
  set.agents.forEach((agent, maze) => { optimal[maze * cells + agent] = set.optimal[maze * cells + agent]; });
  return { ...set, optimal };
}

/** The labels of the agents' cells, as those of mazes with no other cell. */
export function agentsAlone({ optimal, agents }) {
  const cells = optimal.length / agents.length;
  const labels = Uint8Array.from(agents, (agent, maze) => optimal[maze * cells + agent]);
  return { optimal: labels, agents: new Int32Array(agents.length) };
}

/** Copy mazes, each transformed by its symmetry, to the beginning of another set. turns: null for no symmetry. */
export function gather(set, mazes, turns, table, to) {
  const cells = set.side ** 2;
  mazes.forEach((maze, index) => {
    const from = maze * cells, at = index * cells, g = turns ? turns[index] : 0;
    const sources = table.cells[g], sets = table.sets[g];
    for (let cell = 0; cell < cells; cell++) {
      to.tokens[at + cell] = set.tokens[from + sources[cell]];
      to.optimal[at + cell] = sets[set.optimal[from + sources[cell]]];
      to.steps[at + cell] = set.steps[from + sources[cell]];
    }
    to.agents[index] = table.images[g][set.agents[maze]];
  });
  return part(to, 0, mazes.length);
}

/** Some mazes of a set, one after another, without a copy. @returns {MazeSet} */
export function part({ side, tokens, optimal, steps, agents }, first, end) {
  const cells = side * side, rows = [tokens, optimal, steps].map((all) => all.subarray(first * cells, end * cells));
  return { side, tokens: rows[0], optimal: rows[1], steps: rows[2], agents: agents.subarray(first, end) };
}
