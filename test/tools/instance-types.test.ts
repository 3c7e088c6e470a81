import { readFileSync } from "node:fs";
import { join } from "node:path";
import { instanceTypes } from "../../constructs/pools/instance-types.ts";
import { describedTypes, reasonToLeaveOut, tableOf, textOf } from "../../tools/instance-types/described.ts";

const c5 = {
  InstanceType: "c5.2xlarge",
  BareMetal: false,
  Hypervisor: "nitro",
  VCpuInfo: { DefaultVCpus: 8, DefaultThreadsPerCore: 2 },
  MemoryInfo: { SizeInMiB: 16384 },
  ProcessorInfo: { SupportedArchitectures: ["x86_64"] },
  NetworkInfo: {
    Ipv4AddressesPerInterface: 15,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [{ NetworkCardIndex: 0, MaximumNetworkInterfaces: 4 }],
  },
};
const gpu = (Name: string, Count: number, Manufacturer = "NVIDIA") => ({
  GpuInfo: { Gpus: [{ Name, Count, Manufacturer }] },
});
const figures = { vCpus: 8, memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15, architecture: "x86_64" };
const tableFor = (changes: object) => tableOf(describedTypes.parse({ InstanceTypes: [{ ...c5, ...changes }] }));

test("AWS's description of a type becomes the figures that the table has", () => {
  expect(tableFor({})).toEqual({ "c5.2xlarge": figures });
  expect(instanceTypes["c5.2xlarge"]).toEqual(figures);
  const ProcessorInfo = { SupportedArchitectures: ["arm64"] };
  const oneThread = { VCpuInfo: { DefaultVCpus: 8, DefaultThreadsPerCore: 1 } };
  expect(tableFor({ ...oneThread, ProcessorInfo })).toEqual({ "c5.2xlarge": { ...figures, architecture: "arm64" } });
  expect(tableFor(oneThread)).toEqual({ "c5.2xlarge": { ...figures, threadsPerCore: 1 } });
});

test("interfaces are those of the default network card", () => {
  const NetworkCards = [
    { NetworkCardIndex: 0, MaximumNetworkInterfaces: 2 },
    { NetworkCardIndex: 1, MaximumNetworkInterfaces: 15 },
  ];
  const card = (DefaultNetworkCardIndex: number) =>
    tableFor({ NetworkInfo: { ...c5.NetworkInfo, DefaultNetworkCardIndex, NetworkCards } })["c5.2xlarge"];
  expect([card(0)?.networkInterfaces, card(1)?.networkInterfaces]).toEqual([2, 15]);
});

test.each([
  ["T4", "nvidia-tesla-t4"],
  ["A100", "nvidia-tesla-a100"],
  ["A10G", "nvidia-a10g"],
  ["L40S", "nvidia-l40s"],
  ["RTX PRO Server 6000", "nvidia-rtx-pro-server-6000"],
])("GPUs named %s are counted, and get the label %s", (name, accelerator) => {
  expect(tableFor(gpu(name, 4))).toEqual({ "c5.2xlarge": { ...figures, gpus: 4, accelerator } });
});

test.each([
  ["it is bare metal", { BareMetal: true }],
  ["it is older than the Nitro system", { Hypervisor: "xen" }],
  ["AL2023 needs Graviton2 or later", { InstanceType: "a1.large" }],
  ["EKS has no image for its processor", { ProcessorInfo: { SupportedArchitectures: ["arm64_mac"] } }],
  ["it has less than 2 GiB", { MemoryInfo: { SizeInMiB: 1024 } }],
  ["it has an accelerator", { NeuronInfo: { NeuronDevices: [] } }],
  ["its GPU is not NVIDIA's", gpu("Radeon Pro V520", 1, "AMD")],
  ["it has a part of a GPU", gpu("L4", 0)],
])("a type is left out: %s", (reason, changes) => {
  const [type] = describedTypes.parse({ InstanceTypes: [{ ...c5, ...changes }] }).InstanceTypes;
  expect(type && reasonToLeaveOut(type)).toBe(reason);
  expect(tableFor(changes)).toEqual({});
});

test("the file has a line for each type, sorted by family and size", () => {
  const text = readFileSync(join(__dirname, "../../constructs/pools/instance-types.json"), "utf8");
  expect(text).toBe(textOf(instanceTypes));
  expect(text.split("\n")).toHaveLength(Object.keys(instanceTypes).length + 3);
  const names = ["m5.large", "c5.12xlarge", "c5d.large", "c5.2xlarge"];
  const some = Object.fromEntries(Object.entries(instanceTypes).filter(([name]) => names.includes(name)));
  const reversed = Object.fromEntries(Object.entries(some).reverse());
  expect(Object.keys(JSON.parse(textOf(reversed)))).toEqual(["c5.2xlarge", "c5.12xlarge", "c5d.large", "m5.large"]);
});
