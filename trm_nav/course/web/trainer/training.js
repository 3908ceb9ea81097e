// The training loop of trm_nav/learning/training.py: learning rate, epochs, history, early stopping. With the same
// settings, it trains the same run, but for rounding, and for the numbers that dropout and noise draw.

import { reachedIn } from "./halting.js";
import { chance, countLabels, countRight, policyLoss } from "./loss.js";
import { agentsAlone, buildSets, emptySet, gather, part, supervised } from "./mazes.js";
import { TinyRecursiveModel } from "./model.js";
import { AdamW, learningRateFactor } from "./optimizer.js";
import { uniform } from "./random.js";
import { symmetries } from "./symmetry.js";
import { TorchRandom } from "./torch_random.js";

const CURVES = ["train_loss", "train_acc", "val_loss", "val_acc", "lr", "seconds"];
const SYMMETRIES = 8;
const LONG = 20; // batches of an epoch that readers wait for: the first is measured early, after a quarter
const PIECE = 4; // mazes that pass through the network together: their states stay in a core's second cache
const STREAM = { dropout: 1, noise: 2 }; // of random numbers that are not the library's, each independent

/** Recursions in an epoch, counted from 0: a quarter of them, half, then all, for a third of the epochs each. */
export function recursionsAt(epoch, { epochs, recursions, grow_recursions }) {
  const thirdsLeft = grow_recursions ? Math.floor((3 * (epochs - 1 - epoch)) / epochs) : 0;
  return Math.max(1, recursions >> thirdsLeft);
}

/**
 * One run. `steps` is its loop; between two steps, `settings.lr`, `settings.weight_decay` and `dropout` may be changed.
 *
 * `history` has a list with one number an epoch for each of CURVES, which mean what they mean in training.py.
 */
export class Training {
  /**
   * module: from `loadKernels`. settings: all of them, from `checked`. given: in place of what the seeds would give,
   * `sets`, `weights`, and for every epoch `order`, `turns`, `recursions` and `taught`; `readRun` has them. Throws an
   * Error with a sentence if there are not enough mazes or too little memory.
   */
  constructor(module, settings, given = {}) {
    this.settings = { ...settings, patience: settings.patience ?? settings.epochs };
    this.given = given;
    const sets = given.sets ?? buildSets(settings);
    this.sets = sets; // with all labels
    this.train = supervised(sets.train, settings.supervision);
    this.val = supervised(sets.val, settings.supervision);
    const guessing = ({ optimal, agents }) => chance(optimal, agents);
    this.chance = { train: guessing(this.train), val: guessing(this.val) };
    this.table = symmetries(settings.grid_size);
    this.mazes = this.train.agents.length;
    this.batches = Math.ceil(this.mazes / settings.batch_size); // per epoch

    const most = Math.max(Math.ceil(this.mazes / this.batches), Math.min(settings.batch_size, this.val.agents.length));
    // Halting needs the flags of a whole batch: they end a pass, and how many are asked divides the loss.
    this.piece = settings.halting ? most : Math.min(PIECE, most);
    this.alone = settings.supervision === "action" && !settings.halting; // whether only the agents' cells are read
    this.model = new TinyRecursiveModel(module, settings, this.piece);
    if (given.weights) this.model.parameters.load(given.weights);
    else this.model.parameters.initialize(new TorchRandom(settings.seed));
    this.model.seed(uniform(settings.seed, STREAM.noise), settings.seed, STREAM.dropout);
    this.sampler = new TorchRandom(settings.seed);
    this.optimizer = new AdamW(this.model.parameters);
    this.batch = emptySet(most, settings.grid_size);
    this.history = Object.fromEntries(CURVES.map((name) => [name, []]));
    this.earlyAfter = this.batches > LONG ? this.batches >> 2 : 0; // batches; 0 for never
    this.early = null;
    Object.assign(this, { step: 0, bestEpoch: 0, bestLoss: Infinity, diverged: false });
  }

  /** The number of finished epochs. */
  get epoch() {
    return this.history.seconds.length;
  }

  get ended() {
    const { epochs, patience } = this.settings;
    return this.diverged || this.epoch >= epochs || this.epoch - this.bestEpoch >= patience;
  }

  set dropout(rate) {
    this.settings.dropout = this.model.dropout.rate = rate;
  }

  /**
   * Train to the end, or until the loss is no number any more. Yields after every gradient step what it was, as `loss`,
   * `norm` (of the gradient) and `share` (of the epoch that is finished), after every batch of the validation nothing,
   * and at the end of an epoch its number as `epoch`. During a long first epoch, it once yields `early`, and until the
   * epoch ends, `early` of the run and `record` have what has been seen.
   */
  *steps() {
    while (!this.ended) {
      const began = performance.now();
      this.model.recursions = recursionsAt(this.epoch, this.settings);
      const lr = this.settings.lr * this.#factor();
      const [trainLoss, trainAccuracy] = yield* this.#train();
      const [valLoss, valAccuracy] = yield* this.#validate();
      this.diverged = !Number.isFinite(trainLoss) || !Number.isFinite(valLoss);
      if (this.diverged) return;
      const entry = [trainLoss, trainAccuracy, valLoss, valAccuracy, lr, (performance.now() - began) / 1000];
      CURVES.forEach((name, index) => this.history[name].push(entry[index]));
      if (valLoss < this.bestLoss) [this.bestEpoch, this.bestLoss] = [this.epoch, valLoss];
      yield { epoch: this.epoch };
    }
  }

