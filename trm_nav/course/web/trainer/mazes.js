// Mazes to train on and to measure with: trm_nav/mazes/grids.py, expert.py and dataset.py, for random walls.

import { STAY, beside, distances } from "../../playground/mazes.js";
import { symmetries } from "./symmetry.js";

const GOAL = 2, START = 3; // the first is a token; the second tells two starts apart when mazes are compared
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
 * random: one generator for each. Throws an Error with a sentence if nearly all mazes are among the held-out ones.
 */
export function buildSets({ num_train, num_test, grid_size, obstacle_density }, random) {
  const held = draw(num_test, grid_size, obstacle_density, random.test, new Set());
  const table = symmetries(grid_size).cells;
  const taken = new Set(Array.from({ length: num_test }, (_, maze) => orientation(held, maze, table)));
  return { train: draw(num_train, grid_size, obstacle_density, random.train, taken), val: held };
}

function draw(count, side, density, random, taken) {
  const set = emptySet(count, side), table = taken.size ? symmetries(side).cells : [];
  for (let maze = 0, tries = 0; maze < count; tries++) {
    if (tries > TRIES + TRIES_PER_MAZE * maze) {
      throw new Error(`There are hardly any mazes of ${side} x ${side} with \`obstacle_density=${density}\` that are `
                      + "not held out already: lower `num_test` or `obstacle_density`, or raise `grid_size`.");
    }
    if (drawInto(set, maze, density, random) && !taken.has(orientation(set, maze, table))) maze++;
  }
  return set;
}

/**
 * Draw one maze: the goal is uniform over the cells, each other cell is a wall with probability `density`, and the
 * agent is uniform over the cells that can reach the goal. Returns false if there is no such cell.
 */
function drawInto(set, maze, density, random) {
  const { side } = set, cells = side * side;
  const walls = set.tokens.subarray(maze * cells, (maze + 1) * cells);
  const goal = Math.floor(random() * cells);
  for (let cell = 0; cell < cells; cell++) walls[cell] = Number(random() < density);
  walls[goal] = 0;
  const distance = distances({ size: side, walls, goal });
  const candidates = distance.reduce((count, steps) => count + (steps > 0), 0);
  if (!candidates) return false;
  let left = Math.floor(random() * candidates);
  set.agents[maze] = distance.findIndex((steps) => steps > 0 && left-- === 0);
  set.steps.set(distance, maze * cells);
  set.optimal.set(optimalSets(distance, side), maze * cells);
  walls[goal] = GOAL;
  return true;
}

/** The set of all actions on some shortest path from each cell, from the distances to the goal. */
export function optimalSets(distance, side) {
  return Uint8Array.from(distance, (steps, cell) => {
    if (steps <= 0) return steps === 0 ? 1 << STAY : 0;
    let set = 0;
    for (let action = 0; action < STAY; action++) {
      const next = beside(cell, action, side);
      if (next >= 0 && distance[next] === steps - 1) set |= 1 << action;
    }
    return set;
  });
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
