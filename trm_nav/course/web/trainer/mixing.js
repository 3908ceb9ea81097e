// The layers of trm_nav/learning/mixing.py, each with its backward pass: what `backward` does is what `forward` does,
// line by line from the last to the first. States and their gradients have the shape (cells, batch, dim).
//
// A layer has parameters and no state. What its backward pass needs is on a tape, which `tape` plans: one for each
// time that the layer is applied. Gradients of parameters are added up; others are written, or added to `more`.

import { MOVES } from "../../playground/mazes.js";
import { linear, ones, zeroed, zeros } from "./parameters.js";

const NOTHING = 0, RELU = 1, WHERE_POSITIVE = 2; // as in multiply.ts
const AROUND = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right])); // 3 x 3, row by row

/** A layer norm over the channels. */
export class Norm {
  constructor(parameters, name, dim) {
    this.dim = dim;
    this.weight = parameters.add(`${name}.weight`, [dim], ones);
    this.bias = parameters.add(`${name}.bias`, [dim], zeros);
  }

  tape(memory, rows) {
    return { y: memory.take(rows * this.dim), statistics: memory.take(2 * rows) };
  }

  /** Returns y; x must stay as it is until the backward pass. */
  forward(k, rows, x, tape) {
    tape.x = x;
    k.norm(rows, this.dim, x, this.weight.value, this.bias.value, tape.y, tape.statistics);
    return tape.y;
  }

  backward(k, rows, dy, dx, more, tape) {
    k.normBack(rows, this.dim, tape.x, this.weight.value, tape.statistics, dy, dx, more,
               this.weight.gradient, this.bias.gradient);
  }
}

/** An MLP over the cells, the same for every channel. */
export class TokenMixing {
  constructor(parameters, name, { cells, dim }) {
    Object.assign(this, { cells, dim });
    this.tokensIn = parameters.add(`${name}.tokens_in.weight`, [cells, cells], linear(cells));
    this.tokensOut = parameters.add(`${name}.tokens_out.weight`, [cells, cells], zeroed);
  }

  tape(memory, rows) {
    return { hidden: memory.take(rows * this.dim) };
  }

  /** z + mixed x, written to `out`. */
  forward(k, batch, x, z, out, tape) {
    const T = this.cells, N = batch * this.dim; // columns of the states as a matrix with a row for each cell
    tape.input = x;
    k.multiply(T, N, T, this.tokensIn.value, T, 1, x, N, 1, tape.hidden, N, 0, RELU, 0);
    k.multiply(T, N, T, this.tokensOut.value, T, 1, tape.hidden, N, 1, out, N, z, NOTHING, 0);
  }

  /** From dz, the gradient of `out` and of z, that of x. dHidden: memory for a state. */
  backward(k, batch, dz, dx, dHidden, tape) {
    const T = this.cells, N = batch * this.dim, { input, hidden } = tape, { tokensIn, tokensOut } = this;
    k.multiply(T, T, N, dz, N, 1, hidden, 1, N, tokensOut.gradient, T, tokensOut.gradient, NOTHING, 0);
    k.multiply(T, N, T, tokensOut.value, 1, T, dz, N, 1, dHidden, N, 0, WHERE_POSITIVE, hidden);
    k.multiply(T, T, N, dHidden, N, 1, input, 1, N, tokensIn.gradient, T, tokensIn.gradient, NOTHING, 0);
    k.multiply(T, N, T, tokensIn.value, 1, T, dHidden, N, 1, dx, N, 0, NOTHING, 0);
  }
}

/** A weighted sum, channel by channel, over cells around each cell: NeighbourMixing and CrossMixing of mixing.py. */
class LocalMixing {
  constructor({ side, dim }, taps) {
    Object.assign(this, { side, dim, taps }); // taps: [down, right] of the cells that are read
  }

  tape() {
    return {};
  }

  forward(k, batch, x, z, out, tape) {
    const { dim, side } = this, width = batch * dim, rows = side * side * batch;
    tape.input = x;
    k.copy(rows * dim, z, out);
    k.addRows(rows, dim, this.bias.value, 0, out, dim);
    this.#pairs(width, (weight, count, to, from) => {
      k.addWeighted(count * batch, dim, this.weights.value + weight, x + from, out + to);
    });
  }

  backward(k, batch, dz, dx, _, tape) {
    const { dim, side } = this, width = batch * dim, rows = side * side * batch;
    k.clear(rows * dim, dx);
    this.#pairs(width, (weight, count, to, from) => {
      k.addProducts(count * batch, dim, tape.input + from, dz + to, this.weights.gradient + weight);
      k.addWeighted(count * batch, dim, this.weights.value + weight, dz + to, dx + from);
    });
    k.addRows(rows, dim, dz, dim, this.bias.gradient, 0);
  }

  /** For every tap and row of the maze: the cells of the row that read a cell inside, and the cells that they read. */
  #pairs(width, each) {
    const { side, dim, taps } = this;
    taps.forEach(([down, right], tap) => {
      const first = Math.max(0, -right), count = side - Math.abs(right);
      for (let row = Math.max(0, -down); row < side - Math.max(0, down); row++) {
        const to = row * side + first, from = (row + down) * side + first + right;
        each(4 * tap * dim, count, 4 * to * width, 4 * from * width);
      }
    });
  }
}

