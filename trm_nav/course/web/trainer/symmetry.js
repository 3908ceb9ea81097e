// The 8 symmetries of the square, applied to cells and to sets of actions: trm_nav/mazes/symmetry.py.

import { ACTIONS, MOVES } from "../../playground/mazes.js";

const SYMMETRIES = 8, A = ACTIONS.length;

/**
 * Tables for mazes of n x n. Symmetry g turns by g % 4 quarters to the left; from 4 on, it first mirrors left to right.
 *
 * cells[g]: where each cell of the transformed maze comes from. images[g]: where each cell goes. sets[g]: what a set of
 * actions becomes, (32,).
 */
export function symmetries(n) {
  const cells = Array.from({ length: SYMMETRIES }, (_, g) => sources(n, g));
  const images = cells.map(inverse);
  const sets = cells.map((_, g) => setsAfter(actionsAfter(g)));
  return { cells, images, sets };
}

function sources(n, g) {
  let from = (row, column) => [row, g < 4 ? column : n - 1 - column];
  for (let turns = g % 4; turns > 0; turns--) {
    const before = from;
    from = (row, column) => before(column, n - 1 - row);
  }
  return Int32Array.from({ length: n * n }, (_, cell) => {
    const [row, column] = from(Math.floor(cell / n), cell % n);
    return row * n + column;
  });
}

function inverse(table) {
  const places = new Int32Array(table.length);
  table.forEach((from, to) => { places[from] = to; });
  return places;
}

/** What every action becomes, seen on 3 x 3 cells: the way from the centre to the image of the cell it leads to. */
function actionsAfter(g) {
  const images = inverse(sources(3, g)), reached = MOVES.map(([down, right]) => (1 + down) * 3 + 1 + right);
  return reached.map((cell) => reached.indexOf(images[cell]));
}

function setsAfter(actions) {
  return Uint8Array.from({ length: 2 ** A }, (_, set) => (
    actions.reduce((sum, action, before) => sum | (((set >> before) & 1) << action), 0)
  ));
}
