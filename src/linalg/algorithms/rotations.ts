/**
 * Chains of plane rotations, which is where QL and QR spend their time.
 *
 * @module
 */

/**
 * Rotates neighbouring rows one pair after another: rotation k takes the rows r = first + k·direction and r +
 * direction, p and q, to c·p + s·q and c·q − s·p. Two rotations are done in one go, so that the row between them is
 * read and written once.
 */
export function rotateChain(
  x: Float64Array,
  length: number,
  first: number,
  direction: 1 | -1,
  count: number,
  c: Float64Array,
  s: Float64Array,
): void {
  const step = direction * length;
  let k = 0;
  for (; k + 1 < count; k += 2) {
    const i = first * length + k * step, j = i + step, l = j + step;
    const c0 = c[k], s0 = s[k], c1 = c[k + 1], s1 = s[k + 1];
    for (let t = 0; t < length; t++) {
      const p = x[i + t], q = x[j + t], r = x[l + t], middle = c0 * q - s0 * p;
      x[i + t] = c0 * p + s0 * q;
      x[j + t] = c1 * middle + s1 * r;
      x[l + t] = c1 * r - s1 * middle;
    }
  }
  if (k === count) return;
  const i = first * length + k * step, j = i + step, c0 = c[k], s0 = s[k];
  for (let t = 0; t < length; t++) {
    const p = x[i + t], q = x[j + t];
    x[i + t] = c0 * p + s0 * q;
    x[j + t] = c0 * q - s0 * p;
  }
}
