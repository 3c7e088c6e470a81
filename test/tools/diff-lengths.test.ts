import { renderLengths, renderMarkdown } from "../../tools/diff/markdown.ts";
import type { Outcome, Report } from "../../tools/diff/outcome.ts";
import { pairsOf } from "../../tools/diff/pairs.ts";
import type { Plan, ResourceChange } from "../../tools/diff/plan.ts";
import { redacted } from "../../tools/diff/redact.ts";
import { renderText } from "../../tools/diff/text.ts";

const change = (type: string, index: number, actions: string[], rest = {}): ResourceChange => ({
  address: `${type}.x${index}`,
  type,
  change: { actions, ...rest },
});
const planned = (
  stack: string,
  resource_changes: ResourceChange[],
  rest: Partial<Plan> = {},
  text?: string,
): Outcome => ({
  stack,
  notes: [`a note of ${stack}`],
  kind: "planned",
  plan: { format_version: "1.2", resource_changes, ...rest },
  ...(text !== undefined && { text }),
});
const report = (subject: string, ...outcomes: Outcome[]): Report => ({ subject, outcomes, remarks: [] });
const lines = (count: number) => Array.from({ length: count }, (_, line) => `line ${line} of a plan`).join("\n");
const room = 64_000;

/** As the job that comments does it: the first length with which all fit. */
function comment(reports: readonly Report[]): string {
  const lengths = reports.map((one) => renderLengths(one, "there"));
  const fitting = lengths[0]
    ?.map((_, length) => lengths.map((of) => of[length]).join("\n"))
    .find((text) => text.length <= room);
  if (fitting === undefined) throw new Error("no length fits");
  return fitting;
}

describe("a comment of several environments", () => {
  const environment = (name: string, count: number, text: number) =>
    report(
      name,
      planned(
        `${name}-platform`,
        Array.from({ length: count }, (_, index) =>
          change("aws_subnet", index, ["delete", "create"], {
            before: { zone: index },
            after: { zone: -index },
            replace_paths: [["zone"]],
          }),
        ),
        {},
        lines(text),
      ),
    );

  test("of eight keeps every table, warning and note, and leaves the rest of a short plan to long ones", () => {
    const names = Array.from({ length: 8 }, (_, index) => `env${index}`);
    const text = comment(names.map((name, index) => environment(name, 10, index === 0 ? 50 : 20_000)));
    for (const name of names) {
      expect(text).toContain(`| \`${name}-platform\` | 0 | 0 | **10** | 0 |`);
      expect(text).toContain(`a note of ${name}-platform`);
      for (let index = 0; index < 10; index++) {
        expect(text).toContain(`subnet \`aws_subnet.x${index}\` is **REPLACED** (\`${name}-platform\`)`);
      }
    }
    expect(text).toContain("line 49 of a plan\n```");
    expect(text.match(/of 20000 lines are cut here; all of them are there\./g)).toHaveLength(7);
    expect(text.length).toBeGreaterThan(room * 0.7);
  });

  test("shortens the warnings in words if they alone are too long, then to numbers, and says so", () => {
    const brief = comment(Array.from({ length: 8 }, (_, index) => environment(`env${index}`, 60, 10)));
    expect(
      brief.match(/\*\*Shortened, because a comment takes no more\.\*\* All warnings and plans are there\./g),
    ).toHaveLength(8);
    expect(brief).toContain("And 35 other kinds of warnings.");
    expect(brief).toContain("1 note has no room here.");
    expect(brief).toContain("subnet `aws_subnet.x0` is **REPLACED** (`env7-platform`)");
    const counts = comment(Array.from({ length: 100 }, (_, index) => environment(`env${index}`, 60, 10)));
    expect(
      counts.match(/\*\*lost data, lost service or opened access: 60\*\*, 0 to add, 0 to change, 60 to replace/g),
    ).toHaveLength(100);
  });

  test("counts a single warning in the singular", () => {
    const kinds = Array.from({ length: 26 }, (_, index) => change(`aws_thing_${index}`, 0, ["delete"]));
    const warned = {
      ...planned("dev-platform", kinds),
      warnings: [{ severity: "warning", summary: "old", detail: "" }],
    };
    const brief = renderLengths(report("dev", warned as Outcome), "there").at(-2);
    expect(brief).toContain(
      "\n\nAnd 1 other kind of warnings.\n\nTerraform warns 1 time.\n\n1 note has no room here.\n",
    );
  });

  test("that fits is the same in every way of asking", () => {
    const one = environment("dev", 2, 5);
    expect(renderLengths(one, "there")[0]).toBe(renderMarkdown(one, { limit: room, whole: "there" }));
  });

  test("names thousands of resources with the same fate in one warning", () => {
    const gone = Array.from({ length: 2000 }, (_, index) => change("aws_vpc_thing", index, ["delete"]));
    const text = renderText(report("dev", planned("dev-platform", gone)));
    expect(text.match(/WARNING/g)).toHaveLength(1);
    expect(text).toContain("aws_vpc_thing.x1999");
  });
});

test("ten times the resources take about ten times as long", () => {
  const secret = (index: number) => `s3cret-value-${index}-${(index * 7919) % 10_007}`;
  const seconds = (count: number) => {
    const of = (index: number, actions: string[]) =>
      change("aws_x", index, actions, {
        before: {
          password: secret(index),
          output: secret(index),
          login: JSON.stringify(Array.from({ length: 20 }, (_, part) => `${part}-of-${secret(index)}`)),
          list: [{ a: 1, name: "x" }],
          cidr_blocks: ["10.0.0.0/8"],
        },
        after: { password: secret(index + 1), list: [{ a: 2, name: "x" }], cidr_blocks: ["0.0.0.0/0"] },
        before_sensitive: { password: true, login: true },
        after_sensitive: { password: true },
      });
    const all = Array.from({ length: count }, (_, index) =>
      of(index, index % 2 === 0 ? ["update"] : ["delete", "create"]),
    );
    const plan = {
      resource_drift: all,
      relevant_attributes: all.map(({ address }) => ({ resource: address, attribute: ["list"] })),
      configuration: {
        root_module: {
          resources: all.map(({ address }) => ({
            address,
            expressions: { description: { constant_value: `${address} `.repeat(200) } },
          })),
        },
      },
    };
    const text = all
      .map(({ address }, index) => `  # ${address} will be updated in-place\n      ~ output = "${secret(index)}"`)
      .join("\n");
    return secondsOf(() => {
      const outcome = planned(
        "dev",
        all,
        plan,
        redacted(text, { format_version: "1.2", resource_changes: all, ...plan }),
      );
      const made = report("dev", outcome);
      const shown = renderText(made) + renderLengths(made, "there").join("");
      expect(shown).not.toContain("s3cret-value");
    });
  };
  expectLinear(seconds, 80);
});

test("ten times the entries of a list take about ten times as long", () => {
  const seconds = (count: number) => {
    const entries = (value: string) => ({ list: Array.from({ length: count }, (_, name) => ({ name, value })) });
    const change = { actions: ["update"], before: entries("old"), after: entries("new") };
    return secondsOf(() => expect(pairsOf(change)).toHaveLength(count + 1));
  };
  expectLinear(seconds, 2_000);
});

/** Of the processors, because a busy machine makes everything longer. */
function secondsOf(work: () => void): number {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1_000_000;
}

function expectLinear(seconds: (count: number) => number, count: number): void {
  seconds(count);
  const few = Math.min(seconds(count), seconds(count), seconds(count));
  // A part that looks at each pair takes a hundred times as long.
  expect(seconds(10 * count) / few).toBeLessThan(35);
}
