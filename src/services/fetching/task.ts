import type { Endpoint } from "../../../providers/contract";
import type { Account } from "../api";
import type { ConfiguredProvider } from "./ask";

/** One endpoint of one account that days are wanted of. */
export interface FlightTask {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly endpoint: Endpoint;
}
