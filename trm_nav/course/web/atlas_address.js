// The choice that the atlas shows, in its address: #preset=Overfitting&remedy=augmentation&remedy=more+dropout.

export const MOST = 2; // remedies at a time
const LONGEST = 40; // characters of an address that a sentence repeats

/** The runs of a choice, ordered by seed; none if it was not trained. tried: names of remedies, in any order. */
export function runsOf({ runs }, preset, tried) {
  return runs.filter((run) => run.preset === preset && run.remedies.length === tried.length
    && tried.every((name) => run.remedies.includes(name)));
}

export function address({ preset, tried }) {
  return `#${new URLSearchParams([["preset", preset], ...tried.map((name) => ["remedy", name])])}`;
}

/**
 * What an address asks for: `preset`, `tried`, and a `problem` in words, empty if there is none. What cannot be shown
 * is replaced by the first preset, or by no remedy.
 *
 * hash: with its "#". data: the file of the atlas.
 */
export function asked(hash, data) {
  const words = new URLSearchParams(hash.slice(1)), names = Object.keys(data.presets);
  const wanted = words.get("preset") ?? names[0], tried = words.getAll("remedy");
  const known = names.includes(wanted), preset = known ? wanted : names[0];
  const other = [...words.keys()].find((name) => name !== "preset" && name !== "remedy");
  const problem = other !== undefined ? `It asks for ${said(other)}, which the atlas does not have.`
    : known ? wrong(data, preset, tried) : `There is no preset ${said(wanted)}.`;
  const offered = Object.keys(data.presets[preset].remedies);
  return problem
    ? { preset, tried: [], problem: `The address was not understood. ${problem} ${preset} is shown as it is.` }
    : { preset, tried: offered.filter((name) => tried.includes(name)), problem };
}

/** What is wrong with these remedies, as a sentence; "" if nothing is. */
function wrong(data, preset, tried) {
  const unknown = tried.find((name) => !Object.hasOwn(data.presets[preset].remedies, name));
  if (unknown !== undefined) return `There is no remedy ${said(unknown)} for ${preset}.`;
  if (new Set(tried).size < tried.length) return `A remedy can be tried once.`;
  if (tried.length > MOST) return `At most ${MOST} remedies can be tried together.`;
  return runsOf(data, preset, tried).length ? "" : `${tried.map(said).join(" and ")} change the same setting.`;
}

function said(text) {
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}
