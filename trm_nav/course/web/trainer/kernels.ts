/**
 * The loops in which the trainer spends its time, four numbers at a time; they know nothing of a network.
 *
 *     asc kernels.ts -o kernels.wasm -O3 --enable simd --runtime stub --importMemory --use abort=
 *     asc kernels.ts -o kernels_fused.wasm -O3 --enable simd,relaxed-simd --runtime stub --importMemory --use abort=
 *
 * with AssemblyScript 0.28.20, after every change; tests/course/test_page_trainer.py compares the files. The second one
 * needs relaxed SIMD, in which a multiplication and an addition are one operation; memory.js chooses.
 *
 * Every pointer is the address of a byte, and every stride a number of floats. Numbers are float32. `rows` of `dim`
 * numbers each lie one after another.
 */

import { VECTOR, plus, total } from "./vectors";

export { multiply, useScratch } from "./multiply";

const EPSILON: f32 = 1e-5; // of a layer norm
const BETA1: f32 = 0.9, BETA2: f32 = 0.98, TINY: f32 = 1e-8; // of AdamW

/** y = layer norm of each row of x, with weight and bias; statistics: the mean and 1 / deviation of each row. */
export function norm(
  rows: i32, dim: i32, x: usize, weight: usize, bias: usize, y: usize, statistics: usize,
): void {
  const width = <usize>dim << 2, whole = width & ~(VECTOR - 1);
  for (let row = 0; row < rows; row++) {
    let d: usize = 0, sums = f32x4.splat(0), sum: f32 = 0;
    for (; d < whole; d += VECTOR) sums = f32x4.add(sums, v128.load(x + d));
    for (; d < width; d += 4) sum += load<f32>(x + d);
    const mean = (sum + total(sums)) / <f32>dim, means = f32x4.splat(mean);
    sums = f32x4.splat(0), sum = 0;
    for (d = 0; d < whole; d += VECTOR) {
      const distance = f32x4.sub(v128.load(x + d), means);
      sums = plus(sums, distance, distance);
    }
    for (; d < width; d += 4) sum += (load<f32>(x + d) - mean) * (load<f32>(x + d) - mean);
    const scale: f32 = 1 / sqrt<f32>((sum + total(sums)) / <f32>dim + EPSILON), scales = f32x4.splat(scale);
    for (d = 0; d < whole; d += VECTOR) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + d), means), scales);
      v128.store(y + d, plus(v128.load(bias + d), normal, v128.load(weight + d)));
    }
    for (; d < width; d += 4) {
      store<f32>(y + d, load<f32>(bias + d) + (load<f32>(x + d) - mean) * scale * load<f32>(weight + d));
    }
    store<f32>(statistics, mean);
    store<f32>(statistics, scale, 4);
    x += width, y += width, statistics += 8;
  }
}

