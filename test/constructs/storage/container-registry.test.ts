import { ContainerRegistry, type ContainerRegistryProps } from "../../../constructs/storage/container-registry.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const registry = (props: Partial<ContainerRegistryProps> = {}) =>
  synthesize((stack) => {
    new ContainerRegistry(stack, "registry", { name: "test/ttg-worker", ...props });
  });

describe("the container registry", () => {
  test("never moves a tag, scans pushed images, and by default keeps images at a destroy", () => {
    expect(registry().one("aws_ecr_repository")).toMatchObject({
      name: "test/ttg-worker",
      image_tag_mutability: "IMMUTABLE",
      image_scanning_configuration: { scan_on_push: true },
      encryption_configuration: [{ encryption_type: "AES256" }],
      force_delete: false,
    });
    expect(registry({ forceDelete: true }).one("aws_ecr_repository").force_delete).toBe(true);
  });

  test.each([
    [undefined, 1000],
    [5, 5],
    [1, 1],
  ])(
    "asked to keep %s images keeps %i with a tag, and drops after a week what neither a tag nor an index refers to",
    (keepImages, kept) => {
      const made = registry({ keepImages });
      const { repository, policy } = made.one("aws_ecr_lifecycle_policy");
      expect(repository).toBe(`\${${made.address("aws_ecr_repository")}.name}`);
      expect(JSON.parse(policy)).toEqual({
        rules: [
          {
            rulePriority: 1,
            description: "Remains of interrupted pushes, and parts of expired images",
            selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 7 },
            action: { type: "expire" },
          },
          {
            rulePriority: 2,
            description: "Oldest images",
            selection: {
              tagStatus: "tagged",
              tagPatternList: ["*"],
              countType: "imageCountMoreThan",
              countNumber: kept,
            },
            action: { type: "expire" },
          },
        ],
      });
    },
  );

  test.each([[0], [2.5]])("refuses to keep %d images", (keepImages) => {
    expect(messageOf(() => registry({ keepImages }))).toBe(
      `container registry "test/ttg-worker" has 1 problem:\n  - keepImages must be a whole number from 1, got ${keepImages}: use for example 1000`,
    );
  });
});
