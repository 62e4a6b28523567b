import assert from "node:assert/strict";
import fc from "fast-check";
import type { NumericArray } from "../src/io/array.ts";
import { readNpy, writeNpy } from "../src/io/npy.ts";

/** Files written by NumPy 2.4. */
const NUMPY = {
  f4:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAAEAAAEBAAACAQAAAoEA=",
  bigEndianF8:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPmY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAD/wAAAAAAAAQAAAAAAAAABACAAAAAAAAEAQAAAAAAAAQBQAAAAAAAA=",
  fortranC8:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGM4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAQEAAABBBAACAPwAAgD8AAIBAAACAQQAAAEAAAIBAAACgQAAAyEE=",
  bigEndianC16Version2:
    "k05VTVBZAgB0AAAAeydkZXNjcic6ICc+YzE2JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAMAAAAAAAAAAP/AAAAAAAADAAAAAAAAAAEAAAAAAAAAAwAAAAAAAAAA=",
  f2Version3:
    "k05VTVBZAwB0AAAAeydkZXNjcic6ICc8ZjInLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoNCwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPgGAAHz/ew==",
  scalar:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAEQA==",
  empty:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=",
  fortranBigEndianI2:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPmkyJywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAMAAQAEAAIABQAAQANAAUAEQAJABUAAgAOAAYAEgAKABYAAwAPAAcAEwALABc=",
  bool:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAA==",
  u8:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPHU4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr///////8fAAAAAAAAAAAA",
  u8TooLarge:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPHU4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAAAAAAEAAAAAACAA",
  i8:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr7/////////wcAAAAAAAAA",
  object:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqABJWLAAAAAAAAAIwWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwGFlGgDjAVkdHlwZZSTlIwCTziUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LP3SUYoldlH2UYXSUYi4=",
  record:
    "k05VTVBZAQB2AHsnZGVzY3InOiBbKCdhJywgJzxmNCcpXSwgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAA",
  text:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPFUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAphAAAAYgAAAA==",
  date:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPE04W0RdJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIApWRwAAAAAAAA==",
};

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** A version 1.0 file with any header and data. */
function npyFile(header: string, data: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(10 + text.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(text, 10);
  bytes.set(data, 10 + text.length);
  return bytes;
}

const refused = (bytes: Uint8Array, sentence: RegExp, type: ErrorConstructor = RangeError): void =>
  assert.throws(() => readNpy(bytes, "m.npy"), (error) => {
    assert.ok(error instanceof type, String(error));
    assert.match(error.message, /^Cannot read 'm\.npy': /);
    assert.match(error.message, sentence);
    return true;
  });

Deno.test("the .npy files that NumPy writes are read as NumPy means them", () => {
  const m = [0, 1, 2, 3, 4, 5];
  const cases: [keyof typeof NUMPY, NumericArray][] = [
    ["f4", { shape: [2, 3], field: "real", data: new Float32Array(m) }],
    ["bigEndianF8", { shape: [2, 3], field: "real", data: new Float64Array(m) }],
    ["fortranC8", { shape: [2, 3], field: "complex", data: new Float32Array(m.flatMap((k) => [k, k * k])) }],
    ["bigEndianC16Version2", { shape: [3], field: "complex", data: new Float64Array([0, -2, 1, -2, 2, -2]) }],
    ["f2Version3", {
      shape: [4],
      field: "real",
      data: new Float32Array([1.5, -(2 ** -24), Infinity, 65504]),
    }],
    ["scalar", { shape: [], field: "real", data: new Float64Array([2.5]) }],
    ["empty", { shape: [0, 3], field: "real", data: new Float32Array() }],
    ["fortranBigEndianI2", {
      shape: [2, 3, 4],
      field: "real",
      data: Float64Array.from({ length: 24 }, (_, k) => k),
    }],
    ["bool", { shape: [2], field: "real", data: new Float64Array([1, 0]) }],
    ["u8", { shape: [2], field: "real", data: new Float64Array([2 ** 53 - 1, 0]) }],
    ["i8", { shape: [2], field: "real", data: new Float64Array([-5, 7]) }],
  ];
  for (const [name, expected] of cases) assert.deepEqual(readNpy(fromBase64(NUMPY[name])), expected, name);
});

Deno.test("an array is written with the very bytes that NumPy writes", () => {
  for (const name of ["f4", "scalar", "empty"] as const) {
    const bytes = fromBase64(NUMPY[name]);
    assert.deepEqual(writeNpy(readNpy(bytes)), bytes, name);
  }
});

Deno.test("aligned .npy data is a view of the file and unaligned data is a copy", () => {
  const bytes = fromBase64(NUMPY.f4);
  assert.equal(readNpy(bytes).data.buffer, bytes.buffer);
  const shifted = new Uint8Array(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  const { data } = readNpy(shifted);
  assert.notEqual(data.buffer, shifted.buffer);
  assert.deepEqual(data, readNpy(bytes).data);
});

Deno.test("a big-endian file is left as it was by reading it", () => {
  const bytes = fromBase64(NUMPY.bigEndianF8);
  const before = bytes.slice();
  readNpy(bytes);
  assert.deepEqual(bytes, before);
});

Deno.test("any array comes back from .npy as it was", () => {
  const arrays = fc.record({
    shape: fc.array(fc.nat(4), { maxLength: 5 }),
    complex: fc.boolean(),
    single: fc.boolean(),
    seed: fc.array(fc.double(), { minLength: 1, maxLength: 20 }),
  }).map(({ shape, complex, single, seed }): NumericArray => {
    const length = shape.reduce((a, b) => a * b, complex ? 2 : 1);
    const values = Array.from({ length }, (_, k) => seed[k % seed.length]);
    return {
      shape,
      field: complex ? "complex" : "real",
      data: single ? new Float32Array(values) : new Float64Array(values),
    };
  });
  fc.assert(fc.property(arrays, (array) => assert.deepEqual(readNpy(writeNpy(array)), array)));
});

Deno.test("a Python 2 header, other quotes and another order of the entries are read", () => {
  const data = new Uint8Array(new Float32Array([7]).buffer);
  for (
    const header of [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }\n",
      '{"shape":(1,1),"fortran_order":True,"descr":"<f4"}',
    ]
  ) assert.deepEqual([...readNpy(npyFile(header, data)).data], [7]);
});

Deno.test("any byte but 0 of a .npy bool is 1", () => {
  const header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}";
  assert.deepEqual([...readNpy(npyFile(header, [0, 2, 255])).data], [0, 1, 1]);
});

