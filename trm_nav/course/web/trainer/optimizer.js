// AdamW as PyTorch has it (Loshchilov and Hutter, arXiv 1711.05101), after the clipping and with the schedule of
// trm_nav/learning/training.py.

const BETA1 = 0.9, BETA2 = 0.98; // as in kernels.ts
const WARM_UP = 0.1; // share of the steps during which the learning rate rises to its peak
const GRADIENT_NORM = 1; // gradients with a larger norm are scaled down to it

/** The learning rate at a step as a share of its peak: linear up during the warm-up, then linear down to 0. */
export function learningRateFactor(step, steps) {
  const warmUp = Math.max(1, Math.round(WARM_UP * steps));
  return Math.min((step + 1) / warmUp, Math.max(0, steps - step) / Math.max(1, steps - warmUp));
}

export class AdamW {
  constructor(parameters) {
    this.parameters = parameters;
    this.steps = 0;
  }

  /** Clip the gradients, change the parameters, and set the gradients to 0. Returns the norm before clipping. */
  step(lr, weightDecay) {
    const { memory, size, values, gradients, first, second } = this.parameters;
    const norm = Math.sqrt(memory.kernels.squares(size, gradients));
    const factor = norm > GRADIENT_NORM || Number.isNaN(norm) ? GRADIENT_NORM / (norm + 1e-6) : 1;
    this.steps++;
    memory.kernels.adamw(size, values, gradients, first, second, factor, lr * weightDecay,
                         lr / (1 - BETA1 ** this.steps), Math.sqrt(1 - BETA2 ** this.steps));
    return norm;
  }
}
