import { z } from "zod";
import { type InstanceType, threadsPerCore } from "../../constructs/pools/instance-types.ts";

/** The fields that the table needs of one type in `aws ec2 describe-instance-types`. */
const describedType = z.object({
  InstanceType: z.string(),
  BareMetal: z.boolean(),
  Hypervisor: z.string().optional(),
  VCpuInfo: z.object({ DefaultVCpus: z.int(), DefaultThreadsPerCore: z.int() }),
  MemoryInfo: z.object({ SizeInMiB: z.int() }),
  ProcessorInfo: z.object({ SupportedArchitectures: z.array(z.string()) }),
  NetworkInfo: z.object({
    Ipv4AddressesPerInterface: z.int(),
    DefaultNetworkCardIndex: z.int(),
    NetworkCards: z.array(z.object({ NetworkCardIndex: z.int(), MaximumNetworkInterfaces: z.int() })),
  }),
  GpuInfo: z
    .object({ Gpus: z.array(z.object({ Name: z.string(), Manufacturer: z.string(), Count: z.int() })) })
    .optional(),
  FpgaInfo: z.unknown().optional(),
  InferenceAcceleratorInfo: z.unknown().optional(),
  MediaAcceleratorInfo: z.unknown().optional(),
  NeuronInfo: z.unknown().optional(),
});
type DescribedType = z.infer<typeof describedType>;

/** The output of `aws ec2 describe-instance-types --output json`. */
export const describedTypes = z.object({ InstanceTypes: z.array(describedType).min(1) });

/** Figures by type, in the order of the file. */
export type InstanceTypeTable = Readonly<Record<string, InstanceType>>;

/** The types that nodes of this platform can have, with the figures that the table keeps of them. */
export function tableOf(described: z.infer<typeof describedTypes>): InstanceTypeTable {
  return Object.fromEntries(
    described.InstanceTypes.filter((type) => reasonToLeaveOut(type) === undefined).map((type) => [
      type.InstanceType,
      figuresOf(type),
    ]),
  );
}

/** The reason why no node of this platform can have a type; undefined for all others. */
export function reasonToLeaveOut(type: DescribedType): string | undefined {
  const { BareMetal, Hypervisor, MemoryInfo, ProcessorInfo, GpuInfo } = type;
  // A start of bare metal takes longer than the 15 minutes that the autoscaler waits for a node.
  if (BareMetal) return "it is bare metal";
  if (Hypervisor !== "nitro") return "it is older than the Nitro system";
  // @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
  if (type.InstanceType.startsWith("a1.")) return "AL2023 needs Graviton2 or later";
  if (!ProcessorInfo.SupportedArchitectures.some(isArchitecture)) return "EKS has no image for its processor";
  // The DaemonSets of the platform would fill it.
  if (MemoryInfo.SizeInMiB < 2048) return "it has less than 2 GiB";
  const { FpgaInfo, InferenceAcceleratorInfo, MediaAcceleratorInfo, NeuronInfo } = type;
  if (FpgaInfo ?? InferenceAcceleratorInfo ?? MediaAcceleratorInfo ?? NeuronInfo) return "it has an accelerator";
  // Pods request GPUs as nvidia.com/gpu.
  if (GpuInfo?.Gpus.some(({ Manufacturer }) => Manufacturer !== "NVIDIA")) return "its GPU is not NVIDIA's";
  // EC2 counts a part of a GPU as 0, and so does the autoscaler.
  if (GpuInfo !== undefined && gpuCount(GpuInfo) === 0) return "it has a part of a GPU";
  return undefined;
}

function figuresOf({ VCpuInfo, MemoryInfo, ProcessorInfo, NetworkInfo, GpuInfo }: DescribedType): InstanceType {
  // The VPC CNI attaches interfaces to the default network card only. nodeadm counts in the same way.
  const card = NetworkInfo.NetworkCards.find((one) => one.NetworkCardIndex === NetworkInfo.DefaultNetworkCardIndex);
  const [gpu] = GpuInfo?.Gpus ?? [];
  const architecture = ProcessorInfo.SupportedArchitectures.includes("arm64") ? "arm64" : "x86_64";
  const threads = VCpuInfo.DefaultThreadsPerCore;
  return {
    vCpus: VCpuInfo.DefaultVCpus,
    memoryGiB: MemoryInfo.SizeInMiB / 1024,
    networkInterfaces: card?.MaximumNetworkInterfaces ?? 0,
    addressesPerInterface: NetworkInfo.Ipv4AddressesPerInterface,
    architecture,
    ...(threads !== threadsPerCore[architecture] && { threadsPerCore: threads }),
    ...(GpuInfo && gpu && { gpus: gpuCount(GpuInfo), accelerator: acceleratorOf(gpu.Name) }),
  };
}

const isArchitecture = (name: string) => name === "x86_64" || name === "arm64";

const gpuCount = ({ Gpus }: NonNullable<DescribedType["GpuInfo"]>) => Gpus.reduce((sum, { Count }) => sum + Count, 0);

/** GPUs whose value of the label has this word in it. The autoscaler knows these values; any other counts as "not listed". */
const tesla = new Set(["K80", "P100", "V100", "T4", "A100"]);

/**
 * Value of the label `k8s.amazonaws.com/accelerator` for a GPU of EC2: `nvidia-tesla-t4`, `nvidia-a10g`.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/aws_cloud_provider.go
 */
function acceleratorOf(gpu: string): string {
  return `nvidia-${tesla.has(gpu) ? "tesla-" : ""}${gpu.toLowerCase().replaceAll(" ", "-")}`;
}

const { compare } = new Intl.Collator("en", { numeric: true });

/** By family and then by size, numbers by their value. */
function byFamily(one: string, other: string): number {
  const [family = "", size = ""] = one.split(".");
  const [otherFamily = "", otherSize = ""] = other.split(".");
  return compare(family, otherFamily) || compare(size, otherSize);
}

/** The text of `instance-types.json`: one line for each type, sorted, so that a change of a figure is a change of one line. */
export function textOf(table: InstanceTypeTable): string {
  const names = Object.keys(table).sort(byFamily);
  return `{\n${names.map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(table[name])}`).join(",\n")}\n}\n`;
}
