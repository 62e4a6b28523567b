import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { hueOf, HUES, stepOf, STEPS } from "../src/cli/plot/colour.ts";
import { drawFactors } from "../src/cli/plot/factors.ts";
import { panelsOf } from "../src/cli/plot/panels.ts";
import { encodePng } from "../src/cli/plot/png.ts";
import { escape } from "../src/cli/plot/svg.ts";
import { circulant, toeplitz } from "../src/kaleidoscope/circulant.ts";
import { acdc, afdf } from "../src/kaleidoscope/diagonals.ts";
import { conv1d } from "../src/kaleidoscope/layers.ts";
import { lowRank } from "../src/kaleidoscope/low_rank.ts";
import { householder, singularProduct } from "../src/kaleidoscope/reflections.ts";
import { sparse } from "../src/kaleidoscope/sparse.ts";
import { dct2, dst4 } from "../src/kaleidoscope/transforms/cosine.ts";
import { dct1, dst1 } from "../src/kaleidoscope/transforms/cosine_one.ts";
import { dft } from "../src/kaleidoscope/transforms/dft.ts";
import { haar } from "../src/kaleidoscope/transforms/haar.ts";
import { hartley } from "../src/kaleidoscope/transforms/hartley.ts";
import { toBase4 } from "../src/operator/base4.ts";
import { Butterfly } from "../src/operator/butterfly.ts";
import { Dense } from "../src/operator/dense.ts";
import { Diagonal } from "../src/operator/diagonal.ts";
import { type Operator, Transposed } from "../src/operator/operator.ts";
import { Permutation } from "../src/operator/permutation.ts";
import { kronecker } from "../src/operator/kronecker.ts";
import { product } from "../src/operator/product.ts";
import { RealView } from "../src/operator/real_view.ts";
import { Window } from "../src/operator/window.ts";
import { Random } from "../src/program/random.ts";
import { assertClose } from "./helpers.ts";

const random = (length: number): Float32Array<ArrayBuffer> => {
  const draw = new Random(length);
  return Float32Array.from({ length }, () => draw.normal());
};

/** The product of an operator's panels as a dense matrix, complex and interleaved, in float64, cut to size. */
function multiplied(operator: Operator): Float64Array {
  const { rows, cols } = operator;
  let width = cols, left = new Float64Array(0), height = 0;
  for (const panel of panelsOf(operator).reverse()) {
    if (left.length === 0) {
      // Padding: the first columns of the identity.
      width = cols;
      height = panel.cols;
      left = new Float64Array(2 * height * width);
      for (let i = 0; i < Math.min(height, width); i++) left[2 * (i * width + i)] = 1;
    }
    const next = new Float64Array(2 * panel.rows * width), right = left;
    panel.entries!((row, column, re, im) => {
      for (let k = 0; k < width; k++) {
        const a = right[2 * (column * width + k)], b = right[2 * (column * width + k) + 1];
        next[2 * (row * width + k)] += re * a - im * b;
        next[2 * (row * width + k) + 1] += re * b + im * a;
      }
    });
    left = next;
    height = panel.rows;
  }
  // A corner is cut at the end.
  return left.subarray(0, 2 * rows * width);
}

Deno.test("the panels of a picture multiply to the operator", () => {
  const complex = { field: "complex" as const, seed: 1 };
  const operators: Operator[] = [
    Butterfly.random(8, { seed: 1 }),
    Butterfly.random(8, complex),
    Butterfly.random(8, { ...complex, increasing: false, blocks: 3 }),
    Butterfly.random(5, { ...complex, rows: 19, blocks: 2 }),
    Butterfly.random(16, complex).adjoint(),
    new Transposed(Butterfly.random(4, { ...complex, rows: 12 }), true),
    new Transposed(Butterfly.random(4, { ...complex, rows: 12 }), false),
    product(Butterfly.random(8, complex), Permutation.bitReversal(8), Butterfly.random(8)),
    product(new Diagonal(Float32Array.of(1, 2, 3, 4), "complex"), new Permutation([1, 0])),
    dft(8),
    dct2(8),
    dct1(5),
    dst1(7),
    dst4([4, 2]),
    hartley(8, { normalized: true }),
    haar(8),
    circulant(random(8)),
    circulant(random(5)),
    circulant(random(6), "complex"),
    toeplitz(random(3), random(4)),
    conv1d(random(24), { size: 4, kernel: 3, inputs: 4, outputs: 2 }),
    acdc(random(8), random(8)),
    afdf(random(8), random(8)),
    sparse(3, 5, { rows: [0, 2, 2, 1], cols: [4, 1, 0, 4], values: random(4) }),
    lowRank(random(6), random(8), 2, "real", { butterflies: true }),
    lowRank(random(8), random(8), 2, "complex"),
    householder(random(5)),
    singularProduct(3, 2, random(6)),
    toBase4(Butterfly.random(8, complex)),
    kronecker(Butterfly.random(4), new Permutation([1, 2, 0])),
    product(new Window(4, 6, { shift: 1 }), new Window(6, 3, { shift: -2 })),
    new RealView(new Dense(2, 2, random(8), "complex")),
  ];
  for (const operator of operators) {
    const dense = operator.toDense();
    const want = operator.field === "complex"
      ? dense
      : Float32Array.from({ length: 2 * dense.length }, (_, i) => i % 2 === 0 ? dense[i / 2] : 0);
    assertClose(multiplied(operator), want, 1e-6, operator.describe());
  }
});

