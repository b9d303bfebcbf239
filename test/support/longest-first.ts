/** The order of the test files: the guest first, since it takes longest and mostly waits (vitest.dev/config/sequence). */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const FIRST = "/test/v2/";

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFirst = ({ moduleId }: TestSpecification): boolean => moduleId.includes(FIRST);
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}
