import "reflect-metadata";
import { createRequire } from "node:module";

/** Keeps what a decorator is told. */
function kept(target: object, name: string): void {
  Reflect.defineMetadata("kept", name, target);
}

class Decorated {
  @kept
  field = 1;
}

function stackOf(): string {
  const here = () => new Error("somewhere").stack ?? "";
  return here();
}

/** Says how it was compiled; a second argument names a module that is only known while it runs. */
function main([, , later = ""]: readonly string[]): void {
  const named = () => null;
  const said = {
    ...{ field: new Decorated().field, kept: Reflect.getMetadata("kept", Decorated.prototype), stack: stackOf() },
    ...{ names: [Decorated.name, named.name, stackOf.name], later: createRequire(__filename)(later).later },
  };
  process.stdout.write(JSON.stringify(said));
}

main(process.argv);