/** The backward pass of `norm`: from dy, dx, which is added to `more` (0 for nothing); dWeight and dBias grow. */
export function normBack(
  rows: i32, dim: i32, x: usize, weight: usize, statistics: usize, dy: usize, dx: usize, more: usize,
  dWeight: usize, dBias: usize,
): void {
  const width = <usize>dim << 2, whole = width & ~(VECTOR - 1);
  for (let row = 0; row < rows; row++) {
    const mean = load<f32>(statistics), scale = load<f32>(statistics, 4);
    const means = f32x4.splat(mean), scales = f32x4.splat(scale);
    let d: usize = 0, sums = f32x4.splat(0), products = sums, sum: f32 = 0, product: f32 = 0;
    for (; d < whole; d += VECTOR) {
      const dyd = v128.load(dy + d), normal = f32x4.mul(f32x4.sub(v128.load(x + d), means), scales);
      const dNormal = f32x4.mul(dyd, v128.load(weight + d));
      sums = f32x4.add(sums, dNormal);
      products = plus(products, dNormal, normal);
      v128.store(dWeight + d, plus(v128.load(dWeight + d), dyd, normal));
      v128.store(dBias + d, f32x4.add(v128.load(dBias + d), dyd));
    }
    for (; d < width; d += 4) {
      const dyd = load<f32>(dy + d), normal = (load<f32>(x + d) - mean) * scale, dNormal = dyd * load<f32>(weight + d);
      sum += dNormal;
      product += dNormal * normal;
      store<f32>(dWeight + d, load<f32>(dWeight + d) + dyd * normal);
      store<f32>(dBias + d, load<f32>(dBias + d) + dyd);
    }
    sum = (sum + total(sums)) / <f32>dim;
    product = (product + total(products)) / <f32>dim;
    sums = f32x4.splat(sum), products = f32x4.splat(product);
    for (d = 0; d < whole; d += VECTOR) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + d), means), scales);
      const dNormal = f32x4.mul(v128.load(dy + d), v128.load(weight + d));
      const inside = f32x4.mul(scales, f32x4.sub(f32x4.sub(dNormal, sums), f32x4.mul(normal, products)));
      v128.store(dx + d, more ? f32x4.add(inside, v128.load(more + d)) : inside);
    }
    for (; d < width; d += 4) {
      const normal = (load<f32>(x + d) - mean) * scale;
      const inside = scale * (load<f32>(dy + d) * load<f32>(weight + d) - sum - normal * product);
      store<f32>(dx + d, more ? inside + load<f32>(more + d) : inside);
    }
    x += width, dy += width, dx += width, statistics += 8;
    if (more) more += width;
  }
}

/** Copy n numbers. */
export function copy(n: i32, from: usize, to: usize): void {
  memory.copy(to, from, <usize>n << 2);
}

/** Set n numbers to 0. */
export function clear(n: i32, x: usize): void {
  memory.fill(x, 0, <usize>n << 2);
}

/** to += from, n numbers. */
export function add(n: i32, from: usize, to: usize): void {
  const end = from + (<usize>n << 2), whole = from + (<usize>(n & ~3) << 2);
  for (; from < whole; from += VECTOR, to += VECTOR) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** to += weight * from, number by number, in `rows` rows; weight has one row. */
export function addWeighted(rows: i32, dim: i32, weight: usize, from: usize, to: usize): void {
  const width = <usize>dim << 2, whole = width & ~(VECTOR - 1);
  for (let row = 0; row < rows; row++) {
    let d: usize = 0;
    for (; d < whole; d += VECTOR) {
      v128.store(to + d, plus(v128.load(to + d), v128.load(weight + d), v128.load(from + d)));
    }
    for (; d < width; d += 4) store<f32>(to + d, load<f32>(to + d) + load<f32>(weight + d) * load<f32>(from + d));
    from += width, to += width;
  }
}

/** to += the sum over the rows of a * b, number by number; to has one row. */
export function addProducts(rows: i32, dim: i32, a: usize, b: usize, to: usize): void {
  const width = <usize>dim << 2, whole = width & ~(VECTOR - 1);
  for (let row = 0; row < rows; row++) {
    let d: usize = 0;
    for (; d < whole; d += VECTOR) v128.store(to + d, plus(v128.load(to + d), v128.load(a + d), v128.load(b + d)));
    for (; d < width; d += 4) store<f32>(to + d, load<f32>(to + d) + load<f32>(a + d) * load<f32>(b + d));
    a += width, b += width;
  }
}

/** Each of `rows` rows, or with stride 0 always the same row, is added to a row of `to`, or always to the same. */
export function addRows(rows: i32, dim: i32, from: usize, fromStride: i32, to: usize, toStride: i32): void {
  for (let row = 0; row < rows; row++) {
    add(dim, from, to);
    from += <usize>fromStride << 2, to += <usize>toStride << 2;
  }
}

/** Row by row, y = the row of the table that a token, a byte, names. */
export function embed(rows: i32, dim: i32, tokens: usize, table: usize, y: usize): void {
  for (let row = 0; row < rows; row++) {
    copy(dim, table + (<usize>load<u8>(tokens) * <usize>dim << 2), y);
    tokens++, y += <usize>dim << 2;
  }
}

/** The backward pass of `embed`: every row of dy is added to the row of dTable that its token names. */
export function embedBack(rows: i32, dim: i32, tokens: usize, dy: usize, dTable: usize): void {
  for (let row = 0; row < rows; row++) {
    add(dim, dy, dTable + (<usize>load<u8>(tokens) * <usize>dim << 2));
    tokens++, dy += <usize>dim << 2;
  }
}

/** Replace each of n numbers by 0 with probability `rate`, and divide the others by 1 - rate. */
export function drop(n: i32, x: usize, rate: f32, state: usize): void {
  // Marsaglia's xorshift128, four independent streams side by side; state: 4 x 4 words, none of the streams all 0
  let a = v128.load(state), b = v128.load(state, 16), c = v128.load(state, 32), d = v128.load(state, 48);
  const limit = f32x4.splat(rate), scale = f32x4.splat(1 / (1 - rate)), unit = f32x4.splat(1.0 / 16777216.0);
  const end = x + (<usize>n << 2);
  for (; x < end; x += VECTOR) {
    const t = v128.xor(a, i32x4.shl(a, 11));
    a = b, b = c, c = d;
    d = v128.xor(v128.xor(d, i32x4.shr_u(d, 19)), v128.xor(t, i32x4.shr_u(t, 8)));
    const uniform = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(d, 8)), unit); // from 0 to less than 1, 24 bits
    const kept = v128.and(f32x4.mul(v128.load(x), scale), f32x4.ge(uniform, limit));
    if (x + VECTOR <= end) v128.store(x, kept);
    else {
      store<f32>(x, f32x4.extract_lane(kept, 0));
      if (x + 4 < end) store<f32>(x, f32x4.extract_lane(kept, 1), 4);
      if (x + 8 < end) store<f32>(x, f32x4.extract_lane(kept, 2), 8);
    }
  }
  v128.store(state, a), v128.store(state, b, 16), v128.store(state, c, 32), v128.store(state, d, 48);
}

