// Dropout while training: zeros hidden numbers at random and enlarges the others, so that their mean stays.

import { words } from "./random.js";

const STATE = 16; // words of the kernel's generator

export class Dropout {
  constructor(memory) {
    this.memory = memory;
    this.state = memory.take(STATE);
    this.rate = 0;
  }

  /** Start the random numbers again, from a seed. The memory must have been allocated. */
  seed(seed, stream) {
    const next = words(seed, stream);
    const state = new Uint32Array(this.memory.memory.buffer, this.state, STATE);
    for (let index = 0; index < STATE; index++) state[index] = next() | 1;
  }

  apply(address, count) {
    this.memory.kernels.drop(count, address, this.rate, this.state);
  }
}
