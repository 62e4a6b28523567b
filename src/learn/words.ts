/**
 * Names of what is learned.
 *
 * @module
 */
import { neighbourRank, patternText } from "../operator/pattern.ts";
import type { Structure } from "./structure.ts";

/** "1, 2 … 128", or backwards. */
export function strideText(n: number, increasing: boolean): string {
  const strides = Array.from({ length: Math.log2(n) }, (_, i) => 2 ** i);
  if (!increasing) strides.reverse();
  return strides.length > 4 ? `${strides[0]}, ${strides[1]} … ${strides.at(-1)}` : strides.join(", ");
}

/** ", the columns in bit-reversed order": what orders rows and columns are in; nothing for none. */
export function orderText(row: string, column: string, binary: boolean): string {
  const name = (order: string): string => {
    const words = order.split(", ").filter((word) => word !== "none");
    return words.map((word) => word === "digit reversal" ? binary ? "bit-reversed" : "digit-reversed" : word)
      .join(" then ");
  };
  const told = [["columns", column], ["rows", row]].filter(([, order]) => order !== "none")
    .map(([what, order]) => `the ${what} in ${name(order)} order`);
  return told.length > 0 ? `, ${told.join(" and ")}` : "";
}

/** A chain in words. */
export function chainText({ patterns, rank, rowName, columnName }: Structure, n: number): string {
  const binary = (n & (n - 1)) === 0, orders = orderText(rowName, columnName, binary);
  const plain = rank === 1 && patterns.every(({ b, c }) => b === 2 && c === 2);
  if (plain && binary) {
    const increasing = patterns[0].d === 1;
    const strides = `strides ${strideText(n, increasing)}`;
    return columnName === "digit reversal" && rowName === "none"
      ? `a butterfly: bit reversal, then ${strides}`
      : `a butterfly of ${strides}${orders}`;
  }
  const list = patterns.map(patternText);
  const shown = list.length > 4 ? `${list[0]}, ${list[1]} … ${list.at(-1)}` : list.join(", ");
  const ranks = patterns.slice(1).map((next, i) => neighbourRank(next, patterns[i]) ?? rank);
  const least = Math.min(rank, ...ranks);
  const text = least < rank ? `ranks ${least} to ${rank}` : `rank ${rank}`;
  return `a chain of ${patterns.length} factors of ${text}, ${shown}${orders}`;
}
