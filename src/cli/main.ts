// The command line: bin/pod-identity
import { enableCompileCache } from "node:module";
import { COMPILE_CACHE } from "../compileCache.ts";

// Before the commands are loaded, which is most of a start. A folder that can't be written is no error.
enableCompileCache(COMPILE_CACHE);
const { podIdentity } = await import("./podIdentity.ts");
const { runMain } = await import("./runMain.ts");

await runMain(() => podIdentity().parseAsync());
