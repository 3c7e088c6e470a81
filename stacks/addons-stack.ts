import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { ClusterAutoscaler } from "../constructs/addons/cluster-autoscaler.ts";
import { Keda } from "../constructs/addons/keda.ts";
import { NvidiaDevicePlugin } from "../constructs/addons/nvidia-device-plugin.ts";
import { DeletionProtection } from "../constructs/support/deletion-protection.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import { configureHelm } from "./kubernetes-providers.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { configureState } from "./state-backend.ts";

export interface AddonsStackProps {
  readonly environment: ResolvedEnvironment;
  /** The stack with the environment's cluster. */
  readonly platform: PlatformStack;
}

/**
 * Programs in the cluster that all workloads need: the autoscaler, NVIDIA's device plugin if there are GPUs, and KEDA if there are
 * executors.
 */
export class AddonsStack extends TerraformStack {
  constructor(scope: Construct, id: string, { environment, platform }: AddonsStackProps) {
    super(scope, id);
    const { cluster } = platform;
    configureState(this, environment);
    configureHelm(this, cluster);
    // Explicit, because no attribute reference implies it: access entries, routes and CoreDNS must outlive the releases.
    this.addDependency(platform);

    const nodePools = Object.values(environment.nodePools);
    const [runsOn] = environment.alwaysOnPools;
    new ClusterAutoscaler(this, "cluster-autoscaler", {
      cluster,
      identity: platform.clusterAutoscalerRole,
      nodePools,
      runsOn,
    });
    const gpuPools = nodePools.filter((pool) => pool.gpu);
    if (gpuPools.length > 0) new NvidiaDevicePlugin(this, "nvidia-device-plugin", { gpuPools });
    const { kedaRole } = platform;
    if (kedaRole !== undefined) {
      const workloadNamespace = environment.workload.namespace;
      new Keda(this, "keda", { identity: kedaRole, runsOn, workloadNamespace });
    }
    new DeletionProtection(this, "deletion-protection", { enabled: environment.cluster.deletionProtection ?? false });
  }
}
