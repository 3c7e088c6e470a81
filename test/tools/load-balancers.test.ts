import { readFileSync } from "node:fs";
import { join } from "node:path";
import { prod } from "../../environments.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { refuseToLeaveLoadBalancers, refuseToLoseController } from "../../tools/deploy/load-balancers.ts";
import type { Plan } from "../../tools/diff/plan.ts";
import { finding, findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";
import { resolved } from "../support/fixtures.ts";
import { ingress } from "../support/ingress.ts";

useHealthyAccount();

const certificateArn = ingress.certificateArn.replace("111122223333", own);
const exposed = mine(prod, { services: { ingress: { ...ingress, certificateArn } } });
const arnOf = (name: string) => `arn:aws:elasticloadbalancing:us-west-2:${own}:loadbalancer/app/${name}/0a1b2c3d`;
const context = `arn:aws:eks:us-west-2:${own}:cluster/prod-platform`;

/** The load balancers of the account, and those of them that have the cluster's tag or had it some minutes ago. */
function account(names: readonly string[], tagged: readonly string[] = names): void {
  programs.answer("resourcegroupstaggingapi-get-resources", {
    json: { ResourceTagMappingList: tagged.map((name) => ({ ResourceARN: arnOf(name), Tags: [] })) },
  });
  programs.answer("elbv2-describe-load-balancers", {
    json: {
      LoadBalancers: names.map((name) => ({
        LoadBalancerArn: arnOf(name),
        LoadBalancerName: name,
        DNSName: `${name}-1.us-west-2.elb.amazonaws.com`,
        State: { Code: "active" },
      })),
    },
  });
}
/** kubectl, which knows one cluster and answers with the keys of one Secret. */
const secret = (keys: string) =>
  programs.install(
    "kubectl",
    `case "$*" in
       "--context ${context} --namespace platform-services get secret oidc --output go-template="*" --request-timeout 5s") echo '${keys}' ;;
       *) exit 3 ;;
     esac`,
  );
const remedy = (name: string) =>
  `kubectl get ingress --all-namespaces, and delete its Ingress; without one: aws elbv2 delete-load-balancer --region us-west-2 --load-balancer-arn ${arnOf(name)}`;

describe("the doctor", () => {
  test("asks nothing about an entry from outside that an environment does not have", async () => {
    const names = (await findings(mine(prod, { services: {} }))).map(({ name }) => name);
    expect(names.filter((name) => /load balancer|login/.test(name))).toEqual([]);
  });

  test("finds nothing wrong where the load balancer and the login are there", async () => {
    account(["services-prod", "shop"], ["services-prod"]);
    secret("clientID clientSecret ");
    expect((await findings(exposed)).slice(-2)).toEqual([
      {
        name: "load balancer",
        status: "ok",
        found:
          "services-prod is active; the record of sweeps.example.com points to services-prod-1.us-west-2.elb.amazonaws.com",
      },
      { name: "login", status: "ok", found: "the Secret oidc has clientID and clientSecret" },
    ]);
  });

  test("knows an entry that is not deployed yet, also while AWS still lists the tags of the last one", async () => {
    account(["shop"], ["services-prod"]);
    expect(await finding("load balancer", exposed)).toMatchObject({
      status: "ok",
      found: "services-prod is not deployed yet",
    });
  });

  test("names a load balancer of the cluster that is not the environment's", async () => {
    account(["services-prod", "k8s-by-hand"]);
    expect(await finding("load balancer", exposed)).toEqual({
      name: "load balancer",
      status: "warning",
      found: `k8s-by-hand (${arnOf("k8s-by-hand")})`,
      needed: "no load balancer of the cluster but services-prod: another one costs as much, and a destroy stops at it",
      fix: remedy("k8s-by-hand"),
    });
  });

  test("says which permission the list of load balancers needs", async () => {
    expect(await finding("load balancer", exposed)).toMatchObject({
      status: "warning",
      fix: "let your role use tag:GetResources and elasticloadbalancing:DescribeLoadBalancers",
    });
  });

  test("finds a Secret that is missing or incomplete, without reading its values", async () => {
    const fix =
      "kubectl --namespace platform-services create secret generic oidc --from-literal=clientID=sweeps --from-file=clientSecret=<file> (docs/ingress.md)";
    secret("clientID ");
    expect(await finding("login", exposed)).toMatchObject({
      status: "warning",
      found: "the Secret oidc lacks clientSecret",
      fix,
    });
    programs.install("kubectl", `echo 'Error from server (NotFound): secrets "oidc" not found' >&2; exit 1`);
    expect(await finding("login", exposed)).toMatchObject({
      status: "warning",
      found: "there is no Secret oidc in platform-services",
      fix,
    });
    programs.install("kubectl", `echo 'error: context "a" does not exist' >&2; exit 1`);
    expect(await finding("login", exposed)).toMatchObject({
      status: "not checked",
      found:
        "there is no kubeconfig for the cluster; where it is deployed: aws eks update-kubeconfig --region us-west-2 --name prod-platform",
    });
  });
});

const deleted = (...addresses: readonly string[]) => plan(["delete"], ...addresses);
const plan = (actions: readonly string[], ...addresses: readonly string[]) =>
  ({ resource_changes: addresses.map((address) => ({ address, change: { actions } })) }) as unknown as Plan;
const role = "aws_iam_role.load-balancer-identity_role_1";
const release = "helm_release.load-balancer-controller_release_1";
const ingresses = ["kubernetes_ingress_v1.ingress_api_1", "kubernetes_ingress_v1.ingress_pages_1"];

test("the addresses that a deploy and a destroy look for are those of the stacks", () => {
  const pinned = readFileSync(join(__dirname, "../stacks/addresses/dev-ingress.txt"), "utf8");
  for (const address of [role, release, ...ingresses]) expect(pinned).toContain(` ${address.replace(/1$/, "")}`);
});

describe("a destroy", () => {
  const all = [deleted(...ingresses), deleted(release), deleted(role)];
  const others = [deleted("aws_vpc.network_vpc_1")];
  const destroy = (plans: readonly Plan[], environment: ResolvedEnvironment = resolved(exposed)) =>
    refuseToLeaveLoadBalancers(environment, plans);

  test("goes on if its own Ingresses take the load balancer with them, and if there is none", async () => {
    account(["services-prod", "shop"], ["services-prod"]);
    await expect(destroy(all)).resolves.toBeUndefined();
    account([], []);
    await expect(destroy(others)).resolves.toBeUndefined();
  });

  test("stops before it changes anything if a load balancer of the cluster would stay", async () => {
    account(["services-prod", "k8s-by-hand"]);
    await expect(destroy(all)).rejects.toThrow(
      `the load balancer k8s-by-hand of the cluster is in no stack, and would keep the VPC: nothing was changed; delete it first: ${remedy("k8s-by-hand")}`,
    );
    account(["services-prod"]);
    await expect(destroy(others)).rejects.toThrow(/^the load balancer services-prod of the cluster is in no stack/);
  });

  test("stops also if the entry was removed from the configuration, and never from AWS", async () => {
    account(["services-prod", "k8s-by-hand"]);
    await expect(destroy(all, resolved(mine(prod)))).rejects.toThrow(/^the load balancer k8s-by-hand of the cluster/);
  });

  test("asks AWS nothing without an entry from outside, and goes on where AWS does not answer", async () => {
    account(["k8s-by-hand"]);
    await expect(destroy(others, resolved(mine(prod)))).resolves.toBeUndefined();
    programs.answer("resourcegroupstaggingapi-get-resources", { error: "AccessDenied" });
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    await expect(destroy(others)).resolves.toBeUndefined();
    expect(written).toHaveBeenCalledWith("the load balancers of the cluster are not checked: aws: AccessDenied\n");
    written.mockRestore();
  });
});

describe("a deploy that takes the entry from outside away", () => {
  const deploy = (changed: Plan) => refuseToLoseController(resolved(mine(prod)), changed);

  test.each([role, release])("stops while the load balancer exists, with the command that ends it: %s", async (one) => {
    account(["services-prod"]);
    await expect(deploy(deleted(one))).rejects.toThrow(
      "the load balancer services-prod still exists, and this deploy takes the controller away that deletes it: nothing was changed; first: kubectl --namespace platform-services delete ingress --all",
    );
  });

  test("goes on when it is gone, and other deploys ask nothing", async () => {
    account([], []);
    await expect(deploy(deleted(role))).resolves.toBeUndefined();
    account(["services-prod"]);
    await expect(deploy(plan(["update"], role, release))).resolves.toBeUndefined();
    await expect(deploy(plan(["delete", "create"], release))).resolves.toBeUndefined();
    await expect(deploy(deleted("aws_iam_role.keda-identity_role_1"))).resolves.toBeUndefined();
  });
});
