// NumPy's random numbers, so that a seed gives the mazes that it gives there: what `np.random.default_rng(seed)` draws,
// O'Neill's PCG64 (2014) after the mixing of the seed by NumPy's SeedSequence.
//
// Its state has 128 bits: eight digits to the base 2**16, the lowest first, so that a sum of products is exact.

const DIGITS = 8, BASE = 2 ** 16;
const MULTIPLIER = digits([0x9fccf645, 0x4385df64, 0x1fc65da4, 0x2360ed05]);

export class NumpyRandom {
  constructor(seed) {
    const words = mixed(seed), first = digits([2, 3, 0, 1].map((i) => words[i]));
    const increment = digits([6, 7, 4, 5].map((i) => words[i])), one = digits([1, 0, 0, 0]);
    this.increment = product(increment, digits([2, 0, 0, 0]), one);
    this.state = product(first, one, this.increment);
    this.kept = null; // the higher half of 64 bits of which the lower has been drawn
    this.#step();
  }

  copy() {
    return Object.assign(new NumpyRandom(0), this, { state: this.state.slice() });
  }

  #step() {
    product(this.state, MULTIPLIER, this.increment, this.state);
  }

  /** The next 64 bits; the lower 32 are returned, the higher ones kept. */
  #draw() {
    this.#step();
    const { state } = this, turn = state[7] >> 10;
    const lower = (state[0] ^ state[4]) | ((state[1] ^ state[5]) << 16);
    const upper = (state[2] ^ state[6]) | ((state[3] ^ state[7]) << 16);
    const low = turn < 32 ? lower : upper, high = turn < 32 ? upper : lower;
    const right = turn % 32, left = 31 - right; // shifted by one more in a second step: a shift by 32 is one by 0
    this.kept = ((high >>> right) | ((low << left) << 1)) >>> 0;
    return ((low >>> right) | ((high << left) << 1)) >>> 0;
  }

  /** A whole number from 0 to 2**32 - 1. */
  word() {
    const { kept } = this;
    if (kept === null) return this.#draw();
    this.kept = null;
    return kept;
  }

  /** `random(dtype=np.float32)`: from 0 to less than 1, of 24 bits. */
  single() {
    return (this.word() >>> 8) / 2 ** 24;
  }

  /** `random()`: from 0 to less than 1. What has been kept of other bits stays. */
  double() {
    const before = this.kept, low = this.#draw(), high = this.kept;
    this.kept = before;
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** `integers(count)`: a whole number from 0 to less than `count`, by Lemire's method. */
  below(count) {
    const unfair = 2 ** 32 % count; // so many products would favour some of the numbers
    let word, rest;
    do {
      word = this.word();
      rest = Math.imul(word, count) >>> 0;
    } while (rest < unfair);
    return (word * count - rest) / 2 ** 32;
  }

  /** Pass over so many words at once, in steps of doubling length. */
  skip(words) {
    const left = this.kept === null ? words : Math.max(0, words - 1);
    if (words) this.kept = null;
    let multiplier = MULTIPLIER, { increment } = this;
    for (let steps = left >> 1; steps; steps >>= 1) {
      if (steps & 1) this.state = product(this.state, multiplier, increment);
      increment = product(multiplier, increment, increment);
      multiplier = product(multiplier, multiplier);
    }
    if (left % 2) this.word();
  }
}

/** a * b + c, of which the lowest 128 bits are kept. to: where it is written; it may be a. */
function product(a, b, c = new Float64Array(DIGITS), to = new Float64Array(DIGITS)) {
  for (let i = DIGITS - 1; i >= 0; i--) { // from above, so that a's lower digits are still there
    let sum = c[i];
    for (let j = 0; j <= i; j++) sum += a[j] * b[i - j];
    to[i] = sum;
  }
  for (let i = 0, carry = 0; i < DIGITS; i++) {
    const sum = to[i] + carry;
    carry = Math.floor(sum / BASE);
    to[i] = sum - carry * BASE;
  }
  return to;
}

/** The digits of a number that is given by four words of 32 bits, the lowest first. */
function digits(words) {
  return Float64Array.from(words.flatMap((word) => [word % BASE, Math.floor(word / BASE)]));
}

/** Eight words from a seed, as SeedSequence mixes them. */
function mixed(seed) {
  const hashed = hash(0x43b0d7e5, 0x931e8875), pool = [seed, 0, 0, 0].map(hashed);
  for (let from = 0; from < pool.length; from++) {
    for (let to = 0; to < pool.length; to++) if (to !== from) pool[to] = mix(pool[to], hashed(pool[from]));
  }
  const spread = hash(0x8b51f9dd, 0x58f38ded);
  return Array.from({ length: 8 }, (_, i) => spread(pool[i % pool.length]));
}

/** A function that hashes a word, each time in another way. */
function hash(start, factor) {
  let constant = start;
  return (word) => {
    const before = constant;
    constant = Math.imul(constant, factor);
    return folded(Math.imul(word ^ before, constant));
  };
}

const mix = (one, other) => folded(Math.imul(0xca01f9dd, one) - Math.imul(0x4973f715, other));
const folded = (word) => (word ^ (word >>> 16)) >>> 0;
