/** One deployment of the platform: its stacks are named `<name>-<stack>`. */
export interface Environment {
  /** Prefix of every stack id, for example `dev`. */
  readonly name: string;
  /** AWS region, for example `us-west-2`. */
  readonly region: string;
}

export const environments: readonly Environment[] = [
  { name: "dev", region: "us-west-2" },
  { name: "prod", region: "us-west-2" },
];