/** Multiply n numbers by one. */
export function scale(n: i32, x: usize, factor: f32): void {
  const end = x + (<usize>n << 2), factors = f32x4.splat(factor);
  for (; x + VECTOR <= end; x += VECTOR) v128.store(x, f32x4.mul(v128.load(x), factors));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** The sum of the squares of n numbers. */
export function squares(n: i32, x: usize): f64 {
  let sum: f64 = 0;
  for (const end = x + (<usize>n << 2); x < end; x += 4) sum += <f64>load<f32>(x) * <f64>load<f32>(x);
  return sum;
}

/**
 * One step of AdamW on n parameters, n a multiple of 4, with gradients that are multiplied by `factor` first, and 0
 * afterwards. first, second: the moments. decay: the share of each parameter that goes; rate: the learning rate over
 * the bias correction of the first moment; root: the square root of that of the second.
 */
export function adamw(
  n: i32, parameters: usize, gradients: usize, first: usize, second: usize, factor: f32,
  decay: f32, rate: f32, root: f32,
): void {
  const factors = f32x4.splat(factor), keep = f32x4.splat(1 - decay), rates = f32x4.splat(rate);
  const roots = f32x4.splat(root), tiny = f32x4.splat(TINY), zero = f32x4.splat(0);
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += VECTOR) {
    const g = f32x4.mul(v128.load(gradients + i), factors);
    const m = plus(f32x4.mul(v128.load(first + i), f32x4.splat(BETA1)), g, f32x4.splat(1 - BETA1));
    const v = plus(f32x4.mul(v128.load(second + i), f32x4.splat(BETA2)), f32x4.mul(g, g), f32x4.splat(1 - BETA2));
    const step = f32x4.div(f32x4.mul(m, rates), f32x4.add(f32x4.div(f32x4.sqrt(v), roots), tiny));
    v128.store(first + i, m), v128.store(second + i, v), v128.store(gradients + i, zero);
    v128.store(parameters + i, f32x4.sub(f32x4.mul(v128.load(parameters + i), keep), step));
  }
}
