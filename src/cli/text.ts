/**
 * Numbers as people read them.
 *
 * @module
 */

/** "65 536" */
export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " ");
}

/** "5.5e-9", "0.28", "0" */
export function small(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return value >= 0.01 && value < 1000 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

/** "16", "3.4", "0.65" */
export function ratio(value: number): string {
  return value >= 100 ? count(value) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
}

/** "0.065", "1.8", "44", "1 190": two digits, or all before the point. */
export function microseconds(value: number): string {
  return value >= 10 ? count(value) : value.toPrecision(2);
}

/** "65 536 complex numbers", "1 real number" */
export function numbers(amount: number, field: "real" | "complex"): string {
  return `${count(amount)} ${field} number${amount === 1 ? "" : "s"}`;
}
