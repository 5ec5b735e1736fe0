import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FLAGS = [
  "--headless=new",
  "--remote-debugging-port=0",
  "--no-first-run",
  "--disable-gpu",
  "--disable-dev-shm-usage",
];

/** Path of a Chromium in PATH, or undefined. */
export function findChromium(path = process.env.PATH ?? ""): string | undefined {
  const files = path.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** One page of a browser without a window. */
export interface BrowserPage {
  /** What the page wrote to its console as warnings and errors, and what its policy refused. */
  readonly complaints: readonly string[];
  /** Runs an expression (a promise is awaited) and answers its value; throws what it throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** Ends the browser. */
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Opens an address. @see https://chromedevtools.github.io/devtools-protocol/ */
export async function openPage(program: string, url: string): Promise<BrowserPage> {
  const profile = await mkdtemp(join(tmpdir(), "gateway-chromium-"));
  // Its sandbox refuses to run as root; the only page is our own.
  const flags = process.getuid?.() === 0 ? [...FLAGS, "--no-sandbox"] : FLAGS;
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const gone = once(child, "exit");
  const close = async () => {
    // Its helpers are in the same group.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const browser = await connect(await debuggerOf(child));
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    const session = String(sessionId);
    for (const domain of ["Runtime", "Log", "Page"]) await browser.send(`${domain}.enable`, {}, session);
    await browser.send("Page.navigate", { url }, session);
    return {
      complaints: browser.complaints,
      async evaluate<T>(expression: string): Promise<T> {
        const asked = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = await browser.send("Runtime.evaluate", asked, session);
        if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
        return (result as { value: T }).value;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function debuggerOf(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new Error("expected the browser's stderr");
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      child.stderr.resume();
      return address;
    }
  }
  throw new Error("the browser ended without a debugger");
}

async function connect(address: string) {
  const socket = new WebSocket(address);
  await once(socket, "open");
  const waiting = new Map<number, (message: Message) => void>();
  const complaints: string[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    const { level, type } = { ...(message.params?.["entry"] as object), ...message.params } as Record<string, unknown>;
    if (level === "error" || type === "error" || message.method === "Runtime.exceptionThrown")
      complaints.push(JSON.stringify(message.params));
  });
  let count = 0;
  const send = async (method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> => {
    const id = ++count;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result, error } = await answer;
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  return { send, complaints };
}
