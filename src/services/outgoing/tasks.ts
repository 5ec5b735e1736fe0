import { z } from "zod";
import type { Schedule, Task } from "../ports/jobs";
import type { Announcements, DeliveryStore } from "../ports/outgoing";
import type { Deliverer } from "./deliverer";

const ANNOUNCE = z.object({ personId: z.uuid() });
const DELIVER = z.object({ endpointId: z.uuid() });

/** What the tasks call. `now`: epoch seconds. */
export interface OutgoingParts {
  readonly announcements: Announcements;
  readonly deliverer: Deliverer;
  readonly store: DeliveryStore;
  readonly now: () => number;
}

/** The jobs of outgoing webhooks: telling of changes, delivering, and looking for what no job stands for any more. */
export function outgoingTasks({ announcements, deliverer, store, now }: OutgoingParts): readonly Task[] {
  return [
    {
      name: "announce",
      lane: "live",
      run: (payload) => announcements.announce(ANNOUNCE.parse(payload).personId),
    },
    {
      name: "deliver",
      lane: "live",
      run: (payload) => deliverer.wake(DELIVER.parse(payload).endpointId),
    },
    {
      name: "deliver-due",
      lane: "live",
      async run() {
        await store.wakeDue(now());
      },
    },
  ];
}

/** When they are called by the clock. */
export const OUTGOING_SCHEDULES: readonly Schedule[] = [{ task: "deliver-due", cron: "* * * * *", catchUpSeconds: 60 }];
