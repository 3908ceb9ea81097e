// Rounds of ten cases, the same for everybody with the same seed, and the address that says which.

export const CASES = 10; // in a round
const MOST = 999_999; // of a seed

/** The round and the case that an address asks for: { seed, number, sheet, problem }. Problem: a sentence, or "". */
export function asked({ hash, search }) {
  const wanted = new URLSearchParams(hash.slice(1));
  const sheet = new URLSearchParams(search).has("sheet");
  const seed = whole(wanted.get("seed"), 0, MOST), number = whole(wanted.get("case"), 1, CASES);
  const wrong = [];
  if (seed === null) wrong.push(`the seed must be a whole number from 0 to ${MOST}`);
  if (number === null) wrong.push(`the case must be a whole number from 1 to ${CASES}`);
  const instead = `round ${seed ?? 1}${sheet ? "" : `, case ${number ?? 1}`}`;
  const problem = `The address of this page is not right: ${wrong.join(", and ")}. This is ${instead}.`;
  return { seed: seed ?? 1, number: number ?? 1, sheet, problem: wrong.length ? problem : "" };
}

/** A whole number within bounds; the lowest above 0 if nothing is given, and null for anything else. */
function whole(text, lowest, highest) {
  if (text === null) return 1;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  return value >= lowest && value <= highest ? value : null;
}

export const address = (seed, number) => `#seed=${seed}&case=${number}`;

export const anySeed = () => Math.floor(Math.random() * (MOST + 1));

/** The cases of a round: ten drawn at random, no two of one family while there are others. */
export function roundOf(seed, cases) {
  const random = generator(seed);
  const shuffled = [...cases];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  const families = new Set();
  const different = shuffled.filter(({ family }) => !families.has(family) && families.add(family));
  const others = shuffled.filter((one) => !different.includes(one));
  return [...different, ...others].slice(0, CASES);
}

/** Numbers from 0 to 1, by the generator that is known as mulberry32. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
