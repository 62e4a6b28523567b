/**
 * To and from other frameworks: operators from what was trained in PyTorch, and operators as ONNX models. Apart from the
 * rest, for bundles to leave it out.
 *
 * @module
 */

export { type Imported, type ImportedModule, importTrained, type TrainedOptions } from "./import.ts";
export type { LayoutName, ModuleOptions } from "./module.ts";
export type { AdapterConfig } from "./boft.ts";
export { exportOnnx, type OnnxOptions } from "../onnx/export.ts";
