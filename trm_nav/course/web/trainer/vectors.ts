/** Four floats at once: a part of kernels.ts. */

export const VECTOR: usize = 16; // bytes in four floats

/** sum + a * b; with relaxed SIMD in one operation, which most processors round once, as PyTorch's do. */
@inline export function plus(sum: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
}

@inline export function total(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
