import { kubernetesMinors } from "../../constructs/cluster/kubernetes-versions.ts";
import { read } from "../support/repository.ts";

describe("Renovate", () => {
  const { packageRules, schedule, extends: presets } = JSON.parse(read(".github/renovate.json"));
  interface Rule {
    readonly matchPackageNames?: readonly string[];
    readonly matchUpdateTypes?: readonly string[];
    readonly allowedVersions?: string;
    readonly enabled?: boolean;
  }
  const matches = (pattern: string, name: string) =>
    pattern.endsWith("/**") ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
  const rulesOf = (name: string) =>
    (packageRules as Rule[]).filter(({ matchPackageNames = [] }) =>
      matchPackageNames.some((pattern) => matches(pattern, name)),
    );
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  const final = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => /cdktf|^constructs$/.test(name));

  test("knows every package whose versions are final", () => {
    expect(final.sort()).toEqual([
      "@cdktf/provider-aws",
      "@cdktf/provider-helm",
      "@cdktf/provider-kubernetes",
      "cdktf",
      "cdktf-cli",
      "constructs",
    ]);
  });

  test.each(final)("never touches %s", (name) => {
    expect(
      rulesOf(name).some(({ enabled, matchUpdateTypes }) => enabled === false && matchUpdateTypes === undefined),
    ).toBe(true);
  });

  test("holds the types of Node.js at the lowest major that is supported", () => {
    const [, lowest = ""] = /^>=(\d+)/.exec(JSON.parse(read("package.json")).engines.node) ?? [];
    expect(rulesOf("@types/node")[0]?.allowedVersions).toBe(`<${Number(lowest) + 1}`);
    expect(devDependencies["@types/node"].split(".")[0]).toBe(lowest);
  });

  test("finds the release of the nodes of each Kubernetes minor, and newer ones in the changelog of their image", () => {
    const { customManagers, customDatasources } = JSON.parse(read(".github/renovate.json"));
    const [{ managerFilePatterns, matchStrings, datasourceTemplate, extractVersionTemplate, versioningTemplate }] =
      customManagers;
    const file = "constructs/cluster/kubernetes-versions.ts";
    expect(new RegExp(managerFilePatterns[0].slice(1, -1)).test(file)).toBe(true);
    const found = [...read(file).matchAll(new RegExp(matchStrings[0], "g"))].map(({ groups }) => groups);
    expect(found.map((groups) => groups?.minor)).toEqual(Object.keys(kubernetesMinors));
    expect(found.map((groups) => groups?.currentValue)).toEqual(
      Object.values(kubernetesMinors).map(({ nodeReleaseVersion }) => nodeReleaseVersion),
    );
    const { format, defaultRegistryUrlTemplate } = customDatasources[datasourceTemplate.replace("custom.", "")];
    // Renovate trims each line of a plain text, and takes it for a version.
    expect([format, defaultRegistryUrlTemplate]).toEqual([
      "plain",
      "https://raw.githubusercontent.com/awslabs/amazon-eks-ami/main/CHANGELOG.md",
    ]);
    const changelog = [
      "<summary><b>Kubernetes 1.36</b></summary>",
      "<td>amazon-eks-node-al2023-x86_64-nvidia-1.36-v20260714</td>",
      '<td rowspan="5">1.36.2-20260714</td>',
      "<td>amazon-eks-node-al2023-arm64-standard-1.35-v20260714</td>",
      '<td rowspan="5">1.35.6-20260714</td>',
    ];
    const line = new RegExp(extractVersionTemplate.replaceAll("{{{minor}}}", "1.35"));
    expect(changelog.flatMap((text) => line.exec(text)?.groups?.version ?? [])).toEqual(["1.35.6-20260714"]);
    const versioning = new RegExp(versioningTemplate.replace("regex:", ""));
    expect({ ...versioning.exec("1.35.6-20260714")?.groups }).toEqual({
      major: "1",
      minor: "35",
      patch: "6",
      build: "20260714",
    });
  });

  test("pins actions and images by digest, and asks once a week", () => {
    expect(presets).toEqual(expect.arrayContaining(["helpers:pinGitHubActionDigests", "docker:pinDigests"]));
    expect(schedule).toEqual(["before 6am on monday"]);
  });
});
