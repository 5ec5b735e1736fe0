import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Writes files (by path) into a temporary directory, hands it to `use`, and removes it. */
export async function withTree<T>(files: Readonly<Record<string, string>>, use: (root: string) => T): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "gateway-tree-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
