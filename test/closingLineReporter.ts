import type { Reporter, TestModule } from "vitest/node";

/** Prints `N passed, N failed` alone on the run's last line, for CI to read. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let skipped = 0;
    // A file that could not be loaded has no tests to count, but it did fail.
    let failed = unhandledErrors.length;
    for (const module of modules) {
      if (module.state() === "failed" && module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") failed += 1;
        else skipped += 1;
      }
    }
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    // After the default reporter's own summary.
    process.once("exit", () => process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`));
  }
}
