/**
 * Mazes as a page has them: read, written, generated, and searched breadth-first.
 *
 * Cells are numbered row by row: the cell (row, column) of a maze with `size` rows is row * size + column.
 *
 * @typedef {{size: number, walls: Uint8Array, goal: number, start: number}} Maze  walls: 1 for a wall
 * @typedef {{rows: string[], goal: number[], start: number[]}} MazeJSON
 *   rows: one string a row, "#" for a wall and "." for a free cell; goal, start: [row, column], free cells
 */

export const ACTIONS = ["UP", "DOWN", "LEFT", "RIGHT", "STAY"];
export const MOVES = [[-1, 0], [1, 0], [0, -1], [0, 1], [0, 0]]; // what an action adds to [row, column]
export const STAY = 4;
export const SMALLEST = 5, LARGEST = 101; // rows of a maze

/** Check a maze and convert it. @param {MazeJSON} json @returns {Maze} */
export function readMaze(json) {
  const { rows, goal, start } = json ?? {};
  const size = Array.isArray(rows) ? rows.length : 0;
  if (size < SMALLEST || size > LARGEST || rows.some((row) => typeof row !== "string" || row.length !== size)) {
    throw new Error(`A maze needs \`rows\`, ${SMALLEST} to ${LARGEST} strings of as many characters each.`);
  }
  if (/[^.#]/.test(rows.join(""))) throw new Error('The rows of a maze consist of "#", a wall, and ".", a free cell.');
  const walls = Uint8Array.from(rows.join(""), (cell) => Number(cell === "#"));
  const [goalCell, startCell] = [goal, start].map((cell) => {
    const inside = (at) => Number.isInteger(at) && at >= 0 && at < size;
    if (!Array.isArray(cell) || cell.length !== 2 || !cell.every(inside) || walls[cell[0] * size + cell[1]]) {
      throw new Error("The goal and the start of a maze must be free cells, [row, column].");
    }
    return cell[0] * size + cell[1];
  });
  return { size, walls, goal: goalCell, start: startCell };
}

/** The maze as plain data, which `readMaze` reads. @param {Maze} maze @returns {MazeJSON} */
export function writeMaze({ size, walls, goal, start }) {
  const row = (_, index) => Array.from(walls.subarray(index * size, (index + 1) * size), (wall) => ".#"[wall]).join("");
  const position = (cell) => [Math.floor(cell / size), cell % size];
  return { rows: Array.from({ length: size }, row), goal: position(goal), start: position(start) };
}

/** The cell to which an action leads, or -1 outside the grid. */
export function beside(cell, action, size) {
  const row = Math.floor(cell / size) + MOVES[action][0], column = (cell % size) + MOVES[action][1];
  return row >= 0 && row < size && column >= 0 && column < size ? row * size + column : -1;
}

/** Steps from every cell to the goal, -1 where no path leads there: breadth-first search. @param {Maze} maze */
export function distances({ size, walls, goal }) {
  const distance = new Int32Array(size * size).fill(-1);
  const queue = [goal];
  distance[goal] = 0;
  for (const cell of queue) {
    for (let action = 0; action < STAY; action++) {
      const next = beside(cell, action, size);
      if (next < 0 || walls[next] || distance[next] >= 0) continue;
      distance[next] = distance[cell] + 1;
      queue.push(next);
    }
  }
  return distance;
}

/** The cells of one shortest path from the start to the goal, none if there is no path. @param {Maze} maze */
export function shortestPath({ size, start }, distance) {
  if (distance[start] < 0) return [];
  const cells = [start];
  for (let left = distance[start] - 1; left >= 0; left--) {
    const around = MOVES.map((_, action) => beside(cells.at(-1), action, size));
    cells.push(around.find((next) => next >= 0 && distance[next] === left));
  }
  return cells;
}

/** Every cell a wall with the given probability, goal and start far apart. */
export function randomMaze(size, density, random = Math.random) {
  const walls = Uint8Array.from({ length: size * size }, () => Number(random() < density));
  return withEnds(size, walls, random);
}

/** One path between any two cells, by depth-first search. An even size leaves a row and a column of walls over. */
export function perfectMaze(size, random = Math.random) {
  const walls = new Uint8Array(size * size).fill(1);
  const path = [0]; // rooms lie two apart; the cell between two of them is opened when the search passes
  walls[0] = 0;
  while (path.length) {
    const room = path.at(-1);
    const steps = MOVES.slice(0, STAY).map(([down, right]) => {
      const row = Math.floor(room / size) + 2 * down, column = (room % size) + 2 * right;
      const inside = row >= 0 && row < size && column >= 0 && column < size;
      return { next: row * size + column, door: room + down * size + right, inside };
    });
    const fresh = steps.filter(({ next, inside }) => inside && walls[next]);
    if (!fresh.length) {
      path.pop();
      continue;
    }
    const { next, door } = fresh[Math.floor(random() * fresh.length)];
    walls[next] = walls[door] = 0;
    path.push(next);
  }
  return withEnds(size, walls, random);
}

/** Of a few random goals, the one that most cells can reach; the start is the cell farthest from it. */
function withEnds(size, walls, random) {
  const tries = [], free = Array.from(walls.keys()).filter((cell) => !walls[cell]);
  if (!free.length) free.push(Math.floor(random() * walls.length));
  for (let number = 0; number < 8; number++) {
    const goal = free[Math.floor(random() * free.length)];
    if (tries.some(({ distance }) => distance[goal] >= 0)) continue; // the same cells can reach it
    walls[goal] = 0;
    const distance = distances({ size, walls, goal, start: goal });
    tries.push({ goal, distance, reached: distance.filter((steps) => steps >= 0).length });
  }
  const { goal, distance } = tries.reduce((best, one) => (one.reached > best.reached ? one : best));
  return { size, walls, goal, start: distance.indexOf(Math.max(...distance)) };
}

/** The maze with another number of rows: its upper left part, or free cells added below and on the right. */
export function resized({ size, walls, goal, start }, newSize) {
  const kept = new Uint8Array(newSize * newSize);
  for (let cell = 0; cell < kept.length; cell++) {
    const row = Math.floor(cell / newSize), column = cell % newSize;
    if (row < size && column < size) kept[cell] = walls[row * size + column];
  }
  const move = (cell) => Math.min(Math.floor(cell / size), newSize - 1) * newSize + Math.min(cell % size, newSize - 1);
  kept[move(goal)] = kept[move(start)] = 0;
  return { size: newSize, walls: kept, goal: move(goal), start: move(start) };
}
