// The parameters of a model: their names and shapes are those of the state dict in trm_nav/learning/model.py.

/** How the library makes the first values: functions that fill an array, with PyTorch's random numbers. */
export const zeros = (numbers) => numbers.fill(0);
export const ones = (numbers) => numbers.fill(1);
export const gaussian = (deviation) => (numbers, random) => random.fillNormal(numbers, deviation);
export const linear = (inputs) => (numbers, random) => random.fillUniform(numbers, 1 / Math.sqrt(inputs));

/** PyTorch draws the values of a layer before the library sets them to 0. */
export function zeroed(numbers, random) {
  random.skip(numbers.length);
  numbers.fill(0);
}

/**
 * One tensor. value and gradient are addresses, known once the parameters are placed.
 *
 * @typedef {{name: string, shape: number[], initial: Function, count: number, columns: number, value: number,
 *            gradient: number}} Parameter
 *   columns: 0, or the length of the rows of a matrix that is transposed in memory
 */

export class Parameters {
  constructor() {
    /** @type {Parameter[]} */
    this.all = [];
  }

  /**
   * Declare a tensor, in the order in which the library makes them. In memory the rows of a transposed one are the
   * columns that PyTorch has. @returns {Parameter}
   */
  add(name, shape, initial, { transposed = false } = {}) {
    const count = shape.reduce((product, side) => product * side, 1);
    const parameter = { name, shape, initial, count, columns: transposed ? count / shape[0] : 0 };
    this.all.push(parameter);
    return parameter;
  }

  /** Plan their memory: values, gradients and the two moments of AdamW lie alike, in four regions. */
  place(memory) {
    this.memory = memory;
    const padded = ({ count }) => Math.ceil(count / 4) * 4; // so that each tensor starts at a whole vector
    this.size = this.all.reduce((size, parameter) => size + padded(parameter), 0);
    [this.values, this.gradients, this.first, this.second] = Array.from({ length: 4 }, () => memory.take(this.size));
    let at = 0;
    for (const parameter of this.all) {
      parameter.value = this.values + at;
      parameter.gradient = this.gradients + at;
      at += 4 * padded(parameter);
    }
  }

  get count() {
    return this.all.reduce((sum, parameter) => sum + parameter.count, 0);
  }

  /** Give all of them their first values. random: a TorchRandom. */
  initialize(random) {
    for (const { value, count, initial } of this.all) initial(this.memory.floats(value, count), random);
  }

  /** Take over values by name, each in PyTorch's order. Throws for a name or a length that does not fit. */
  load(tensors) {
    for (const parameter of this.all) {
      const given = tensors[parameter.name];
      if (given?.length !== parameter.count) {
        throw new Error(`The weights need \`${parameter.name}\`, ${parameter.count} numbers.`);
      }
      this.memory.floats(parameter.value, parameter.count).set(reordered(given, parameter, false));
    }
  }

  /** Copies by name, each in PyTorch's order; what: "value" or "gradient". @returns {Object<string, Float32Array>} */
  read(what = "value") {
    const copy = (parameter) => reordered(this.memory.floats(parameter[what], parameter.count), parameter, true);
    return Object.fromEntries(this.all.map((parameter) => [parameter.name, copy(parameter)]));
  }
}

/** A copy in the other order, if the parameter is transposed; out: from memory to PyTorch's order. */
function reordered(numbers, { count, columns }, out) {
  if (!columns) return Float32Array.from(numbers);
  const rows = count / columns;
  return Float32Array.from({ length: count }, (_, i) => (
    out ? numbers[(i % columns) * rows + Math.floor(i / columns)] : numbers[(i % rows) * columns + Math.floor(i / rows)]
  ));
}
