// PyTorch's random numbers on the processor, so that a seed gives the weights and the order of the samples that it
// gives there: the Mersenne Twister of Matsumoto and Nishimura (1998), and what PyTorch makes of its words.

const WORDS = 624, MIDDLE = 397, MATRIX = 0x9908b0df;
const SAME_BLOCK = 16; // numbers of a normal distribution that PyTorch makes together

export class TorchRandom {
  constructor(seed) {
    this.state = new Uint32Array(WORDS);
    this.state[0] = seed;
    for (let i = 1; i < WORDS; i++) {
      const before = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.used = WORDS;
    this.kept = null; // the second of two normal numbers that were made together
  }

  /** A whole number from 0 to 2**32 - 1. */
  word() {
    if (this.used === WORDS) this.#twist();
    let word = this.state[this.used++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist() {
    const { state } = this;
    for (let i = 0; i < WORDS; i++) {
      const word = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
      state[i] = state[(i + MIDDLE) % WORDS] ^ (word >>> 1) ^ (word & 1 ? MATRIX : 0);
    }
    this.used = 0;
  }

  skip(count) {
    for (let i = 0; i < count; i++) this.word();
  }

  /** `torch.rand`: from 0 to less than 1, of 24 bits. */
  single() {
    return (this.word() % 2 ** 24) / 2 ** 24;
  }

  double() {
    const high = this.word() % 2 ** 21;
    return (high * 2 ** 32 + this.word()) / 2 ** 53;
  }

  /** `torch.randint`: a whole number from 0 to less than `count`. */
  below(count) {
    return this.word() % count;
  }

  /** `torch.randperm`. @returns {Int32Array} */
  permutation(count) {
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let first = 0; first < count - 1; first++) {
      const other = first + this.below(count - first);
      [order[first], order[other]] = [order[other], order[first]];
    }
    return order;
  }

  /** `tensor.uniform_`: fill an array with numbers from -bound to bound. */
  fillUniform(numbers, bound) {
    const lowest = Math.fround(-bound), range = Math.fround(Math.fround(bound) - lowest); // PyTorch rounds both
    for (let i = 0; i < numbers.length; i++) numbers[i] = Math.fround(this.single() * range) + lowest;
  }

  /** `tensor.normal_`: fill an array with normal numbers (Box and Muller). */
  fillNormal(numbers, deviation) {
    if (numbers.length < SAME_BLOCK) {
      for (let i = 0; i < numbers.length; i++) numbers[i] = deviation * this.#normal();
      return;
    }
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.single();
    for (let first = 0; first + SAME_BLOCK <= numbers.length; first += SAME_BLOCK) {
      toNormal(numbers.subarray(first, first + SAME_BLOCK), deviation);
    }
    if (numbers.length % SAME_BLOCK) { // the last ones are made again, so that they are a whole block
      const last = numbers.subarray(numbers.length - SAME_BLOCK);
      for (let i = 0; i < SAME_BLOCK; i++) last[i] = this.single();
      toNormal(last, deviation);
    }
  }

  #normal() {
    const kept = this.kept;
    this.kept = null;
    if (kept !== null) return kept;
    const angle = 2 * Math.PI * this.double(), length = Math.sqrt(-2 * Math.log1p(-this.double()));
    this.kept = length * Math.sin(angle);
    return length * Math.cos(angle);
  }
}

/** Make 16 normal numbers of 16 uniform ones. */
function toNormal(numbers, deviation) {
  const half = SAME_BLOCK / 2;
  for (let i = 0; i < half; i++) {
    const length = Math.sqrt(-2 * Math.log(1 - numbers[i])), angle = 2 * Math.PI * numbers[i + half];
    numbers[i] = deviation * length * Math.cos(angle);
    numbers[i + half] = deviation * length * Math.sin(angle);
  }
}
