import { defineConfig } from "vitest/config";

/** Two projects: `unit` needs nothing but Node.js; `integration` runs the real engine and API servers. */
export default defineConfig({
  test: {
    reporters: ["default", "./test/closingLineReporter.ts"],
    projects: [
      // Generous: what hangs ends, and a busy machine fails no test.
      {
        test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/integration/toolchainSetup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
