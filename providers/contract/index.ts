export * from "./capabilities";
export * from "./endpoint";
export * from "./oauth";
export * from "./page";
export * from "./provider";
export * from "./reading";
export * from "./synthetic";
export * from "./webhook";
