const { createHash } = require("node:crypto");
const { createTransformer } = require("@swc/jest");

/** swc, after one exact textual patch of one source file: `GUARD_PATCH` is JSON `{ file, find, replace }`. */
const swc = createTransformer(require("../support/swc.json"));
const patch = process.env.GUARD_PATCH ? JSON.parse(process.env.GUARD_PATCH) : null;

function patched(source, path) {
  if (!patch || !path.endsWith(`/${patch.file}`)) return source;
  const pieces = source.split(patch.find);
  if (pieces.length !== 2)
    throw new Error(`${patch.file}: expected the guard exactly once, found it ${pieces.length - 1} times`);
  return pieces.join(patch.replace);
}

module.exports = {
  canInstrument: false,
  process: (source, path, options) => swc.process(patched(source, path), path, options),
  getCacheKey: (source, path, options) =>
    createHash("sha256")
      .update(patched(source, path))
      .update(path)
      .update(swc.getCacheKey(source, path, options))
      .digest("hex"),
};
