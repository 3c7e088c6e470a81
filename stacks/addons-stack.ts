import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { ClusterAutoscaler } from "../constructs/addons/cluster-autoscaler.ts";
import { NvidiaDevicePlugin } from "../constructs/addons/nvidia-device-plugin.ts";
import { DeletionProtection } from "../constructs/support/deletion-protection.ts";
import { configureHelm } from "./kubernetes-providers.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { configureState } from "./state-backend.ts";

export interface AddonsStackProps {
  readonly platform: PlatformStack;
}

/** What runs in the cluster for all workloads: the autoscaler, and NVIDIA's device plugin where there are GPUs. */
export class AddonsStack extends TerraformStack {
  constructor(scope: Construct, id: string, { platform }: AddonsStackProps) {
    super(scope, id);
    const { environment, cluster } = platform;
    configureState(this, environment);
    configureHelm(this, cluster, environment.region);
    // Also what no reference says: administrators' access, routes and CoreDNS outlive the releases.
    this.addDependency(platform);

    const nodePools = Object.values(platform.nodePools);
    const runsOn = nodePools.find((pool) => pool.taints.length === 0 && pool.capacity.min > 0);
    if (runsOn === undefined) throw new Error("an environment has an untainted pool; loadEnvironments checks it");
    new ClusterAutoscaler(this, "cluster-autoscaler", {
      cluster,
      identity: platform.clusterAutoscalerRole,
      nodePools,
      runsOn,
    });
    const gpuPools = nodePools.filter((pool) => pool.gpu);
    if (gpuPools.length > 0) new NvidiaDevicePlugin(this, "nvidia-device-plugin", { gpuPools });
    const { deletionProtection } = environment.cluster;
    if (deletionProtection !== undefined) {
      new DeletionProtection(this, "deletion-protection", { enabled: deletionProtection });
    }
  }
}
