// Seeded random numbers for dropout and noise, the same in every browser: Chris Doty-Humphrey's sfc32, which passes
// PractRand, with a state that MurmurHash3's finisher spreads from the seed. PyTorch's numbers for these depend on the
// processor; torch_random.js has those that do not.

/** An endless stream of whole numbers from 0 to 2**32 - 1. Another `stream` of one seed is independent of it. */
export function words(seed, stream = 0) {
  const start = [seed ^ 0x9e3779b9, stream ^ 0x85ebca6b, seed ^ Math.imul(stream + 1, 0xc2b2ae35), 1];
  let [a, b, c, counter] = start.map(spread);
  const next = () => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  for (let warmUp = 0; warmUp < 15; warmUp++) next();
  return next;
}

function spread(word) {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** A function that returns numbers from 0 to less than 1, as Math.random does. */
export function uniform(seed, stream = 0) {
  const next = words(seed, stream);
  return () => next() / 2 ** 32;
}

/** A number from the standard normal distribution (Box and Muller). */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
