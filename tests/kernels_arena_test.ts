import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, type Block } from "../src/kernels/arena.ts";

const START = 1000, BUDGET = 4096;

/** An arena that may use what it asked for and no more. */
function arena(): { arena: Arena; limit: () => number } {
  let limit = START;
  return { arena: new Arena(START, BUDGET, (bytes) => limit = Math.max(limit, bytes)), limit: () => limit };
}

Deno.test("blocks never overlap, keep their alignment, and free blocks are used again", () => {
  const action = fc.record({
    size: fc.integer({ min: 0, max: 900 }),
    pinned: fc.boolean(),
    free: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const { arena: it, limit } = arena();
      const blocks: Block[] = [];
      let pinned = 0, most = 0;
      for (const { size, pinned: pin, free } of actions) {
        const live = blocks.filter((block) => block.live);
        if (free < live.length) {
          if (live[free].pinned) pinned -= live[free].bytes;
          it.free(live[free]);
          it.free(live[free]);
          assert.equal(live[free].live, false);
          continue;
        }
        const block = it.allocate(size, pin);
        if (pin) pinned += block.bytes;
        most = Math.max(most, pinned);
        blocks.push(block);
        assert.ok(block.bytes >= size && block.address >= START && block.address % 16 === 0);
        assert.ok(
          block.address + block.bytes <= limit(),
          "the arena did not ask for the memory that it uses",
        );
        const now = blocks.filter((b) => b.live).sort((a, b) => a.address - b.address);
        for (let i = 1; i < now.length; i++) {
          assert.ok(now[i - 1].address + now[i - 1].bytes <= now[i].address);
        }
        const evictable = now.filter((b) => !b.pinned).reduce((sum, b) => sum + b.bytes, 0);
        assert.ok(evictable <= BUDGET, `${evictable} bytes of evictable blocks`);
      }
      // First fit wastes less than half here; without reuse the size would be the sum of all sizes.
      assert.ok(it.size <= START + 16 + 3 * (most + BUDGET), `${it.size} bytes`);
      for (const block of blocks) it.free(block);
      assert.ok(
        it.allocate(it.size - START - 16, true).address < START + 16,
        "the free ranges were not joined",
      );
    }),
    { seed: 2025, numRuns: 300 },
  );
});

Deno.test("the least recently used blocks are evicted first, pinned ones never", () => {
  const { arena: it } = arena();
  const pinned = it.allocate(10000, true);
  const blocks = [0, 1, 2, 3].map(() => it.allocate(1000, false));
  blocks[0].lastUse = it.tick();
  it.allocate(1000, false);
  assert.deepEqual(blocks.map((block) => block.live), [true, false, false, false]);
  assert.ok(pinned.live);
});

Deno.test("blocks larger than the budget are allocated all the same, one or two at a time", () => {
  const { arena: it } = arena();
  const size = 10 * BUDGET, blocks: Block[] = [];
  for (let i = 0; i < 6; i++) {
    blocks.push(it.allocate(size, false));
    const live = blocks.filter((block) => block.live);
    assert.ok(live.includes(blocks[i]) && live.length <= 2, `${live.length} large blocks are held`);
  }
  assert.ok(it.size <= START + 16 + 3 * size, `${it.size} bytes`);
});
