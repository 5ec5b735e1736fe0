import type { AnswerStore } from "../services/ports/answers";
import type { RedisLink } from "./redis";

/** Finished answers in Redis; a person's keys share a hash tag. */
export class RedisAnswers implements AnswerStore {
  constructor(private readonly link: RedisLink) {}

  /** @inheritdoc */
  async get(personId: string, key: string): Promise<Buffer | null> {
    return this.link.attempt<Buffer | null>((client) => client.getBuffer(nameOf(personId, key)), null);
  }

  /** @inheritdoc */
  async put(personId: string, key: string, bytes: Buffer, seconds: number): Promise<void> {
    await this.link.attempt(async (client) => {
      await client.set(nameOf(personId, key), bytes, "EX", Math.max(1, Math.floor(seconds)));
    }, undefined);
  }
}

function nameOf(personId: string, key: string): string {
  return `gateway:{${personId}}:answer:${key}`;
}
