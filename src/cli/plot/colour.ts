/**
 * Colours of numbers: the phase is the hue (positive numbers orange, negative ones blue), the modulus the opacity, so
 * that zero is the background, be it light or dark.
 *
 * @module
 */

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Steps of hue and of opacity: few enough that equal colours can be drawn, and packed, together. */
export const HUES = 32, STEPS = 12;

/** A colour of one lightness and chroma, middling ones, which stand out on white and on black (OKLCH, Ottosson 2020). */
function hueColour(degrees: number): Rgb {
  const lightness = 0.68, chroma = 0.15, hue = degrees * Math.PI / 180;
  const a = chroma * Math.cos(hue), b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channel = (linear: number): number => {
    const x = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
  };
  return [
    channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    channel(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The colours of the phases 0, 2π/HUES, …; phase 0 is orange, π is blue. */
export const WHEEL: readonly Rgb[] = Array.from({ length: HUES }, (_, i) => hueColour(50 + 360 * i / HUES));

/** The index in {@link WHEEL} of a number's phase. */
export function hueOf(re: number, im: number): number {
  return Math.round(Math.atan2(im, re) / (2 * Math.PI) * HUES + HUES) % HUES;
}

/** The opacity, in steps from 0 to STEPS, of a modulus relative to the largest: its square root, to show small ones. */
export function stepOf(modulus: number, largest: number): number {
  const share = largest > 0 ? Math.min(1, modulus / largest) : 0;
  return Math.max(0, Math.ceil(STEPS * Math.sqrt(share) - 1e-3));
}

/** "#rrggbb" */
export function hex(colour: Rgb): string {
  return "#" + colour.map((channel) => channel.toString(16).padStart(2, "0")).join("");
}