/** A depthwise 3 x 3 convolution. */
export class NeighbourMixing extends LocalMixing {
  constructor(parameters, name, shape) {
    super(shape, AROUND);
    this.weights = parameters.add(`${name}.neighbours.weight`, [shape.dim, 1, 3, 3], zeroed, { transposed: true });
    this.bias = parameters.add(`${name}.neighbours.bias`, [shape.dim], zeroed);
  }
}

/** The cell and its four neighbours, the cells that an action leads to. */
export class CrossMixing extends LocalMixing {
  constructor(parameters, name, shape) {
    super(shape, MOVES);
    this.weights = parameters.add(`${name}.weights`, [MOVES.length, shape.dim], zeros);
    this.bias = parameters.add(`${name}.bias`, [shape.dim], zeros);
  }
}

/** An MLP over the channels, the same for every cell. */
export class ChannelMixing {
  constructor(parameters, name, { dim }) {
    this.dim = dim;
    this.channelsIn = parameters.add(`${name}.channels_in.weight`, [2 * dim, dim], linear(dim));
    this.channelsOut = parameters.add(`${name}.channels_out.weight`, [dim, 2 * dim], zeroed);
  }

  tape(memory, rows) {
    return { hidden: memory.take(2 * rows * this.dim) };
  }

  /** z + mixed x, written to `out`. dropout: null, or what drops hidden numbers; see dropout.js. */
  forward(k, rows, x, z, out, tape, dropout) {
    const D = this.dim, H = 2 * D;
    tape.input = x;
    k.multiply(rows, H, D, x, D, 1, this.channelsIn.value, 1, D, tape.hidden, H, 0, RELU, 0);
    dropout?.apply(tape.hidden, rows * H);
    k.multiply(rows, D, H, tape.hidden, H, 1, this.channelsOut.value, 1, H, out, D, z, NOTHING, 0);
  }

  /** From dz, the gradient of `out` and of z, that of x. dHidden: memory for two states. */
  backward(k, rows, dz, dx, dHidden, tape, dropout) {
    const D = this.dim, H = 2 * D, { input, hidden } = tape, { channelsIn, channelsOut } = this;
    k.multiply(D, H, rows, dz, 1, D, hidden, H, 1, channelsOut.gradient, H, channelsOut.gradient, NOTHING, 0);
    // What was dropped is 0, and so not positive: no mask has to be kept.
    k.multiply(rows, H, D, dz, D, 1, channelsOut.value, H, 1, dHidden, H, 0, WHERE_POSITIVE, hidden);
    if (dropout) k.scale(rows * H, dHidden, 1 / (1 - dropout.rate));
    k.multiply(H, D, rows, dHidden, 1, H, input, D, 1, channelsIn.gradient, D, channelsIn.gradient, NOTHING, 0);
    k.multiply(rows, D, H, dHidden, H, 1, channelsIn.value, D, 1, dx, D, 0, NOTHING, 0);
  }
}

const MIXINGS = { mlp: TokenMixing, conv: NeighbourMixing, cross: CrossMixing };

/** Token mixing, then channel mixing, each of the normalised state, and each added to the state. */
export class MixerBlock {
  constructor(parameters, name, shape) {
    this.normTokens = new Norm(parameters, `${name}.norm_tokens`, shape.dim);
    this.mixTokens = new MIXINGS[shape.mixing](parameters, `${name}.mix_tokens`, shape);
    this.normChannels = new Norm(parameters, `${name}.norm_channels`, shape.dim);
    this.mixChannels = new ChannelMixing(parameters, `${name}.mix_channels`, shape);
    this.shape = shape;
  }

  tape(memory, rows) {
    const { dim } = this.shape;
    return {
      normTokens: this.normTokens.tape(memory, rows),
      mixTokens: this.mixTokens.tape(memory, rows),
      middle: memory.take(rows * dim),
      normChannels: this.normChannels.tape(memory, rows),
      mixChannels: this.mixChannels.tape(memory, rows),
      end: memory.take(rows * dim),
    };
  }

  /** Returns the state after the block. asked: null, or the only cells in which it is wanted; see asked.js. */
  forward(k, batch, z, tape, dropout, asked) {
    const rows = this.shape.cells * batch, wanted = asked ? batch : rows;
    const x = this.normTokens.forward(k, rows, z, tape.normTokens);
    this.mixTokens.forward(k, batch, x, z, tape.middle, tape.mixTokens);
    const middle = asked?.pick(k, tape.middle) ?? tape.middle;
    const y = this.normChannels.forward(k, wanted, middle, tape.normChannels);
    this.mixChannels.forward(k, wanted, y, middle, tape.end, tape.mixChannels, dropout);
    return tape.end;
  }

  /** Replaces dz, the gradient of the state after the block, by that of the state before. */
  backward(k, batch, dz, { dx, dHidden }, tape, dropout, asked) {
    const rows = this.shape.cells * batch, wanted = asked ? batch : rows;
    this.mixChannels.backward(k, wanted, dz, dx, dHidden, tape.mixChannels, dropout);
    this.normChannels.backward(k, wanted, dx, dz, dz, tape.normChannels);
    asked?.putBack(k, dz);
    this.mixTokens.backward(k, batch, dz, dx, dHidden, tape.mixTokens);
    this.normTokens.backward(k, rows, dx, dz, dz, tape.normTokens);
  }
}
