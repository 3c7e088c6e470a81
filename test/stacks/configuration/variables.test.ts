import { dev } from "../../../environments.ts";
import { loadEnvironments } from "../../../stacks/configuration/loader.ts";
import { variableProblems } from "../../../stacks/configuration/variables.ts";
import { messageOf } from "../../support/synthesized.ts";
import { passed } from "../../support/wrong-environments.ts";

const misspelt = (...names: string[]) =>
  variableProblems(["dev", "prod"], Object.fromEntries(names.map((name) => [name, "x"]))).map(({ path }) => path[0]);

test("a misspelt variable of an environment is refused with the name that was meant", () => {
  expect(messageOf(() => loadEnvironments([dev], { PLATFORM_DEV_ACCOUNTID: "111122223333" }))).toBe(
    "the configuration has 1 problem:\n  - PLATFORM_DEV_ACCOUNTID must be PLATFORM_DEV_ACCOUNT_ID, PLATFORM_DEV_ADMINISTRATORS or PLATFORM_DEV_PUBLIC_ACCESS_CIDRS, got a variable that nothing reads: rename it, for example to PLATFORM_DEV_ACCOUNT_ID, or unset it",
  );
  const names = [
    "PLATFORM_DEV_ADMINS",
    "PLATFORM_PROD_PUBLIC_CIDRS",
    "PLATFORM_DVE_ACCOUNT_ID",
    "PLATFORM_PRD_ACCOUNT_ID",
  ];
  const cases = ["platform_dev_account_id", "PLATFORM_dev_ADMINISTRATORS", "PLATFORM_DEV_REGION"];
  const signs = ["PLATFROM_DEV_ACCOUNT_ID", "PLATFORM-DEV-ACCOUNT-ID", "PLATFORM_DEV.ADMINISTRATORS"];
  expect(misspelt(...names, ...cases, ...signs)).toEqual([...names, ...cases, ...signs]);
});

test("a variable of another environment or program is left alone", () => {
  const others = [
    "PLATFORM_STAGE_ACCOUNT_ID",
    "PLATFORM_DEV2_ACCOUNT_ID",
    "PLATFORM_DEV_EU_ADMINISTRATORS",
    "PLATFORM_BRANCH",
  ];
  expect(misspelt(...others, "PLATFORM_DEV_ACCOUNT_ID", "PLATFORM_PROD_PUBLIC_ACCESS_CIDRS", "PATH")).toEqual([]);
  expect(variableProblems([], { _: "npm", PATH: "/", PLATFORM_BRANCH: "main" })).toEqual([]);
});

test("the tables of wrong environments would notice a value that passes", () => {
  expect(passed([["name", "dev2"]])).toEqual(["name = dev2, told: nothing"]);
  expect(passed([["name", "Dev", "region"]])).toHaveLength(1);
});
