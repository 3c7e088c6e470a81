import { imitateAws } from "../../lifecycle/imitated-aws.ts";
import { FakeS3 } from "../../support/fake-s3.ts";

/** S3 on this machine, with a bucket named `bucket`. */
export interface ImitatedS3 {
  readonly url: string;
  stop(): unknown;
}

/** moto, or where its Python is not on the machine the double of this repository. */
export async function imitateS3(): Promise<ImitatedS3> {
  const python = process.env.LIFECYCLE_PYTHON;
  if (python === undefined) {
    const fake = await FakeS3.start();
    return { url: fake.environment.AWS_ENDPOINT_URL_S3 ?? "", stop: () => fake.stop() };
  }
  const aws = await imitateAws(python);
  const body =
    "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>";
  const { status } = await fetch(`${aws.address}/bucket`, { method: "PUT", body });
  if (status !== 200) throw new Error(`moto makes no bucket: ${status}`);
  return { url: aws.address, stop: () => aws.stop() };
}