Deno.test("pictures of all kinds of operators are well-formed and small", async () => {
  const operators: Operator[] = [
    Butterfly.random(1),
    Butterfly.random(1, { rows: 3 }),
    Butterfly.random(2),
    Butterfly.random(64, { blocks: 9 }),
    Butterfly.random(3, { rows: 50, bias: true, field: "complex" }),
    Butterfly.random(4096, { field: "complex" }),
    product(Butterfly.random(1024), Permutation.bitReversal(1024, "complex")),
    new Diagonal(new Float32Array(300)),
    new Dense(1, 700, new Float32Array(700).fill(-1)),
    new Permutation([0]),
  ];
  for (const operator of operators) {
    const svg = await drawFactors(operator, { title: `<&"> ${operator.describe()}`, note: "a\u0000b" });
    const name = operator.describe();
    assert.ok(svg.length < 1e6, `${name}: ${svg.length}`);
    assert.ok(!/NaN|undefined|Infinity|\0/.test(svg.replace(/base64,[^"]*/g, "")), name);
    assert.ok(svg.includes("&#60;&#38;&#34;&#62;"), name);
    // Every element is closed, in order.
    const open: string[] = [];
    for (const [, close, tag, empty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close) assert.equal(open.pop(), tag, name);
      else if (!empty) open.push(tag);
    }
    assert.deepEqual(open, [], name);
  }
});

Deno.test("a picture has a dot for every entry of a small factor", async () => {
  const svg = await drawFactors(Butterfly.random(8, { seed: 3 }), { title: "t" });
  const groups = [...svg.matchAll(/<g class="dots"[^>]*>([\s\S]*?)<\/g>/g)].map(([, group]) => group);
  assert.equal(groups.length, 3);
  const dots = groups.map((group) =>
    new Set([...group.matchAll(/M(\d+) (\d+)h0/g)].map(([, x, y]) => `${y},${x}`))
  );
  for (const [i, stride] of [4, 2, 1].entries()) {
    const expected = [...Array(8).keys()].flatMap((k) => [`${k},${k}`, `${k},${k ^ stride}`]);
    assert.deepEqual(dots[i], new Set(expected));
  }
});

Deno.test("a heat map is the matrix, pixel by pixel", async () => {
  const svg = await drawFactors(new Dense(2, 3, Float32Array.of(4, -4, 0, 1, 0, -1)), { title: "t" });
  const base64 = /base64,([^"]*)/.exec(svg)![1];
  const png = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const pixels = decode(png);
  assert.deepEqual([pixels.width, pixels.height], [3, 2]);
  const at = (i: number): number[] => [...pixels.rgba.subarray(4 * i, 4 * i + 4)];
  assert.equal(at(0)[3], 255);
  assert.deepEqual(at(2), [0, 0, 0, 0]); // zero is the background
  assert.ok(at(0)[0] > at(0)[2] && at(1)[2] > at(1)[0], "positive is orange, negative is blue");
  assert.deepEqual(at(3).slice(0, 3), at(0).slice(0, 3));
  assert.equal(at(3)[3], 128); // the root of a quarter
});

Deno.test("PNG files are decoded to the pixels they were made of", async () => {
  const rgba = Uint8Array.from({ length: 4 * 5 * 3 }, (_, i) => (i * 37) % 256);
  const { width, height, rgba: back } = decode(await encodePng(5, 3, rgba));
  assert.deepEqual([width, height], [5, 3]);
  assert.deepEqual(back, rgba);
});

/** A decoder of what the encoder writes, with all checks of the specification; zlib checks the data. */
function decode(png: Uint8Array): { width: number; height: number; rgba: Uint8Array } {
  assert.deepEqual([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks = new Map<string, Uint8Array>();
  let at = 8;
  while (at < png.length) {
    const length = view.getUint32(at), type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    let crc = ~0;
    for (const byte of png.subarray(at + 4, at + 8 + length)) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    assert.equal(view.getUint32(at + 8 + length), ~crc >>> 0, type);
    chunks.set(type, png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  assert.deepEqual([...chunks.keys()], ["IHDR", "IDAT", "IEND"]);
  const head = chunks.get("IHDR")!, size = new DataView(head.buffer, head.byteOffset);
  const width = size.getUint32(0), height = size.getUint32(4);
  assert.deepEqual([...head.subarray(8)], [8, 6, 0, 0, 0]);
  const lines = new Uint8Array(inflateSync(chunks.get("IDAT")!));
  assert.equal(lines.length, height * (1 + 4 * width));
  const rgba = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    assert.equal(lines[y * (1 + 4 * width)], 0);
    rgba.set(lines.subarray(y * (1 + 4 * width) + 1, (y + 1) * (1 + 4 * width)), 4 * width * y);
  }
  return { width, height, rgba };
}

Deno.test("colours go around the circle with the phase, and fade with the modulus", () => {
  for (let k = 0; k < HUES; k++) {
    const phase = 2 * Math.PI * k / HUES;
    assert.equal(hueOf(3 * Math.cos(phase), 3 * Math.sin(phase)), k);
  }
  assert.deepEqual([stepOf(0, 1), stepOf(1, 1), stepOf(0, 0), stepOf(1e-9, 1)], [0, STEPS, 0, 0]);
  assert.equal(stepOf(0.25, 1), STEPS / 2);
});

Deno.test("text in a picture cannot break out of it", () => {
  assert.equal(escape(`a<b>&"c"\u0001\n`), "a&#60;b&#62;&#38;&#34;c&#34;\ufffd\n");
});
