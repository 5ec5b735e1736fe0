/** First half of the key of every worker process's advisory lock; any number, the same in every version of the gateway. */
export const PROCESS_LOCK = 1_207_959_571;

/** SQL: ids of the processes that hold their lock. */
export const PROCESS_LOCKS = `
SELECT l.objid::int FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = ${PROCESS_LOCK} AND l.objsubid = 2 AND l.granted`;
