// One cell of each maze, where a loss reads no other. Behind the last token mixing no cell hears of the others, and the
// network is computed in these cells alone. Their states have the shape (batch, dim).

export class Asked {
  constructor(memory, cells, dim, batch) {
    Object.assign(this, { cells, dim, states: memory.take(batch * dim) });
  }

  /** agents: the cell of each maze. */
  ask(agents) {
    this.rows = Array.from(agents, (cell, maze) => cell * agents.length + maze);
    return this;
  }

  /** The states of these cells, from (cells, batch, dim). They are kept until `putBack`. */
  pick(k, z) {
    this.rows.forEach((row, maze) => k.copy(this.dim, this.#at(z, row), this.#at(this.states, maze)));
    return this.states;
  }

  /** Replaces dz, the gradient of these states, by that of (cells, batch, dim), which is 0 for the other cells. */
  putBack(k, dz) {
    k.copy(this.rows.length * this.dim, dz, this.states);
    k.clear(this.cells * this.rows.length * this.dim, dz);
    this.rows.forEach((row, maze) => k.copy(this.dim, this.#at(this.states, maze), this.#at(dz, row)));
  }

  #at(states, row) {
    return states + 4 * row * this.dim;
  }
}
