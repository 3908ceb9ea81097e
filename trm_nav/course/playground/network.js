/**
 * The network in a page: `trm_nav.navigation.wavefront` in JavaScript, and what search says about its answers.
 *
 * @typedef {import("./mazes.js").Maze} Maze
 * @typedef {{actions: Uint8Array, decidedIn: Int32Array, recursions: number}} Plan
 *   decidedIn: the recursion in which each cell decided, 0 for never; recursions: how many until nothing changes
 * @typedef {{cells: number[], arrives: boolean, waits: boolean}} Walk  waits: it ends at a cell that has not decided
 */

import { ACTIONS, MOVES, STAY, beside } from "./mazes.js";

const FREE = 0, WALL = 1, GOAL = 2, OUTSIDE = 3; // tokens; the last is the rim around a maze, which shows nothing
const FORMAT = "trm_nav playground weights", VERSION = 1; // as in weights.py
const BLOCK = "blocks.0.";
const EPSILON = 1e-5; // of a layer norm

/** The shape of every parameter, under the name that it has in the model. */
function shapes(dim) {
  return {
    "embedding.weight": [3, dim], "norm.weight": [dim], "norm.bias": [dim],
    [`${BLOCK}norm_tokens.weight`]: [dim], [`${BLOCK}norm_tokens.bias`]: [dim],
    [`${BLOCK}mix_tokens.weights`]: [ACTIONS.length, dim], [`${BLOCK}mix_tokens.bias`]: [dim],
    [`${BLOCK}norm_channels.weight`]: [dim], [`${BLOCK}norm_channels.bias`]: [dim],
    [`${BLOCK}mix_channels.channels_in.weight`]: [2 * dim, dim],
    [`${BLOCK}mix_channels.channels_out.weight`]: [dim, 2 * dim],
    "head_norm.weight": [dim], "head_norm.bias": [dim], "halt.weight": [1, dim], "halt.bias": [1],
    "head.weight": [ACTIONS.length, dim], "head.bias": [ACTIONS.length],
  };
}

/** Check weights that `trm_nav.course.playground.weights` has exported, and make a network of them. */
export function readWeights(json) {
  if (json?.format !== FORMAT) throw new Error(`Weights for the playground must have the \`format\` "${FORMAT}".`);
  if (json.version !== VERSION) {
    throw new Error(`These weights have version ${json.version}, not ${VERSION}; export them again.`);
  }
  const { dim, binary, parameters } = json;
  if (!Number.isInteger(dim) || dim < 1 || typeof binary !== "boolean") {
    throw new Error("Weights need `dim`, a positive whole number, and `binary`, true or false.");
  }
  const expected = Object.entries(shapes(dim));
  return new Network(dim, binary, Object.fromEntries(expected.map(([name, shape]) => {
    const values = [parameters?.[name]].flat(Infinity);
    if (!sameShape(parameters?.[name], shape) || !values.every(Number.isFinite)) {
      throw new Error(`The parameter \`${name}\` must be numbers in lists of the shape ${shape.join(" x ")}.`);
    }
    return [name, Float64Array.from(values)];
  })));
}

function sameShape(value, [length, ...rest]) {
  if (length === undefined) return typeof value === "number";
  return Array.isArray(value) && value.length === length && value.every((part) => sameShape(part, rest));
}

/**
 * The recursion of `trm_nav.learning.model` with halting, "cross" mixing and one block, for one cell at a time.
 *
 * A waiting cell has no memory, so what it computes depends on its token and on what the cells around it show.
 */
