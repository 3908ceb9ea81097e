/** The matrix product, in which training spends most of its time: a part of kernels.ts, which explains its terms. */

import { VECTOR, plus } from "./vectors";

const DEPTH: i32 = 256; // of a packed panel: it stays in a core's first cache
const WIDTH: i32 = 8; // columns of a panel
const HEIGHT: i32 = 5; // rows of a tile: with these, the 16 registers of most processors just suffice

const NOTHING: i32 = 0, RELU: i32 = 1, WHERE_POSITIVE: i32 = 2; // what `multiply` does at the end

let panel: usize = 0; // DEPTH x WIDTH floats, then a tile

/** Give `multiply` 8,352 bytes of its own. */
export function useScratch(at: usize): void {
  panel = at;
}

/**
 * C = S + A B, for A (M, K), B (K, N), C and S (M, N); S is 0 for none, and has the strides of C.
 *
 * At the end, RELU replaces negative numbers by 0; WHERE_POSITIVE keeps those where R, with the strides of C, is
 * positive, and replaces the others by 0.
 */
export function multiply(
  M: i32, N: i32, K: i32, A: usize, aRow: i32, aColumn: i32, B: usize, bRow: i32, bColumn: i32,
  C: usize, cRow: i32, S: usize, end: i32, R: usize,
): void {
  const scratch = panel + <usize>(DEPTH * WIDTH * 4);
  const toNextRow = <usize>aRow << 2, step = <usize>aColumn << 2, stride = <usize>cRow << 2;
  for (let k = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k), finish = k + depth >= K ? end : NOTHING;
    const start = k > 0 ? C : S;
    for (let n = 0; n < N; n += WIDTH) {
      const width = min(WIDTH, N - n);
      pack(B + (<usize>(k * bRow + n * bColumn) << 2), depth, width, bRow, bColumn);
      for (let m = 0; m < M; m += HEIGHT) {
        const height = min(HEIGHT, M - m), at = (<usize>m * stride) + (<usize>n << 2);
        const a = A + (<usize>(m * aRow + k * aColumn) << 2);
        if (width == WIDTH) {
          tile(height, a, toNextRow, step, depth, C + at, stride, start ? start + at : 0, finish, R + at);
        } else {
          tile(height, a, toNextRow, step, depth, scratch, WIDTH * 4, 0, NOTHING, 0);
          edge(height, width, scratch, C + at, stride, start ? start + at : 0, finish, R + at);
        }
      }
    }
  }
}

/** Copy (depth, width) numbers of B into the panel, column by column of its 8; columns that B lacks are 0. */
function pack(from: usize, depth: i32, width: i32, row: i32, column: i32): void {
  let to = panel;
  if (width == WIDTH && column == 1) {
    for (let k = 0; k < depth; k++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, VECTOR), VECTOR);
      from += <usize>row << 2;
      to += WIDTH * 4;
    }
  } else if (width == WIDTH && row == 1 && depth % 4 == 0) {
    packTransposed(from, depth, <usize>column << 2, to);
    packTransposed(from + (<usize>column << 4), depth, <usize>column << 2, to + VECTOR);
  } else {
    for (let k = 0; k < depth; k++) {
      for (let n = 0; n < WIDTH; n++) {
        store<f32>(to, n < width ? load<f32>(from + (<usize>(k * row + n * column) << 2)) : 0);
        to += 4;
      }
    }
  }
}

/** Four columns of the panel from four rows in memory, four by four numbers at a time. */
function packTransposed(from: usize, depth: i32, stride: usize, to: usize): void {
  for (let k = 0; k < depth; k += 4) {
    const a = v128.load(from), b = v128.load(from + stride);
    const c = v128.load(from + 2 * stride), d = v128.load(from + 3 * stride);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5), abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(abLow, cdLow, 0, 1, 4, 5));
    v128.store(to, v128.shuffle<f32>(abLow, cdLow, 2, 3, 6, 7), WIDTH * 4);
    v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5), WIDTH * 8);
    v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7), WIDTH * 12);
    from += VECTOR;
    to += WIDTH * 16;
  }
}

/**
 * Five rows of A times the panel: 40 numbers of C, which stay in registers until they are complete. Below the last row,
 * the last row once more: its numbers are computed and written twice.
 */
function tile(
  height: i32, a0: usize, toNextRow: usize, step: usize, depth: i32,
  c: usize, stride: usize, start: usize, end: i32, r: usize,
): void {
  const second = height > 1, third = height > 2, fourth = height > 3, fifth = height > 4;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let c40 = c00, c41 = c00;
  if (start) {
    c00 = v128.load(start); c01 = v128.load(start, VECTOR); if (second) start += stride;
    c10 = v128.load(start); c11 = v128.load(start, VECTOR); if (third) start += stride;
    c20 = v128.load(start); c21 = v128.load(start, VECTOR); if (fourth) start += stride;
    c30 = v128.load(start); c31 = v128.load(start, VECTOR); if (fifth) start += stride;
    c40 = v128.load(start); c41 = v128.load(start, VECTOR);
  }
  let a1 = second ? a0 + toNextRow : a0, a2 = third ? a1 + toNextRow : a1;
  let a3 = fourth ? a2 + toNextRow : a2, a4 = fifth ? a3 + toNextRow : a3, b = panel;
  for (let k = 0; k < depth; k++) {
    const low = v128.load(b), high = v128.load(b, VECTOR);
    let a = v128.load32_splat(a0); c00 = plus(c00, a, low); c01 = plus(c01, a, high); a0 += step;
    a = v128.load32_splat(a1); c10 = plus(c10, a, low); c11 = plus(c11, a, high); a1 += step;
    a = v128.load32_splat(a2); c20 = plus(c20, a, low); c21 = plus(c21, a, high); a2 += step;
    a = v128.load32_splat(a3); c30 = plus(c30, a, low); c31 = plus(c31, a, high); a3 += step;
    a = v128.load32_splat(a4); c40 = plus(c40, a, low); c41 = plus(c41, a, high); a4 += step;
    b += WIDTH * 4;
  }
  put(c, c00, r, end); put(c + VECTOR, c01, r + VECTOR, end); if (second) c += stride, r += stride;
  put(c, c10, r, end); put(c + VECTOR, c11, r + VECTOR, end); if (third) c += stride, r += stride;
  put(c, c20, r, end); put(c + VECTOR, c21, r + VECTOR, end); if (fourth) c += stride, r += stride;
  put(c, c30, r, end); put(c + VECTOR, c31, r + VECTOR, end); if (fifth) c += stride, r += stride;
  put(c, c40, r, end); put(c + VECTOR, c41, r + VECTOR, end);
}

/** Copy a tile that is cut off by the edge of C from the scratch memory. */
function edge(
  height: i32, width: i32, from: usize, c: usize, stride: usize, start: usize, end: i32, r: usize,
): void {
  for (let m = 0; m < height; m++) {
    for (let n = 0; n < width; n++) {
      const at = <usize>m * stride + (<usize>n << 2);
      let x = load<f32>(from + (<usize>(m * WIDTH + n) << 2));
      if (start) x += load<f32>(start + at);
      if (end == RELU) x = max<f32>(x, 0);
      else if (end == WHERE_POSITIVE && !(load<f32>(r + at) > 0)) x = 0;
      store<f32>(c + at, x);
    }
  }
}

@inline function put(to: usize, x: v128, r: usize, end: i32): void {
  if (end == RELU) x = f32x4.max(x, f32x4.splat(0));
  else if (end == WHERE_POSITIVE) x = v128.and(x, f32x4.gt(v128.load(r), f32x4.splat(0)));
  v128.store(to, x);
}
