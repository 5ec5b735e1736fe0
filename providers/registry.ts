import type { Provider } from "./contract";
import { oura } from "./oura";
import { polar } from "./polar";
import { whoop } from "./whoop";
import { withings } from "./withings";

/** Every wearable that the gateway speaks to, one line each. */
export const providers: readonly Provider[] = [oura, whoop, withings, polar];
