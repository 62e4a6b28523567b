// Real passes in unit form over the rows of a batch: as real.ts, but with the rows inside, so that the weights of an
// iteration are read once for all of them. What does not fit into registers the engine spills to the stack, where reading
// costs less than from memory, whose accesses are checked.

import { A, A2, B, B2, COUNT, DST_ROW, EXTRA, SRC_ROW, TABLE, WEIGHTS, field } from "./record.ts";
import { get, madd, mul, put, swap1, swap2 } from "./vec.ts";

export function real4Rows(r: usize, src: usize, dst: usize, rows: i32): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  const scaled = (field(r, EXTRA) & 4) != 0;
  while (table < end) {
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    const w0 = get(w, 0), w1 = get(w, 16); w += 32;
    const w2 = get(w, 0), w3 = get(w, 16); w += 32;
    const w4 = get(w, 0), w5 = get(w, 16); w += 32;
    const w6 = get(w, 0), w7 = get(w, 16); w += 32;
    for (let i = rows; i > 0; i--) {
      let x0 = get(p, 0);
      let x1 = get(p + a, 0);
      let x2 = get(p + b, 0);
      let x3 = get(p + a + b, 0);
      let t: v128;
      t = x0; x0 = madd(w0, x1, x0); x1 = madd(w1, t, x1);
      t = x2; x2 = madd(w2, x3, x2); x3 = madd(w3, t, x3);
      t = x0; x0 = madd(w4, x2, x0); x2 = madd(w5, t, x2);
      t = x1; x1 = madd(w6, x3, x1); x3 = madd(w7, t, x3);
      if (scaled) {
        x0 = mul(x0, get(w, 0));
        x1 = mul(x1, get(w, 16));
        x2 = mul(x2, get(w, 32));
        x3 = mul(x3, get(w, 48));
      }
      put(q, x0);
      put(q + a2, x1);
      put(q + b2, x2);
      put(q + a2 + b2, x3);
      p += srcRow;
      q += dstRow;
    }
    if (scaled) w += 64;
  }
}

/** With the factors of stride 1 and 2 before (1) or after (2) the others. */
export function real4RowsLanes(lanes: i32, r: usize, src: usize, dst: usize, rows: i32): void {
  let w: usize = field(r, WEIGHTS), table: usize = field(r, TABLE);
  const a = field(r, A), b = field(r, B);
  const a2 = field(r, A2), b2 = field(r, B2);
  const end = table + (<usize>field(r, COUNT) << 3);
  const srcRow = field(r, SRC_ROW), dstRow = field(r, DST_ROW);
  const scaled = (field(r, EXTRA) & 4) != 0;
  while (table < end) {
    let p = src + load<u32>(table), q = dst + load<u32>(table, 4);
    table += 8;
    // The lane factors' weights come first or last, as the factors do; here they are always w0 … w7.
    let v = lanes == 1 ? w : w + 128, u = lanes == 1 ? w + 128 : w;
    w += 256;
    const w0 = get(v, 0), w1 = get(v, 16); v += 32;
    const w2 = get(v, 0), w3 = get(v, 16); v += 32;
    const w4 = get(v, 0), w5 = get(v, 16); v += 32;
    const w6 = get(v, 0), w7 = get(v, 16); v += 32;
    const w8 = get(u, 0), w9 = get(u, 16); u += 32;
    const w10 = get(u, 0), w11 = get(u, 16); u += 32;
    const w12 = get(u, 0), w13 = get(u, 16); u += 32;
    const w14 = get(u, 0), w15 = get(u, 16); u += 32;
    for (let i = rows; i > 0; i--) {
      let x0 = get(p, 0);
      let x1 = get(p + a, 0);
      let x2 = get(p + b, 0);
      let x3 = get(p + a + b, 0);
      let t: v128;
      if (lanes == 1) {
        x0 = madd(w0, swap1(x0), x0);
        x1 = madd(w1, swap1(x1), x1);
        x2 = madd(w2, swap1(x2), x2);
        x3 = madd(w3, swap1(x3), x3);
        x0 = madd(w4, swap2(x0), x0);
        x1 = madd(w5, swap2(x1), x1);
        x2 = madd(w6, swap2(x2), x2);
        x3 = madd(w7, swap2(x3), x3);
      }
      t = x0; x0 = madd(w8, x1, x0); x1 = madd(w9, t, x1);
      t = x2; x2 = madd(w10, x3, x2); x3 = madd(w11, t, x3);
      t = x0; x0 = madd(w12, x2, x0); x2 = madd(w13, t, x2);
      t = x1; x1 = madd(w14, x3, x1); x3 = madd(w15, t, x3);
      if (lanes == 2) {
        x0 = madd(w0, swap2(x0), x0);
        x1 = madd(w1, swap2(x1), x1);
        x2 = madd(w2, swap2(x2), x2);
        x3 = madd(w3, swap2(x3), x3);
        x0 = madd(w4, swap1(x0), x0);
        x1 = madd(w5, swap1(x1), x1);
        x2 = madd(w6, swap1(x2), x2);
        x3 = madd(w7, swap1(x3), x3);
      }
      if (scaled) {
        x0 = mul(x0, get(w, 0));
        x1 = mul(x1, get(w, 16));
        x2 = mul(x2, get(w, 32));
        x3 = mul(x3, get(w, 48));
      }
      put(q, x0);
      put(q + a2, x1);
      put(q + b2, x2);
      put(q + a2 + b2, x3);
      p += srcRow;
      q += dstRow;
    }
    if (scaled) w += 64;
  }
}
