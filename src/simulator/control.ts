import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type CivilDay, parseCivilDay } from "../domain/days";
import { type Answer, encode } from "./answer";
import { faultSchema } from "./faults";
import type { Grants } from "./grants";
import { type Overview, overviewPage } from "./index-page";
import type { RateLimit } from "./rate-limit";
import { type Settings, settingsSchema } from "./settings";
import type { Subscriptions } from "./subscriptions";
import type { Webhooks } from "./webhooks";

/** What the control endpoints steer. */
export interface ControlParts extends Overview {
  readonly origin: () => string;
  readonly grants: Grants;
  readonly limit: RateLimit;
  readonly webhooks: Webhooks;
  readonly subscriptions: Subscriptions;
  readonly settings: () => Settings;
  readonly change: (settings: Partial<Settings>) => void;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const day = z.string().transform((text, context): CivilDay => {
  const parsed = parseCivilDay(text);
  if (parsed !== null) return parsed;
  context.addIssue({ code: "custom", message: "expected a calendar date YYYY-MM-DD" });
  return z.NEVER;
});
const user = z.string().trim().min(1).max(64);
const change = z.strictObject({ endpoint: z.string(), day, user: user.optional() });
const removal = change.extend({ index: z.int().min(0).optional() });
const whoever = z.object({ user: user.optional() });

/** Adds `/__simulator`: an overview for people, and JSON for whoever steers the simulator from outside (curl, another process). */
export function addControl(app: FastifyInstance, parts: ControlParts): void {
  const { calls, faults, people, grants, limit } = parts;

  app.register(async (scope) => {
    scope.addHook("onRequest", async (request, reply) => {
      if (!isLocal(request, parts.origin()))
        return reply.code(403).send({ error: "only for programs on this machine" });
      // curl -d without a content type sends JSON as a form.
      if (request.method === "POST" && isForm(request) && request.routeOptions.url !== "/__simulator/new-night")
        return reply.code(415).send({ error: "expected content-type: application/json (curl: --json)" });
    });
    scope.setErrorHandler((error, _request, reply) => {
      if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
      if (error instanceof RangeError) return reply.code(400).send({ error: error.message });
      throw error;
    });

    scope.all("/__simulator/*", (_request, reply) => reply.code(404).send({ error: "no such control" }));
    scope.get("/__simulator", (_request, reply) => send(reply, overviewPage(parts)));
    scope.get("/__simulator/calls", () => ({ counts: calls.counts(), refused: limit.refused(), calls: calls.all() }));
    scope.delete("/__simulator/calls", (_request, reply) => {
      calls.reset();
      limit.reset();
      return reply.code(204).send();
    });

    scope.get("/__simulator/faults", () => ({ faults: faults.list() }));
    scope.post("/__simulator/faults", (request, reply) =>
      reply.code(201).send({ id: faults.add(faultSchema.parse(request.body)) }),
    );
    scope.delete("/__simulator/faults", (_request, reply) => {
      faults.clear();
      return reply.code(204).send();
    });
    scope.delete<{ Params: { id: string } }>("/__simulator/faults/:id", (request, reply) =>
      reply.code(faults.remove(Number(request.params.id)) ? 204 : 404).send(),
    );

    scope.get("/__simulator/settings", () => parts.settings());
    scope.post("/__simulator/settings", (request) => {
      const asked = settingsSchema.partial().parse(request.body);
      const changed = Object.entries(asked).filter(([, value]) => value !== undefined);
      parts.change(Object.fromEntries(changed));
      return parts.settings();
    });

    scope.get("/__simulator/webhooks", () => ({ webhooks: parts.webhooks.sent() }));
    scope.get("/__simulator/people", () => ({
      people: people.names().map((name) => ({ user: name, ...people.person(name) })),
    }));
    scope.post("/__simulator/new-night", (request, reply) => {
      const named = whoever.parse(request.body ?? {}).user;
      const users = named === undefined ? people.names() : [named];
      const days = users.map((name) => ({ user: name, day: people.newNight(name) }));
      return isForm(request) ? reply.redirect("/__simulator", 303) : reply.send({ days });
    });
    scope.post("/__simulator/revise", (request) => ({ revision: people.revise(change.parse(request.body)) }));
    scope.post("/__simulator/delete", (request, reply) => {
      people.remove(removal.parse(request.body));
      return reply.code(204).send();
    });
    scope.post("/__simulator/restore", (_request, reply) => {
      people.reset();
      return reply.code(204).send();
    });

    scope.get("/__simulator/subscriptions", () => ({ subscriptions: parts.subscriptions.active() }));
    scope.get("/__simulator/killed-grants", () => ({
      killedGrants: grants.killed().map(({ user: name, reason, at }) => ({ user: name, reason, at })),
    }));
    scope.post("/__simulator/withdraw", (request) => ({
      revoked: grants.revokeAllOf(z.strictObject({ user }).parse(request.body).user),
    }));
  });
}

/** Refuses pages of other origins and names that only resolve to this machine (DNS rebinding). */
function isLocal(request: FastifyRequest, origin: string): boolean {
  const host = request.headers.host ?? "";
  if (!URL.canParse(`http://${host}`) || !LOOPBACK.has(new URL(`http://${host}`).hostname)) return false;
  const from = request.headers.origin;
  return from === undefined || from === origin || from === `http://${host}`;
}

function isForm(request: FastifyRequest): boolean {
  return request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  const { status, headers, bytes } = encode(answer);
  return reply.code(status).headers(headers).send(bytes);
}
