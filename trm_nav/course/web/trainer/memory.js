// The memory of a model in a page: planned first, then allocated once, and shared with the kernels.

const PAGE = 65_536, LARGEST = 65_536 * PAGE; // bytes; WebAssembly's addresses have 32 bits
const FIRST = 1024; // below lies what the kernels keep for themselves
const ALIGNED = 64; // bytes, a line of the cache
const SCRATCH = 8448; // bytes that `multiply` works in

/** The kernels, compiled once for a page. @returns {Promise<WebAssembly.Module>} */
export async function loadKernels(address = new URL("kernels.wasm", import.meta.url)) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The file kernels.wasm could not be loaded (status ${answer.status}).`);
  const bytes = await answer.arrayBuffer();
  try {
    return await WebAssembly.compile(bytes);
  } catch {
    throw new Error("This browser cannot train: it lacks SIMD in WebAssembly, which browsers have had since 2023.");
  }
}

export class Memory {
  constructor() {
    this.size = FIRST;
    this.scratch = this.take(SCRATCH / 4);
  }

  /** Plan room for so many float32 numbers. Returns its address in bytes. */
  take(count) {
    const address = this.size;
    this.size += Math.ceil((4 * count) / ALIGNED) * ALIGNED;
    return address;
  }

  /** Allocate what was planned, all zeros. Throws an Error with a sentence if there is too little memory. */
  allocate(module) {
    try {
      if (this.size > LARGEST) throw new RangeError();
      this.memory = new WebAssembly.Memory({ initial: Math.ceil(this.size / PAGE) });
    } catch {
      const megabytes = Math.ceil(this.size / 2 ** 20).toLocaleString("en");
      throw new Error(`This model needs ${megabytes} MB of memory, more than the page gets: lower \`dim\`, \`depth\`, `
                      + "`recursions` or `batch_size`.");
    }
    this.kernels = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports;
    this.kernels.useScratch(this.scratch);
  }

  floats(address, count) {
    return new Float32Array(this.memory.buffer, address, count);
  }

  bytes(address, count) {
    return new Uint8Array(this.memory.buffer, address, count);
  }
}
