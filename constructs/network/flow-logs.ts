import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { policyDocument, trustService } from "../support/iam-policy.ts";
import { retentionProblems } from "../support/log-retention.ts";
import { throwIfAny, within } from "../support/problems.ts";

/** A VPC whose connections are recorded. */
export interface FlowLogsProps {
  /** Prefix of the names of the log group and the role. */
  readonly name: string;
  /** The twelve digits of the VPC's AWS account, for example `111122223333`. */
  readonly accountId: string;
  /** Id of the VPC. */
  readonly vpcId: string;
  /** Days that CloudWatch keeps the records, for example 90. CloudWatch takes certain numbers only, from 1 to 3653. */
  readonly retentionInDays: number;
}

/** Records of every connection in the VPC, accepted or refused. */
export class FlowLogs extends Construct {
  /** The underlying `aws_flow_log`, for settings without an option here. */
  readonly resource: FlowLog;

  /** @throws InvalidConfigurationError for a number of days that CloudWatch Logs does not allow. */
  constructor(scope: Construct, id: string, props: FlowLogsProps) {
    super(scope, id);
    throwIfAny(`flow logs of ${props.name}`, within(["retentionInDays"], retentionProblems(props.retentionInDays)));
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      name: `/aws/vpc/${props.name}/flow-logs`,
      retentionInDays: props.retentionInDays,
    });
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name}-flow-logs-`,
      description: "Writes the VPC's flow logs",
      assumeRolePolicy: trustService("vpc-flow-logs.amazonaws.com", { sourceAccount: props.accountId }),
    });
    const permission = new IamRolePolicy(this, "policy", {
      name: "write-flow-logs",
      role: role.name,
      policy: policyDocument([
        {
          effect: "Allow",
          actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
          resources: [logGroup.arn, `${logGroup.arn}:*`],
        },
      ]),
    });
    this.resource = new FlowLog(this, "flow-log", {
      vpcId: props.vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      iamRoleArn: role.arn,
      // One record in ten minutes instead of one in each minute: a tenth of the volume, and of its price.
      maxAggregationInterval: 600,
      // AWS accepts a flow log that lacks the permission to write, and the log stays empty.
      dependsOn: [permission],
    });
  }
}