class Network {
  constructor(dim, binary, parameters) {
    const layer = (name) => ({ weight: parameters[`${name}.weight`], bias: parameters[`${name}.bias`] });
    Object.assign(this, { dim, binary, halt: layer("halt"), head: layer("head") });
    this.norms = { state: layer("norm"), tokens: layer(`${BLOCK}norm_tokens`), channels: layer(`${BLOCK}norm_channels`),
      head: layer("head_norm") };
    this.embedding = parameters["embedding.weight"];
    this.mix = { weights: parameters[`${BLOCK}mix_tokens.weights`], bias: parameters[`${BLOCK}mix_tokens.bias`] };
    this.channelsIn = parameters[`${BLOCK}mix_channels.channels_in.weight`];
    this.channelsOut = parameters[`${BLOCK}mix_channels.channels_out.weight`];
    this.normed = new Float64Array(dim);
    this.hidden = new Float64Array(2 * dim);
    const nothing = new Float64Array(dim);
    this.waiting = [FREE, WALL, GOAL].map((token) => this.received(nothing, token));
    this.shownWaiting = [...this.waiting.map((z) => this.norm(this.norms.tokens, z).slice()), nothing]; // by token
  }

  /** The layer norm of z, in an array that the next norm overwrites. */
  norm({ weight, bias }, z) {
    const { dim, normed } = this;
    let mean = 0, variance = 0;
    for (let c = 0; c < dim; c++) mean += z[c] / dim;
    for (let c = 0; c < dim; c++) variance += (z[c] - mean) ** 2 / dim;
    const scale = 1 / Math.sqrt(variance + EPSILON);
    for (let c = 0; c < dim; c++) normed[c] = (z[c] - mean) * scale * weight[c] + bias[c];
    return normed;
  }

  /** What the block receives from a cell with state z: the normed state plus the token's embedding. */
  received(z, token) {
    return this.norm(this.norms.state, z).map((value, c) => value + this.embedding[token * this.dim + c]);
  }

  /**
   * One recursion of a waiting cell: its most likely action, whether it knows that and decides, and what it then shows.
   * @param {Float64Array[]} around  what the cell to which each action leads shows
   */
  recur(token, around) {
    const { dim, mix, norms } = this, z = new Float64Array(dim);
    for (let c = 0; c < dim; c++) {
      z[c] = this.waiting[token][c] + mix.bias[c];
      for (let a = 0; a < around.length; a++) z[c] += around[a][c] * mix.weights[a * dim + c];
    }
    this.mixChannels(z);
    const knows = this.linear(this.halt, 0, this.norm(norms.head, z)) > 0;
    if (this.binary) for (let c = 0; c < dim; c++) z[c] = z[c] < 0 ? -1 : 1;
    return { action: this.choose(z), knows, shown: this.norm(norms.tokens, this.received(z, token)).slice() };
  }

  mixChannels(z) {
    const { dim, hidden, channelsIn, channelsOut } = this, normed = this.norm(this.norms.channels, z);
    for (let h = 0; h < hidden.length; h++) {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += channelsIn[h * dim + c] * normed[c];
      hidden[h] = Math.max(sum, 0);
    }
    for (let c = 0; c < dim; c++) {
      for (let h = 0; h < hidden.length; h++) z[c] += channelsOut[c * hidden.length + h] * hidden[h];
    }
  }

  /** One output of a linear layer. */
  linear({ weight, bias }, output, input) {
    let sum = bias[output];
    for (let c = 0; c < this.dim; c++) sum += weight[output * this.dim + c] * input[c];
    return sum;
  }

  /** The most likely action in state z. */
  choose(z) {
    const normed = this.norm(this.norms.head, z);
    let best = 0, highest = -Infinity;
    for (let action = 0; action < ACTIONS.length; action++) {
      const logit = this.linear(this.head, action, normed);
      if (logit > highest) [best, highest] = [action, logit];
    }
    return best;
  }
}

/**
 * Apply the network until no cell decides any more. After the first recursion only the waiting neighbours of the cells
 * that have just decided can compute something new. @param {Network} network @param {Maze} maze @returns {Plan}
 */
