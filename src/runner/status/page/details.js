// Everything about one ServiceAccount, in a dialog.
import { chip, element } from "./element.js";
import { ago, rowWord } from "./words.js";

/** @typedef {import("./rows.js").PlacedRow} PlacedRow */

/**
 * @param {HTMLDialogElement} dialog
 * @param {PlacedRow} placed
 * @param {number} now
 */
export function showDetails(dialog, { stack, cluster, row }, now) {
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  /** @type {readonly (readonly [string, string | undefined])[]} */
  const facts = [
    ["Namespace", row.namespace],
    ["Name", row.name],
    ["Role", row.roleArn],
    ["Association", row.associationId],
    ["Reason", row.reason],
    ["Error", row.error],
    ["Cluster", `${cluster.name}, ${cluster.region}, account ${cluster.account}`],
    ["Stack", stack],
    ["Planned", cluster.plannedAt === undefined ? undefined : ago(cluster.plannedAt, now)],
  ];
  dialog.replaceChildren(
    element(
      "header",
      {},
      element("h2", { id: "details-title" }, row.name),
      chip(row.state, rowWord(row)),
      close,
    ),
    element(
      "dl",
      {},
      ...facts.flatMap(([name, value]) =>
        value === undefined ? [] : [element("dt", {}, name), element("dd", {}, value)],
      ),
    ),
  );
  dialog.showModal();
}
