import type { RunnerObserver } from "./types.ts";

/** One observer that tells all of them, in order. */
export function observers(all: readonly RunnerObserver[]): Required<RunnerObserver> {
  return {
    apiCalled: (...args) => all.forEach((one) => void one.apiCalled?.(...args)),
    clusterRead: (...args) => all.forEach((one) => void one.clusterRead?.(...args)),
    planned: (...args) => all.forEach((one) => void one.planned?.(...args)),
    problems: (...args) => all.forEach((one) => void one.problems?.(...args)),
    watchChanged: (...args) => all.forEach((one) => void one.watchChanged?.(...args)),
    clusterGone: (...args) => all.forEach((one) => void one.clusterGone?.(...args)),
    updateStarted: (...args) => all.forEach((one) => void one.updateStarted?.(...args)),
    updatePrinted: (...args) => all.forEach((one) => void one.updatePrinted?.(...args)),
    associationChanged: (...args) => all.forEach((one) => void one.associationChanged?.(...args)),
    updateEnded: (...args) => all.forEach((one) => void one.updateEnded?.(...args)),
    leadershipChanged: (...args) => all.forEach((one) => void one.leadershipChanged?.(...args)),
  };
}
