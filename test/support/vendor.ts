import { oura } from "../../providers/oura";
import { type Simulator, startSimulator } from "../../src/simulator";

/** A vendor's cloud that several gateways share, with the settings that lead them there. */
export interface Vendor {
  readonly simulator: Simulator;
  readonly env: Readonly<Record<string, string>>;
}

/** Client that the gateways are registered as. */
export const CLIENT = { id: "gateway-under-test", secret: "not-a-secret-but-a-canary" };

/** Starts a simulator in this process that takes gateways on any port of this machine. */
export async function startVendor(): Promise<Vendor> {
  const simulator = await startSimulator({ provider: oura, clientId: CLIENT.id, clientSecret: CLIENT.secret });
  const { origin, authorizeUrl, tokenUrl, revokeUrl } = simulator;
  const env = {
    OURA_CLIENT_ID: CLIENT.id,
    OURA_CLIENT_SECRET: CLIENT.secret,
    OURA_API_URL: origin,
    OURA_AUTHORIZE_URL: authorizeUrl,
    OURA_TOKEN_URL: tokenUrl,
    OURA_REVOKE_URL: revokeUrl ?? "",
  };
  return { simulator, env };
}

/** Requests for data since the calls were last forgotten, those of an account's identity left out. */
export function dataCalls(simulator: Simulator) {
  return simulator.calls().filter(({ kind, endpoint }) => kind === "data" && endpoint !== null);
}
