import Redis from "ioredis";
import { Client } from "pg";
import { query } from "../support/embedded-clusters";
import { answersPing, findRedisProgram, startRedis } from "../support/redis-server";
import { freshDatabase, freshRedis } from "../support/services";

describe("freshDatabase", () => {
  test("gives an empty database owned by a role that row-level security binds", async () => {
    const database = await freshDatabase();
    const [role] = await query(
      database.url,
      `SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, pg_get_userbyid(datdba) AS owner
       FROM pg_roles JOIN pg_database ON datname = current_database() WHERE rolname = current_user`,
    );
    expect(role).toEqual({
      rolname: "gateway",
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: true,
      owner: "gateway",
    });
    const [admin] = await query(database.adminUrl, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    expect(admin).toEqual({ rolsuper: true });
    await database.drop();
    await expect(query(database.url, "SELECT 1")).rejects.toThrow(/does not exist/);
  });

  test("separates two databases of one run and drops one in use", async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    await query(one.url, "CREATE TABLE mark (id int)");
    expect(await query(two.url, "SELECT to_regclass('mark') AS found")).toEqual([{ found: null }]);
    const open = new Client(one.url);
    const lost = new Promise((resolve) => open.on("error", resolve));
    await open.connect();
    await Promise.all([one.drop(), lost]);
    await two.drop();
  });
});

describe("freshRedis", () => {
  test("gives every caller a logical database of its own", async () => {
    const [one, two] = await Promise.all([freshRedis(), freshRedis()]);
    expect(one.url).not.toBe(two.url);
    const [first, second] = [new Redis(one.url), new Redis(two.url)];
    await first.set("mark", "1");
    expect(await second.get("mark")).toBeNull();
    await one.flush();
    expect(await first.get("mark")).toBeNull();
    first.disconnect();
    second.disconnect();
  });
});

describe("startRedis", () => {
  test("can be silenced, killed and started again on its port", async () => {
    const redis = await startRedis();
    redis.signal("SIGSTOP");
    expect(await answersPing(redis.port, 200)).toBe(false);
    redis.signal("SIGCONT");
    expect(await answersPing(redis.port)).toBe(true);
    redis.signal("SIGSTOP");
    await redis.stop();
    expect(await answersPing(redis.port)).toBe(false);
    const again = await startRedis({ port: redis.port });
    expect(await answersPing(again.port)).toBe(true);
    await again.stop();
  });

  test("finds no program in an empty PATH", async () => {
    expect(await findRedisProgram("/nonexistent")).toBeUndefined();
  });
});
