/**
 * Memory for programs: a first-fit allocator over one growing buffer, in which the blocks of programs that are not
 * in use may be evicted, so that memory stays bounded however many operators a process makes and drops.
 *
 * @module
 */

/** A block of memory that may be evicted when it is not pinned; `live` then turns false. */
export interface Block {
  /** Byte address, a multiple of 16. */
  readonly address: number;
  /** Its size, a multiple of 16. */
  readonly bytes: number;
  /** Whether it may never be evicted. */
  readonly pinned: boolean;
  /** Whether it still belongs to who asked for it. */
  live: boolean;
  /** The clock of the last use: the user of the block sets it to {@link Arena.tick}. */
  lastUse: number;
}

const ALIGN = 16;

/** A first-fit allocator with eviction of the least recently used blocks. */
export class Arena {
  readonly #grow: (bytes: number) => void;
  readonly #budget: number;
  /** Free ranges [start, end), sorted, never adjacent. */
  readonly #free: { start: number; end: number }[] = [];
  readonly #evictable: Set<Block> = new Set<Block>();
  /** Goes up with each allocation and each block given back: while it stands still, nothing moves. */
  version = 0;
  #end: number;
  #evictableBytes = 0;
  #clock = 0;

  /**
   * An arena over memory that grows.
   *
   * @param start first address that may be used
   * @param budget bytes that evictable blocks may hold together
   * @param grow makes addresses below its argument usable, or throws
   */
  constructor(start: number, budget: number, grow: (bytes: number) => void) {
    this.#end = Math.ceil(start / ALIGN) * ALIGN;
    this.#budget = budget;
    this.#grow = grow;
  }

  /** Bytes from address 0 to the end of what was ever allocated. */
  get size(): number {
    return this.#end;
  }

  /** The next value of the clock that orders uses. */
  tick(): number {
    return ++this.#clock;
  }

  /** Allocates a block; unless pinned it may be evicted by a later allocation. */
  allocate(bytes: number, pinned: boolean): Block {
    this.version++;
    const size = Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
    if (!pinned && this.#evictableBytes + size > this.#budget) this.#makeRoom(size);
    const address = this.#take(size);
    const block: Block = { address, bytes: size, pinned, live: true, lastUse: this.tick() };
    if (!pinned) {
      this.#evictable.add(block);
      this.#evictableBytes += size;
    }
    return block;
  }

  /** Gives a block back. Freeing a block twice, or one that was evicted, does nothing. */
  free(block: Block): void {
    if (!block.live) return;
    this.version++;
    block.live = false;
    if (this.#evictable.delete(block)) this.#evictableBytes -= block.bytes;
    this.#give(block.address, block.address + block.bytes);
  }

  /**
   * Frees the least recently used blocks. A block larger than half the budget raises it to twice its size, or two
   * programs used in turn would be written again at each turn.
   */
  #makeRoom(size: number): void {
    const blocks = [...this.#evictable].sort((x, y) => x.lastUse - y.lastUse);
    const largest = blocks.reduce((most, block) => Math.max(most, block.bytes), size);
    const budget = Math.max(this.#budget, 2 * largest);
    if (this.#evictableBytes + size <= budget) return;
    // Half of it, so that a stream of small programs does not come here each time.
    for (const block of blocks) {
      if (this.#evictableBytes + size <= Math.max(budget / 2, largest + size)) break;
      this.free(block);
    }
  }

  #take(size: number): number {
    for (let i = 0; i < this.#free.length; i++) {
      const range = this.#free[i];
      if (range.end - range.start < size) continue;
      const address = range.start;
      range.start += size;
      if (range.start === range.end) this.#free.splice(i, 1);
      return address;
    }
    const address = this.#end;
    this.#grow(address + size);
    this.#end = address + size;
    return address;
  }

  #give(start: number, end: number): void {
    let low = 0, high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle].start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1], after = this.#free[low];
    const joinsBefore = before !== undefined && before.end === start;
    const joinsAfter = after !== undefined && after.start === end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      this.#free.splice(low, 1);
    } else if (joinsBefore) before.end = end;
    else if (joinsAfter) after.start = start;
    else this.#free.splice(low, 0, { start, end });
  }
}
