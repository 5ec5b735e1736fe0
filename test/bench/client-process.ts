import { type ChildProcess, fork } from "node:child_process";
import { pinned, script } from "./child";
import type { Pin } from "./machine";

/** A client in a process of its own: takes one task after the other. */
export class ClientProcess<Task, Result> {
  private readonly child: ChildProcess;

  /** `file`: one of `servers/`, which answers each message with one. */
  constructor(file: string, pin: Pin) {
    const { program, args } = script(file);
    const [command, all] = pinned(program, args, pin);
    const [first = "", ...rest] = all;
    const stdio: ("ignore" | "inherit" | "ipc")[] = ["ignore", "inherit", "inherit", "ipc"];
    this.child = fork(first, rest, { execPath: command, execArgv: [], stdio });
  }

  /** Does a task; rejects where the process ends. */
  run(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the client ended with status ${code}`));
      this.child.once("exit", onExit);
      this.child.once("message", (result) => {
        this.child.off("exit", onExit);
        resolve(result as Result);
      });
      this.child.send(task as object);
    });
  }

  /** Ends the process. */
  stop(): void {
    this.child.kill("SIGKILL");
  }
}
