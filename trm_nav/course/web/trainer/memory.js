// The memory of a model in a page: planned first, then allocated once, and shared with the kernels.

const PAGE = 65_536, LARGEST = 65_536 * PAGE; // bytes; WebAssembly's addresses have 32 bits
const FIRST = 1024; // below lies what the kernels keep for themselves
const ALIGNED = 64; // bytes, a line of the cache
const SCRATCH = 8352; // bytes that `multiply` works in
const BUILDS = ["kernels_fused.wasm", "kernels.wasm"]; // the first, a quarter faster, needs relaxed SIMD

/** Compile the kernels, once for a page: the first build that runs here. @returns {Promise<WebAssembly.Module>} */
export async function loadKernels(builds = BUILDS) {
  for (const name of builds) {
    const answer = await fetch(new URL(name, import.meta.url));
    if (!answer.ok) throw new Error(`The file ${name} could not be loaded (status ${answer.status}).`);
    const bytes = await answer.arrayBuffer();
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  }
  throw new Error("This browser cannot train: it lacks SIMD in WebAssembly, which browsers have had since 2023.");
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
      throw new Error(`This model needs ${megabytes} MB of memory, more than the page gets: lower \`dim\`, \`depth\` `
                      + "or `recursions`.");
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
