import { expect } from "@jest/globals";

/** A snapshot notices every change and says nothing about any of them, so it must not count as a test that notices one. */
const passes = () => ({ pass: true, message: () => "" });

expect.extend({
  toMatchSnapshot: passes,
  toMatchInlineSnapshot: passes,
  toThrowErrorMatchingSnapshot: passes,
  toThrowErrorMatchingInlineSnapshot: passes,
});
