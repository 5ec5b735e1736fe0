export type { Call, CallKind } from "./calls";
export type { SimulatorLog } from "./cloud";
export type { Fault } from "./faults";
export type { KilledGrant } from "./grants";
export type { Settings } from "./settings";
export { type Simulator, type SimulatorOptions, startSimulator } from "./simulator";
