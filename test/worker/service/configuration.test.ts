import type { ServiceFile } from "../../../worker/src/contract/service-file.ts";
import { costOf } from "../../../worker/src/service/configuration.ts";

const queue = { queueUrl: "large", deadLetterQueueUrl: "large-dead", slots: 2, max: 20 };
const file: ServiceFile = {
  environment: "dev",
  namespace: "sweep",
  sizes: [
    {
      size: "large",
      hourlyUsd: 6,
      queue: { ...queue, slotsPerMachine: 2 },
      job: { max: 4, slotsPerMachine: 12, template: {} },
    },
    { size: "small", hourlyUsd: null, queue: { ...queue, slotsPerMachine: 2 } },
  ],
  queueFolder: "queue",
  jobFolder: "jobs",
  allowCommands: false,
  submissionsPerMinute: 10,
};

test("an hour costs a machine divided by the slots of the way that the sweep took", () => {
  const cost = costOf(file);
  expect(cost({ size: "large", mode: "queue" }, 3600)).toBe(3);
  expect(cost({ size: "large", mode: "job" }, 3600)).toBe(0.5);
});

test("no cost is known without a price, a size, its way or a file", () => {
  const cost = costOf(file);
  expect(cost({ size: "small", mode: "queue" }, 3600)).toBeUndefined();
  expect(cost({ size: "small", mode: "job" }, 3600)).toBeUndefined();
  expect(cost({ size: "gpu", mode: "queue" }, 3600)).toBeUndefined();
  expect(costOf(undefined)({ size: "large", mode: "queue" }, 3600)).toBeUndefined();
});
