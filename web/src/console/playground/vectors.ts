/** Euclidean length. */
export function lengthOf(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/** Cosine of the angle between two vectors of the same size; 0 where one of them has no direction. */
export function cosine(one: readonly number[], other: readonly number[]): number {
  const lengths = lengthOf(one) * lengthOf(other);
  return lengths === 0 ? 0 : one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0) / lengths;
}
