/**
 * Complex 2×2 matrices, row-major and interleaved: 8 numbers.
 *
 * @module
 */

/** c = a·b; c is neither. */
export function multiply(a: ArrayLike<number>, b: ArrayLike<number>, c: Float64Array): void {
  for (let row = 0; row < 8; row += 4) {
    for (let column = 0; column < 4; column += 2) {
      const x = a[row], xi = a[row + 1], y = a[row + 2], yi = a[row + 3];
      const u = b[column], ui = b[column + 1], v = b[4 + column], vi = b[5 + column];
      c[row + column] = x * u - xi * ui + y * v - yi * vi;
      c[row + column + 1] = x * ui + xi * u + y * vi + yi * v;
    }
  }
}

/** aᴴ. */
export function adjoint(a: ArrayLike<number>, out: Float64Array): void {
  out.set([a[0], -a[1], a[4], -a[5], a[2], -a[3], a[6], -a[7]]);
}

/** The adjugate: a·adj(a) = det(a)·I. */
export function adjugate(a: ArrayLike<number>, out: Float64Array): void {
  for (let i = 0; i < 2; i++) {
    out[i] = a[6 + i];
    out[2 + i] = -a[2 + i];
    out[4 + i] = -a[4 + i];
    out[6 + i] = a[i];
  }
}

/** Swaps the entries off the diagonal. */
export function transpose(a: Float64Array): void {
  for (let part = 2; part < 4; part++) [a[part], a[part + 2]] = [a[part + 2], a[part]];
}

/**
 * The eigenvectors of a traceless matrix as unit columns, that of the root √−det first; the identity where they are
 * not separated. A complex root has no sign of its own: of the two the one is taken that points as a root before
 * (their directions are kept in `phases`).
 */
export function eigenvectors(z: ArrayLike<number>, phases: number[], out: Float64Array): void {
  const a = z[0], ai = z[1], b = z[2], bi = z[3], c = z[4], ci = z[5];
  const re = a * a - ai * ai + b * c - bi * ci, im = 2 * a * ai + b * ci + bi * c;
  const modulus = Math.hypot(re, im);
  const size = a * a + ai * ai + b * b + bi * bi + c * c + ci * ci;
  out.set([1, 0, 0, 0, 0, 0, 1, 0]);
  if (!(modulus > 1e-20 * size)) return;
  let root = Math.sqrt((modulus + Math.abs(re)) / 2), rooti = im / (2 * root);
  if (re < 0) [root, rooti] = [Math.abs(rooti), im < 0 ? -root : root];
  const length = Math.hypot(root, rooti);
  let known = false;
  for (let k = 0; k < phases.length && !known; k += 2) {
    const cosine = (root * phases[k] + rooti * phases[k + 1]) / length;
    known = Math.abs(cosine) > 0.75;
    if (known && cosine < 0) [root, rooti] = [-root, -rooti];
  }
  if (!known) phases.push(root / length, rooti / length);
  for (let k = 0; k < 2; k++) {
    // The columns of Z + root·I are eigenvectors for the root; take the longer one.
    const r = k === 0 ? root : -root, ri = k === 0 ? rooti : -rooti;
    const first = (a + r) ** 2 + (ai + ri) ** 2 + c * c + ci * ci;
    const second = (r - a) ** 2 + (ri - ai) ** 2 + b * b + bi * bi;
    const v = first >= second ? [a + r, ai + ri, c, ci] : [b, bi, r - a, ri - ai];
    const norm = Math.sqrt(Math.max(first, second));
    out[2 * k] = v[0] / norm;
    out[2 * k + 1] = v[1] / norm;
    out[4 + 2 * k] = v[2] / norm;
    out[5 + 2 * k] = v[3] / norm;
  }
}
