// The whole state of the laboratory in its address, so that a link leads to a run: #num_train=500&epochs=20&train.

import { MAZES } from "./laboratory_controls.js";
import { checked } from "./trainer/settings.js";

const SEEDS = 3; // with the switch "three seeds"

/**
 * What an address asks for: all `settings`, whether `three` seeds are wanted, which `maze` is shown, whether to `train`
 * at once, and a `problem` in words, empty if there is none. What cannot be used is left at its default.
 *
 * hash: with its "#". table: from `loadSettings`.
 */
export function asked(hash, table) {
  const state = { settings: { ...table.defaults }, three: false, maze: 0, train: false }, problems = [];
  for (const [name, text] of new URLSearchParams(hash.slice(1))) {
    try {
      Object.assign(state, read(name, text, state, table));
    } catch (error) {
      problems.push(error.message);
    }
  }
  const problem = problems.length ? `The address was not understood. ${problems[0]} The default is used instead.` : "";
  return { ...state, problem };
}

function read(name, text, { settings }, table) {
  if (name === "train") return { train: true };
  if (name === "preset") {
    if (!Object.hasOwn(table.presets, text)) throw new Error(`There is no preset ${JSON.stringify(text)}.`);
    return { settings: { ...settings, ...table.presets[text] } };
  }
  if (name === "seeds") return { three: text === String(SEEDS) };
  if (name === "maze") {
    const maze = Number(text) - 1;
    if (!Number.isInteger(maze) || maze < 0 || maze >= MAZES) throw new Error(`\`maze\` goes from 1 to ${MAZES}.`);
    return { maze };
  }
  const value = valueOf(text);
  checked(table, { [name]: value });
  return { settings: { ...settings, [name]: value } };
}

const WORDS = { true: true, false: false, null: null };

function valueOf(text) {
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/** The address of a state: only what differs from the defaults, or from the preset that it begins with. */
export function address({ settings, preset, three, maze, train }, table) {
  const words = new URLSearchParams();
  if (preset) words.set("preset", preset);
  const base = { ...table.defaults, ...table.presets[preset] };
  for (const [name, value] of Object.entries(settings)) if (value !== base[name]) words.set(name, String(value));
  if (three) words.set("seeds", String(SEEDS));
  if (maze) words.set("maze", String(maze + 1));
  return `#${words}${train ? `${words.size ? "&" : ""}train` : ""}`;
}

/** The settings of each run of an experiment: the first, and with three seeds two more, as the library has them. */
export function runsOf(settings, three) {
  return Array.from({ length: three ? SEEDS : 1 }, (_, i) => ({
    ...settings, seed: settings.seed + i, train_seed: settings.train_seed + 10 * i,
    test_seed: settings.test_seed + 10 * i,
  }));
}
