// Halting: every cell decides by itself when it knows its answer, once and for all; see trm_nav/learning/model.py.
//
// flags, asked: (cells, batch), 1 for cells that have decided, and for those that had not before the last recursion.

import { linear } from "./parameters.js";
import { normal } from "./random.js";

const WALL = 1;
const STATE_NOISE = 1; // standard deviation of the noise on binary states while training

export class Halting {
  /** headNorm: of the model, which the flags share with the policy. binary: whether decided states are -1 or 1. */
  constructor(parameters, dim, headNorm, binary) {
    Object.assign(this, { dim, headNorm, binary });
    this.weight = parameters.add("halt.weight", [1, dim], linear(dim));
    this.bias = parameters.add("halt.bias", [1], linear(dim));
  }

  place(memory, rows) {
    this.memory = memory;
    this.normTape = this.headNorm.tape(memory, rows); // of the last recursion, the only one whose flags have a gradient
    this.knows = memory.take(rows);
    this.dKnows = memory.take(rows);
  }

  tape(memory, rows) {
    return { seen: memory.take(rows * this.dim), settled: memory.take(rows * this.dim) };
  }

  /** Every cell waits, and all but the walls are asked. */
  start(tokens) {
    this.flags = new Uint8Array(tokens.length);
    this.asked = Uint8Array.from(tokens, (token) => Number(token !== WALL));
  }

  /** Before a recursion: what the blocks see of the states z, those that have decided. */
  look(z, tape) {
    const { dim, flags } = this, seen = this.#floats(tape.seen), states = this.#floats(z);
    tape.flags = flags;
    tape.z = z;
    for (let row = 0, at = 0; row < flags.length; row++) {
      for (const end = at + dim; at < end; at++) seen[at] = flags[row] ? states[at] : 0;
    }
    return tape.seen;
  }

  lookBack(dz, dKept, tape) {
    const { dim } = this, gradient = this.#floats(dz), kept = this.#floats(dKept);
    tape.flags.forEach((decided, row) => {
      for (let at = row * dim; at < (row + 1) * dim; at++) gradient[at] = decided ? gradient[at] + kept[at] : 0;
    });
  }

  /**
   * After a recursion that made z: decide. Returns the states, those that had decided as they were.
   *
   * decided: (cells, batch), the flags after this recursion, or null for the model's own. noise: a function that gives
   * the noise on a binary state, or null for the signs alone.
   */
  decide(k, z, tape, decided, noise) {
    const { dim, flags, binary } = this, rows = flags.length;
    const y = this.#floats(this.headNorm.forward(k, rows, z, this.normTape)), made = this.#floats(z);
    const weight = this.memory.floats(this.weight.value, dim), [bias] = this.memory.floats(this.bias.value, 1);
    const knows = this.memory.floats(this.knows, rows);
    const before = this.#floats(tape.z), after = this.#floats(tape.settled);
    const next = new Uint8Array(rows), asked = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = bias;
      for (let channel = 0, at = row * dim; channel < dim; channel++, at++) {
        sum += y[at] * weight[channel];
        if (flags[row]) after[at] = before[at];
        else if (!binary) after[at] = made[at];
        else after[at] = noise ? Math.tanh(made[at] + noise()) : made[at] < 0 ? -1 : 1;
      }
      knows[row] = sum;
      asked[row] = this.asked[row] & ~flags[row];
      next[row] = decided ? decided[row] : flags[row] | (asked[row] & Number(sum > 0));
    }
    this.flags = next;
    this.asked = asked;
    return tape.settled;
  }

  /** dz becomes the gradient of the states that the blocks made; dKept is that of the states which stayed. */
  decideBack(k, dz, dKept, tape, last, dy) {
    const { dim, binary } = this, rows = tape.flags.length;
    const gradient = this.#floats(dz), kept = this.#floats(dKept), settled = this.#floats(tape.settled);
    for (let row = 0, at = 0; row < rows; row++) {
      for (const end = at + dim; at < end; at++) {
        kept[at] = tape.flags[row] ? gradient[at] : 0;
        if (tape.flags[row]) gradient[at] = 0;
        else if (binary) gradient[at] *= 1 - settled[at] * settled[at];
      }
    }
    if (!last) return;
    const { value, gradient: dWeight } = this.weight;
    k.multiply(1, dim, rows, this.dKnows, 1, 1, this.normTape.y, dim, 1, dWeight, dim, dWeight, 0, 0);
    k.multiply(rows, dim, 1, this.dKnows, 1, 1, value, dim, 1, dy, dim, 0, 0, 0);
    k.addRows(rows, 1, this.dKnows, 1, this.bias.gradient, 0);
    this.headNorm.backward(k, rows, dy, dz, dz, this.normTape);
  }

  /** Mean binary cross-entropy of the flags that were asked; its gradient is kept. reached: (cells, batch). */
  loss(reached) {
    const rows = this.asked.length, knows = this.memory.floats(this.knows, rows);
    const gradient = this.memory.floats(this.dKnows, rows);
    const asked = Math.max(1, this.asked.reduce((count, one) => count + one, 0));
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const x = knows[row];
      gradient[row] = this.asked[row] ? (1 / (1 + Math.exp(-x)) - reached[row]) / asked : 0;
      if (this.asked[row]) loss += Math.max(x, 0) - x * reached[row] + Math.log1p(Math.exp(-Math.abs(x)));
    }
    return loss / asked;
  }

  #floats(address) {
    return this.memory.floats(address, this.flags.length * this.dim);
  }
}

/** The noise on binary states. */
export const stateNoise = (random) => () => STATE_NOISE * normal(random);

/** The cells that can have heard of the goal after so many recursions: (cells, batch) from steps, (batch, cells). */
export function reachedIn(steps, batch, reach) {
  const cells = steps.length / batch, reached = new Uint8Array(steps.length);
  for (let cell = 0, at = 0; cell < cells; cell++) {
    for (let maze = 0; maze < batch; maze++, at++) {
      const distance = steps[maze * cells + cell];
      reached[at] = Number(distance >= 0 && distance <= reach);
    }
  }
  return reached;
}
