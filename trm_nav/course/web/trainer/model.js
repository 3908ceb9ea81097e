// The Tiny Recursive Model of trm_nav/learning/model.py, with its backward pass.

import { ACTIONS } from "../../playground/mazes.js";
import { Asked } from "./asked.js";
import { Dropout } from "./dropout.js";
import { Halting, stateNoise } from "./halting.js";
import { Memory } from "./memory.js";
import { MixerBlock, Norm } from "./mixing.js";
import { Parameters, gaussian, linear } from "./parameters.js";

const TOKENS = 3; // FREE, WALL, GOAL
const A = ACTIONS.length, NOTHING = 0;

export class TinyRecursiveModel {
  /**
   * A model without weights: call `parameters.initialize` or `parameters.load`.
   *
   * module: from `loadKernels`. shape: grid_size, dim, depth, recursions, mixing, dropout, halting and binary. batch:
   * the most mazes in one pass. Throws an Error with a sentence if there is too little memory.
   */
  constructor(module, shape, batch) {
    const { grid_size: side, dim, depth, recursions, mixing } = shape;
    const cells = side * side, rows = cells * batch;
    Object.assign(this, { cells, dim, recursions });
    this.declare({ side, cells, dim, mixing }, depth, shape);

    this.memory = new Memory();
    this.parameters.place(this.memory);
    this.dropout = new Dropout(this.memory);
    this.agents = new Asked(this.memory, cells, dim, batch);
    const state = (count = 1) => this.memory.take(count * rows * dim);
    this.tokens = this.memory.take(Math.ceil(rows / 4)); // bytes
    this.inputs = state();
    this.zero = state();
    this.tapes = Array.from({ length: this.halting ? Math.max(2, recursions) : recursions }, () => ({
      norm: this.norm.tape(this.memory, rows),
      blocks: this.blocks.map((block) => block.tape(this.memory, rows)),
      ...this.halting?.tape(this.memory, rows),
    }));
    this.halting?.place(this.memory, rows);
    this.headTape = this.headNorm.tape(this.memory, rows);
    this.logits = this.memory.take(rows * A);
    this.dLogits = this.memory.take(rows * A);
    this.dz = state();
    this.dInputs = state();
    this.dKept = this.halting ? state() : 0;
    this.work = { dx: state(), dHidden: state(2) };
    this.memory.allocate(module);
    this.dropout.rate = shape.dropout;
  }

  /** The layers, with the names and in the order of model.py. */
  declare(shape, depth, { halting, binary }) {
    const { cells, dim, mixing } = shape;
    const parameters = this.parameters = new Parameters();
    this.embedding = parameters.add("embedding.weight", [TOKENS, dim], gaussian(1));
    this.norm = new Norm(parameters, "norm", dim);
    this.headNorm = new Norm(parameters, "head_norm", dim);
    this.headWeight = parameters.add("head.weight", [A, dim], linear(dim));
    this.headBias = parameters.add("head.bias", [A], linear(dim));
    this.halting = halting ? new Halting(parameters, dim, this.headNorm, binary) : null;
    this.position = mixing === "mlp" ? parameters.add("position", [cells, 1, dim], gaussian(0.02)) : null;
    this.blocks = Array.from({ length: depth }, (_, index) => new MixerBlock(parameters, `blocks.${index}`, shape));
  }

  /**
   * One pass for `batch` mazes; tokens: (batch, cells). Returns the logits, (cells, batch, 5), valid until the next.
   *
   * training: null, or what training does: recursions, how many (left out, those of the model); gradient, how many of
   * them, the last ones, carry a gradient (left out, all); decided, a function that gives the flags after a recursion.
   * agents: null, or the only cells, one of each maze, whose logits are wanted, (1, batch, 5); not with halting.
   */
  forward(tokens, batch, training = null, agents = null) {
    const k = this.memory.kernels, D = this.dim;
    this.batch = batch;
    this.training = training;
    this.asked = agents && this.agents.ask(agents);
    const rows = this.wanted;
    this.dropping = training && this.dropout.rate > 0 ? this.dropout : null;
    this.start(tokens);
    const z = this.unfold();
    const y = this.headNorm.forward(k, rows, z, this.headTape);
    const logits = this.memory.floats(this.logits, rows * A);
    k.clear(rows * A, this.logits);
    k.addRows(rows, A, this.headBias.value, 0, this.logits, A);
    k.multiply(rows, A, D, y, D, 1, this.headWeight.value, 1, D, this.logits, A, this.logits, NOTHING, 0);
    return logits;
  }

