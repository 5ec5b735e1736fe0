/** SQL for the entries `e` of a row `c` of changes. */
export const ENTRIES = "unnest(c.metrics, c.days, c.types) WITH ORDINALITY AS e(metric, day, type, ordinal)";

/** SQL for an entry as the domain has it. */
export const ENTRY = `c.version::text, e.ordinal::int AS ordinal, extract(epoch FROM c.at)::float8 AS at, e.metric, c.provider, e.day::text AS day,
  e.type, c.origin`;

/** SQL for whether an entry is behind a position; parameters 2 and 3: its version and ordinal. */
export const AFTER = "c.version >= $2::bigint AND (c.version > $2::bigint OR e.ordinal > $3::int)";