Deno.test("a .npy dtype that holds no numbers is refused by name", () => {
  for (const name of ["object", "text", "date"] as const) {
    refused(fromBase64(NUMPY[name]), /its dtype '.*' is .*, expected float16/, TypeError);
  }
  refused(fromBase64(NUMPY.object), /Python objects/, TypeError);
  refused(fromBase64(NUMPY.record), /structured dtype/, TypeError);
  for (const descr of ["<f16", "<c32", "toString", "", "<", "__proto__", "<i3"]) {
    refused(npyFile(`{'descr': '${descr}', 'fortran_order': False, 'shape': (), }`), /its dtype/, TypeError);
  }
});

Deno.test("a .npy integer that float64 would round is refused by its index", () => {
  refused(fromBase64(NUMPY.u8TooLarge), /element 1 is the integer 9007199254740993/);
});

Deno.test("a .npy header that claims more than the file has is refused without allocating it", () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }";
  const before = Deno.memoryUsage().external;
  refused(
    npyFile(header, new Uint8Array(100)),
    /claims 1000000000 elements \(4000000000 bytes\) but the file has/,
  );
  refused(npyFile(header.replace("<f4", "|b1").replace("False", "True")), /claims 1000000000 elements/);
  assert.ok(Deno.memoryUsage().external - before < 1e7);
});

Deno.test("malformed .npy files are refused with a sentence", () => {
  const good = fromBase64(NUMPY.f4);
  refused(new Uint8Array(), /the file is empty/);
  refused(new Uint8Array(100), /does not begin as a \.npy file/);
  refused(good.slice(0, 5), /does not begin/);
  refused(good.slice(0, 8), /cut short inside its header/);
  refused(good.slice(0, 60), /header claims 118 bytes but the file has 60: it is cut short/);
  refused(good.slice(0, -1), /claims 6 elements \(24 bytes\) but the file has 151 bytes/);
  refused(Uint8Array.of(...good, 1), /25 bytes of data follow/);
  refused(good.with(6, 4), /version 4\.0, expected 1\.0, 2\.0 or 3\.0/);
  refused(good.with(7, 1), /version 1\.1/);

  const shaped = (shape: string): Uint8Array =>
    npyFile(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`);
  refused(shaped("(3)"), /shape is a number, expected a tuple/);
  refused(shaped("3"), /'3' in place of the tuple/);
  refused(shaped("(-1,)"), /not the Python dictionary/);
  refused(shaped("(1.5,)"), /not the Python dictionary/);
  refused(shaped("(,)"), /',' in place of a size/);
  refused(shaped("(1 2)"), /'2' in place of ',' or '\)'/);
  refused(shaped("((1,),)"), /'\(' in place of a size/);
  refused(shaped("(99999999, 99999999, 99999999)"), /product beyond 2⁵³/);
  refused(shaped("(99999999999999999999,)"), /product beyond 2⁵³/);
  refused(shaped(`(${"1,".repeat(65)})`), /more than 64 dimensions/);
  refused(shaped("(1,"), /not the Python dictionary|in place of/);

  refused(npyFile(""), /not the Python dictionary/);
  refused(npyFile("{}"), /lacks one of/);
  refused(npyFile("[]"), /'\[' in place of '\{'/);
  refused(npyFile("{'descr': '<f4', 'descr': '<f4'}"), /has 'descr' twice/);
  refused(npyFile("{'__proto__': 1}"), /'__proto__' in place of/);
  refused(npyFile("{'descr': True}"), /'True' in place of the dtype/);
  refused(npyFile("{'descr' '<f4'}"), /'<f4' in place of ':'/);
  refused(npyFile("{'fortran_order': 1}"), /'1' in place of True or False/);
  refused(npyFile("{'fortran_order': True 'shape': ()}"), /'shape' in place of ',' or '}'/);
  refused(npyFile("{'descr': '|f4', 'fortran_order': False, 'shape': ()}"), /gives no byte order/);
  refused(
    npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} + exit()"),
    /goes on after the closing '}'/,
  );
});

Deno.test("what is no array is not written to .npy", () => {
  const data = new Float32Array(4);
  assert.throws(() => writeNpy({ shape: [3], field: "real", data }), {
    name: "RangeError",
    message: "Cannot write the .npy file: a real array of shape [3] has 3 floats, got 4",
  });
  assert.throws(() => writeNpy({ shape: [4], field: "complex", data }), /has 8 floats, got 4/);
  assert.throws(
    () => writeNpy({ shape: Array(65).fill(1), field: "real", data: data.slice(0, 1) }),
    /at most 64/,
  );
  const wrong = { shape: [4], field: "real", data: [1, 2, 3, 4] } as unknown as NumericArray;
  assert.throws(() => writeNpy(wrong), TypeError);
  assert.throws(() => writeNpy({ ...wrong, field: "quaternion" } as unknown as NumericArray), TypeError);
});
