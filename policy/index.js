// What a language host loads that starts the pack from its folder. It is JavaScript since those run a pack's
// TypeScript through ts-node, which knows no ".ts" imports; Node.js takes what is imported here as it is.
import "./main.ts";
