import { managedPolicyArn, partitionOf, policyDocument, trustService } from "../../../constructs/support/iam-policy.ts";

describe("a policy", () => {
  const StringEquals = { "aws:ResourceTag/a": "b" };

  test("has every part of its statements in IAM's spelling", () => {
    expect(
      JSON.parse(
        policyDocument([
          {
            sid: "One",
            effect: "Allow",
            actions: ["s3:GetObject"],
            resources: ["arn:1"],
            conditions: { StringEquals },
          },
          { effect: "Deny", actions: ["s3:*"], resources: ["*"] },
        ]),
      ),
    ).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Sid: "One", Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:1"], Condition: { StringEquals } },
        { Effect: "Deny", Action: ["s3:*"], Resource: ["*"] },
      ],
    });
  });

  test("lets one service take a role, by itself or under conditions", () => {
    expect(JSON.parse(trustService("ec2.amazonaws.com"))).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] }],
    });
    const trust = { actions: ["sts:TagSession"], sourceAccount: "111122223333", equals: { "aws:RequestTag/a": "b" } };
    expect(JSON.parse(trustService("eks.amazonaws.com", trust)).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "eks.amazonaws.com" },
        Action: ["sts:TagSession"],
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333", "aws:RequestTag/a": "b" } },
      },
    ]);
  });
});

test.each([
  ["us-west-2", "aws"],
  ["us-gov-west-1", "aws-us-gov"],
  ["eu-us-gov-1", "aws"],
])("ARNs in %s begin with arn:%s", (region, partition) => {
  expect(partitionOf(region)).toBe(partition);
  expect(managedPolicyArn(region, "AmazonEKSClusterPolicy")).toBe(
    `arn:${partition}:iam::aws:policy/AmazonEKSClusterPolicy`,
  );
});
