/// <reference lib="dom" />
/** Small words for the page. */
import { count as spaced } from "../../src/cli/text.ts";

/** "65 536", in one line. */
export const count = (value: number): string => spaced(value).replaceAll(" ", "\u00a0");
/** The element of that name, which index.html has. */
export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
/** The canvas of that name. */
export const canvas = (id: string): HTMLCanvasElement => byId<HTMLCanvasElement>(id);
/** Lets an element say something. */
export const say = (id: string, text: string): void => void (byId(id).textContent = text);

/** A radio button that looks like a chip. */
export function chip(name: string, value: string, label: string, checked: boolean): HTMLLabelElement {
  const element = document.createElement("label"), input = document.createElement("input");
  element.className = "chip";
  Object.assign(input, { type: "radio", name, value, checked });
  const text = document.createElement("span");
  text.textContent = label;
  element.append(input, text);
  return element;
}

/** The radio button of a group that is chosen, or that of a value. */
export const radio = (name: string, value?: string): HTMLInputElement | null =>
  document.querySelector(`input[name="${name}"]${value === undefined ? ":checked" : `[value="${value}"]`}`);
