import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { ClusterAutoscaler } from "../constructs/addons/cluster-autoscaler.ts";
import { Keda } from "../constructs/addons/keda.ts";
import { LoadBalancerController } from "../constructs/addons/load-balancer-controller.ts";
import { NvidiaDevicePlugin } from "../constructs/addons/nvidia-device-plugin.ts";
import { loadBalancerName } from "../constructs/services/ingress.ts";
import { defaultIngressScheme } from "../constructs/services/ingress-options.ts";
import { servicesNamespace } from "../constructs/services/services-names.ts";
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
 * Programs in the cluster that all workloads need: the autoscaler, NVIDIA's device plugin if there are GPUs, KEDA if there are executors,
 * and the controller of the load balancer if there is an entry from outside.
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
    this.createLoadBalancerController(environment, platform);
    new DeletionProtection(this, "deletion-protection", { enabled: environment.cluster.deletionProtection ?? false });
  }

  /** Also the class of the Ingresses: it must outlive them, and Terraform destroys this stack after that of the workload. */
  private createLoadBalancerController(
    { name, services, alwaysOnPools: [runsOn], tags }: ResolvedEnvironment,
    { cluster, network, loadBalancer }: PlatformStack,
  ): void {
    const ingress = services?.options.ingress;
    if (ingress === undefined || loadBalancer === undefined) return;
    const { scheme = defaultIngressScheme, allowedCidrs, certificateArn } = ingress;
    new LoadBalancerController(this, "load-balancer-controller", {
      cluster,
      vpcId: network.vpcId,
      identity: loadBalancer.role,
      runsOn,
      loadBalancer: {
        name: loadBalancerName(name),
        scheme,
        subnetIds: loadBalancer.subnetIds,
        allowedCidrs,
        certificateArn,
        namespace: servicesNamespace,
        tags,
      },
    });
  }
}