export function solve(network, { size, walls, goal }) {
  const side = size + 2, steps = MOVES.map(([down, right]) => down * side + right), ways = steps.slice(0, STAY);
  const tokens = new Uint8Array(side * side).fill(OUTSIDE); // with a rim of one cell around the maze
  const inner = (cell) => (Math.floor(cell / size) + 1) * side + (cell % size) + 1;
  walls.forEach((wall, cell) => (tokens[inner(cell)] = wall ? WALL : FREE));
  tokens[inner(goal)] = GOAL;
  const decidedIn = new Int32Array(side * side), askedIn = decidedIn.slice(), actions = new Uint8Array(side * side);
  const rule = Rule.of(network), shows = Int32Array.from(tokens), answers = []; // of every cell

  const waits = (cell) => (tokens[cell] === FREE || tokens[cell] === GOAL) && !decidedIn[cell];
  let front = Array.from(tokens.keys()).filter(waits), recursions = 0;
  for (let recursion = 1; front.length; recursion++) {
    for (const cell of front) {
      answers[cell] = rule.recur(tokens[cell], shows, cell, steps);
      actions[cell] = answers[cell].action;
    }
    const decided = front.filter((cell) => answers[cell].knows);
    for (const cell of decided) {
      decidedIn[cell] = recursions = recursion;
      shows[cell] = answers[cell].shown;
    }
    front = [];
    for (const cell of decided) {
      for (const way of ways) {
        const next = cell + way;
        if (!waits(next) || askedIn[next] === recursion) continue;
        askedIn[next] = recursion;
        front.push(next);
      }
    }
  }
  const inside = (values) => values.filter((_, cell) => tokens[cell] !== OUTSIDE);
  return { actions: inside(actions), decidedIn: inside(decidedIn), recursions };
}

/**
 * A network as the rule of a cellular automaton: whatever a cell may show has a number, and no question is asked twice.
 * A network with binary states is asked a few hundred questions in all. A waiting cell shows its token's number.
 */
class Rule {
  static of(network) {
    if (!network.binary) return new Rule(network); // its answers to one maze would hardly help with another
    network.rule ??= new Rule(network);
    return network.rule;
  }

  constructor(network) {
    Object.assign(this, { network, vectors: [...network.shownWaiting], numbers: new Map(), answers: new Map() });
  }

  /** `recur` of the network for a cell of `shows`, with the number of what it then shows. */
  recur(token, shows, cell, steps) {
    let question = String(token);
    for (const step of steps) question += ` ${shows[cell + step]}`;
    if (!this.answers.has(question)) {
      const answer = this.network.recur(token, steps.map((step) => this.vectors[shows[cell + step]]));
      this.answers.set(question, { ...answer, shown: answer.knows ? this.number(answer.shown) : token });
    }
    return this.answers.get(question);
  }

  number(vector) {
    const values = vector.join();
    if (!this.numbers.has(values)) this.numbers.set(values, this.vectors.push(vector) - 1);
    return this.numbers.get(values);
  }
}

/** Follow the plan from the start, as it is after some recursions. A step into a wall leads nowhere. @returns {Walk} */
export function walk(plan, { size, walls, goal, start }, recursions = plan.recursions) {
  const cells = [start], seen = new Set();
  while (cells.at(-1) !== goal && !seen.has(cells.at(-1))) {
    const cell = cells.at(-1);
    if (!isDecided(plan, cell, recursions)) return { cells, arrives: false, waits: true };
    seen.add(cell);
    const next = beside(cell, plan.actions[cell], size);
    cells.push(next < 0 || walls[next] ? cell : next);
  }
  return { cells, arrives: cells.at(-1) === goal, waits: false };
}

export function isDecided(plan, cell, recursions) {
  return plan.decidedIn[cell] > 0 && plan.decidedIn[cell] <= recursions;
}

/** Whether a cell's action lies on a shortest path. */
export function isOptimal(plan, cell, size, distance) {
  if (distance[cell] === 0) return plan.actions[cell] === STAY;
  const next = beside(cell, plan.actions[cell], size);
  return distance[cell] > 0 && next >= 0 && distance[next] === distance[cell] - 1;
}

/** The cells that are wrong after all recursions: without an optimal action, or decided without a path to the goal. */
export function mistakes(plan, { size, walls }, distance) {
  return Array.from(walls.keys()).filter((cell) => {
    if (walls[cell]) return false;
    const decided = isDecided(plan, cell, plan.recursions);
    return distance[cell] < 0 ? decided : !decided || !isOptimal(plan, cell, size, distance);
  });
}
