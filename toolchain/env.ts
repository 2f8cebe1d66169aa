// Prints what a shell needs to run this project's programs with `pulumi`: eval "$(npm run -s env)"

import { runMain } from "../src/cli/runMain.ts";
import { engineTools, ensureToolchain } from "./index.ts";
import { quoteForShell } from "./shell.ts";

await runMain(async () => {
  const { environment, pathFolders } = await ensureToolchain(engineTools);
  for (const [name, value] of Object.entries(environment)) {
    // The shell's own PATH is kept as it is: npm has added folders to the one that this program sees.
    const word =
      name === "PATH" ? `${quoteForShell(`${pathFolders.join(":")}:`)}"$PATH"` : quoteForShell(value);
    console.log(`export ${name}=${word}`);
  }
});