  /** All recursions. Returns the last state. With halting, and not in training, they end when nothing changes. */
  unfold() {
    const endsByItself = this.halting && !this.training;
    this.applied = endsByItself ? this.cells : this.training?.recursions ?? this.recursions;
    let z = this.zero;
    for (let index = 0; index < this.applied; index++) {
      const before = this.halting?.flags;
      z = this.recur(z, this.tapes[endsByItself ? index % 2 : index], index + 1);
      if (endsByItself && before.every((flag, row) => flag === this.halting.flags[row])) break;
    }
    return z;
  }

  /** The gradients of all parameters, added to them, from that of the logits, which `logitsGradient` gives. */
  backward() {
    const k = this.memory.kernels, D = this.dim, rows = this.wanted, { dz, dInputs, dLogits } = this;
    const { headWeight, headBias, headTape } = this, { dx: dy } = this.work;
    k.multiply(A, D, rows, dLogits, 1, A, headTape.y, D, 1, headWeight.gradient, D, headWeight.gradient, NOTHING, 0);
    k.multiply(rows, D, A, dLogits, A, 1, headWeight.value, D, 1, dy, D, 0, NOTHING, 0);
    k.addRows(rows, A, dLogits, A, headBias.gradient, 0);
    this.headNorm.backward(k, rows, dy, dz, 0, headTape);
    k.clear(this.cells * this.batch * D, dInputs);
    const first = Math.max(0, this.applied - (this.training?.gradient ?? this.applied));
    const tapes = this.tapes.slice(first, this.applied).reverse();
    tapes.forEach((tape, index) => this.recurBack(tape, index === 0));
    this.startBack();
  }

  /** Start the random numbers of training again, from a function that gives them and from a seed. */
  seed(random, seed, stream) {
    this.noise = stateNoise(random);
    this.dropout.seed(seed, stream);
  }

  /** Where the loss writes the gradient of the logits. */
  get logitsGradient() {
    return this.memory.floats(this.dLogits, this.wanted * A);
  }

  /** The number of cells whose logits are wanted, of all mazes. */
  get wanted() {
    return this.asked ? this.batch : this.cells * this.batch;
  }

  /** What a block has to compute: `asked` for the last one of all, null for the others. */
  #askedOf(index, last) {
    return last && index === this.blocks.length - 1 ? this.asked : null;
  }

  /** The inputs, which every recursion reads: the embedding of each token and, with dense mixing, its position. */
  start(tokens) {
    const k = this.memory.kernels, { cells, batch, dim } = this, stored = this.memory.bytes(this.tokens, cells * batch);
    for (let cell = 0, at = 0; cell < cells; cell++) {
      for (let maze = 0; maze < batch; maze++, at++) stored[at] = tokens[maze * cells + cell];
    }
    this.halting?.start(stored);
    k.embed(cells * batch, dim, this.tokens, this.embedding.value, this.inputs);
    this.#positions((position, at) => k.addRows(batch, dim, this.position.value + position, 0, this.inputs + at, dim));
  }

  startBack() {
    const k = this.memory.kernels, { cells, batch, dim } = this;
    this.#positions((position, at) => {
      k.addRows(batch, dim, this.dInputs + at, dim, this.position.gradient + position, 0);
    });
    k.embedBack(cells * batch, dim, this.tokens, this.dInputs, this.embedding.gradient);
  }

  /** For every cell, where its position lies among the positions, and where its states begin. */
  #positions(each) {
    if (!this.position) return;
    for (let cell = 0; cell < this.cells; cell++) each(4 * cell * this.dim, 4 * cell * this.batch * this.dim);
  }

  /** One recursion, counted from 1. Returns the state after it. */
  recur(z, tape, recursion) {
    const k = this.memory.kernels, rows = this.cells * this.batch, { halting, training } = this;
    let state = this.norm.forward(k, rows, halting ? halting.look(z, tape) : z, tape.norm);
    k.add(rows * this.dim, this.inputs, state);
    for (const [index, block] of this.blocks.entries()) {
      const asked = this.#askedOf(index, recursion === this.applied);
      state = block.forward(k, this.batch, state, tape.blocks[index], this.dropping, asked);
    }
    if (!halting) return state;
    return halting.decide(k, state, tape, training?.decided?.(recursion) ?? null, training ? this.noise : null);
  }

  /** Replaces dz, the gradient of the state after a recursion, by that of the state before. */
  recurBack(tape, last) {
    const k = this.memory.kernels, rows = this.cells * this.batch, { halting } = this;
    halting?.decideBack(k, this.dz, this.dKept, tape, last, this.work.dx);
    for (const [index, block] of [...this.blocks.entries()].reverse()) {
      block.backward(k, this.batch, this.dz, this.work, tape.blocks[index], this.dropping, this.#askedOf(index, last));
    }
    k.add(rows * this.dim, this.dz, this.dInputs);
    this.norm.backward(k, rows, this.dz, this.dz, 0, tape.norm);
    halting?.lookBack(this.dz, this.dKept, tape);
  }
}
