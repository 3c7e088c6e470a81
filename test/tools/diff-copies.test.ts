import { update } from "../support/plan-changes.ts";

const recovery = (enabled: boolean, recovery_period_in_days: number | null) => ({
  point_in_time_recovery: [{ enabled, recovery_period_in_days }],
});

describe("a copy or a restore that ends or lasts less long is a warning", () => {
  test.each<[string, object, object, string]>([
    [
      "aws_dynamodb_table",
      recovery(true, 35),
      recovery(false, 35),
      "LOSES A PROTECTION, point_in_time_recovery[0].enabled: true -> false",
    ],
    [
      "aws_dynamodb_table",
      recovery(true, 35),
      { point_in_time_recovery: [] },
      "LOSES A PROTECTION, point_in_time_recovery[0].enabled: true -> null",
    ],
    [
      "aws_dynamodb_table",
      recovery(true, 35),
      recovery(true, 7),
      "DELETES EARLIER, point_in_time_recovery[0].recovery_period_in_days: 35 -> 7",
    ],
    [
      "aws_dynamodb_table_replica",
      { point_in_time_recovery: true },
      { point_in_time_recovery: false },
      "LOSES A PROTECTION, point_in_time_recovery: true -> false",
    ],
    [
      "aws_keyspaces_table",
      { point_in_time_recovery: [{ status: "ENABLED" }] },
      { point_in_time_recovery: [{ status: "DISABLED" }] },
      'LOSES A PROTECTION, point_in_time_recovery[0].status: "ENABLED" -> "DISABLED"',
    ],
    [
      "aws_db_instance",
      { backup_retention_period: 7 },
      { backup_retention_period: 0 },
      "DELETES EARLIER, backup_retention_period: 7 -> 0",
    ],
    [
      "aws_fsx_lustre_file_system",
      { automatic_backup_retention_days: 30 },
      { automatic_backup_retention_days: 7 },
      "DELETES EARLIER, automatic_backup_retention_days: 30 -> 7",
    ],
    [
      "aws_backup_plan",
      { rule: [{ rule_name: "daily", lifecycle: [{ delete_after: 35 }] }] },
      { rule: [{ rule_name: "daily", lifecycle: [{ delete_after: 14 }] }] },
      "DELETES EARLIER, rule[0].lifecycle[0].delete_after: 35 -> 14",
    ],
    [
      "aws_backup_plan",
      { rule: [{ rule_name: "daily", lifecycle: [{ cold_storage_after: 30, delete_after: 0 }] }] },
      { rule: [{ rule_name: "daily", lifecycle: [{ cold_storage_after: 30, delete_after: 140 }] }] },
      "DELETES EARLIER, rule[0].lifecycle[0].delete_after: 0 -> 140",
    ],
    [
      "aws_secretsmanager_secret",
      { recovery_window_in_days: 30 },
      { recovery_window_in_days: 0 },
      "DELETES EARLIER, recovery_window_in_days: 30 -> 0",
    ],
    [
      "aws_kms_key",
      { deletion_window_in_days: null },
      { deletion_window_in_days: 7 },
      "DELETES EARLIER, deletion_window_in_days: null -> 7",
    ],
    [
      "aws_sqs_queue",
      { message_retention_seconds: 1_209_600 },
      { message_retention_seconds: 60 },
      "DELETES EARLIER, message_retention_seconds: 1209600 -> 60",
    ],
  ])("%s %j -> %j", (type, before, after, said) => {
    expect(update(type, before, after)).toEqual([`loud: ${said}`]);
  });

  test("and if it is known only after the deploy", () => {
    const unknown = { point_in_time_recovery: [{ recovery_period_in_days: true }] };
    expect(update("aws_dynamodb_table", recovery(true, 35), recovery(true, null), { after_unknown: unknown })).toEqual([
      "loud: DELETES EARLIER, point_in_time_recovery[0].recovery_period_in_days: 35 -> (known after apply)",
    ]);
  });
});

test.each<[string, object, object]>([
  ["aws_dynamodb_table", recovery(false, null), recovery(true, 7)],
  ["aws_dynamodb_table", recovery(true, 7), recovery(true, null)],
  ["aws_kms_key", { deletion_window_in_days: 7 }, { deletion_window_in_days: null }],
  ["aws_kms_key", { deletion_window_in_days: null }, { deletion_window_in_days: 30 }],
  ["aws_secretsmanager_secret", { recovery_window_in_days: 7 }, { recovery_window_in_days: null }],
  ["aws_backup_plan", { rule: [{ lifecycle: [{ delete_after: 7 }] }] }, { rule: [{ lifecycle: [] }] }],
])("%s %j -> %j is none", (type, before, after) => {
  expect(update(type, before, after)).toEqual([]);
});