  #factor() {
    return learningRateFactor(this.step, this.batches * this.settings.epochs);
  }

  /** One pass over the training set. Returns its mean loss and accuracy. */
  *#train() {
    const { mazes, batches, given, epoch } = this;
    const order = given.order?.[epoch] ?? this.sampler.permutation(mazes);
    let first = 0, totalLoss = 0, totalRight = 0, totalAsked = 0;
    for (let index = 0; index < batches; index++) {
      // Batches of equal size: a small last one would count as much as a full one.
      const size = Math.floor(mazes / batches) + (index < mazes % batches ? 1 : 0);
      const { loss, norm, right, asked } = this.#gradientStep(order.subarray(first, first + size), first, index);
      first += size;
      totalLoss += loss * size;
      totalRight += right;
      totalAsked += asked;
      yield { loss, norm, share: (index + 1) / batches };
      if (epoch === 0 && index + 1 === this.earlyAfter) {
        yield* this.#measureEarly(totalLoss / first, totalRight / Math.max(1, totalAsked));
      }
    }
    return [totalLoss / mazes, totalRight / Math.max(1, totalAsked)];
  }

  *#measureEarly(trainLoss, trainAccuracy) {
    const [valLoss, valAccuracy] = yield* this.#validate();
    const entry = [trainLoss, trainAccuracy, valLoss, valAccuracy, this.settings.lr * this.#factor(), 0];
    this.early = Object.fromEntries(CURVES.map((name, index) => [name, [entry[index]]]));
    yield { early: true };
  }

  #gradientStep(mazes, first, index) {
    const { settings } = this;
    const turns = settings.augment ? this.#turns(first, mazes.length) : null;
    const batch = gather(this.train, mazes, turns, this.table, this.batch);
    const how = this.#unrolled(batch, index), reach = how.recursions * settings.depth;
    if (settings.within_reach) {
      batch.steps.forEach((steps, cell) => { if (steps > reach) batch.optimal[cell] = 0; });
    }
    const [loss, right] = this.#pass(batch, how, reach);
    const asked = agentsAlone(batch).optimal.filter(Boolean).length;
    const norm = this.optimizer.step(settings.lr * this.#factor(), settings.weight_decay);
    this.step++;
    return { loss, norm, right, asked };
  }

  /**
   * The mean loss of a batch, and how many of its agents go right. With `how`, what training does in `forward`, and
   * `reach`, the cells that the goal is heard of, the gradients are added up.
   */
  #pass(batch, how = null, reach = 0) {
    const { model, piece, alone } = this, mazes = batch.agents.length, labelled = countLabels(batch.optimal);
    let loss = 0, right = 0;
    for (let first = 0; first < mazes; first += piece) {
      const some = part(batch, first, Math.min(mazes, first + piece)), size = some.agents.length;
      const logits = model.forward(some.tokens, size, how, alone ? some.agents : null);
      const { optimal, agents } = alone ? agentsAlone(some) : some;
      loss += policyLoss(logits, optimal, size, how && model.logitsGradient, labelled);
      right += countRight(logits, optimal, agents);
      if (!how) continue;
      if (model.halting) loss += model.halting.loss(reachedIn(some.steps, size, reach));
      model.backward();
    }
    return [loss, right];
  }

  /** How many recursions of a batch, which of them carry a gradient, and, with teacher forcing, the expert's flags. */
  #unrolled(batch, index) {
    const { settings, model, given, epoch } = this, mazes = batch.agents.length;
    const most = model.recursions, drawn = () => 1 + this.sampler.below(most);
    const recursions = settings.random_recursions ? given.recursions?.[epoch][index] ?? drawn() : most;
    const taught = settings.teacher_forcing > 0
                   && (given.taught?.[epoch][index] ?? this.sampler.single() < settings.teacher_forcing);
    const decided = taught ? (recursion) => reachedIn(batch.steps, mazes, recursion * settings.depth) : undefined;
    return { recursions, gradient: settings.gradient_recursions ?? undefined, decided };
  }

  #turns(first, count) {
    const given = this.given.turns?.[this.epoch];
    if (given) return given.subarray(first, first + count);
    return Uint8Array.from({ length: count }, () => this.sampler.below(SYMMETRIES));
  }

  /** Mean loss and accuracy on the validation set, without augmentation. */
  *#validate() {
    const { val, settings } = this, mazes = val.agents.length;
    let totalLoss = 0, totalRight = 0;
    for (let first = 0; first < mazes; first += settings.batch_size) {
      const batch = part(val, first, Math.min(mazes, first + settings.batch_size));
      const [loss, right] = this.#pass(batch);
      totalLoss += batch.agents.length * loss;
      totalRight += right;
      yield {};
    }
    return [totalLoss / mazes, totalRight / mazes];
  }

  /** The history and what a diagnosis needs in addition: `record` of training.py. */
  record() {
    const history = (!this.epoch && this.early) || this.history;
    return { ...structuredClone(history), best_epoch: this.bestEpoch, diverged: this.diverged, chance: this.chance,
             mazes: this.mazes, config: { ...this.settings } };
  }

  /** The policy for one maze of a set: its tokens, agent, optimal sets and the logits, (cells, 5). */
  policy(set, maze) {
    const { tokens, agents, optimal } = part(set, maze, maze + 1);
    const logits = this.model.forward(tokens, 1).slice();
    return { tokens: tokens.slice(), agent: agents[0], optimal: optimal.slice(), logits };
  }
}
