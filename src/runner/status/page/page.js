// The status page: puts the parts together.
import { followStatus } from "./connection.js";
import { showDetails } from "./details.js";
import { byId, element } from "./element.js";
import { clusterList, showAlarms, showBadges } from "./overview.js";
import { rowList } from "./rowList.js";
import { allRows, clusterId, filterFromHash, filterRows, filterToHash, SHOW_ALL } from "./rows.js";
import { updateList } from "./updates.js";
import { grouped, STATES } from "./words.js";

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */

/** @type {StatusDocument | undefined} */
let status;
/** @type {readonly import("./rows.js").PlacedRow[]} */
let rows = [];
let filter = filterFromHash(location.hash);
/** The daemon's clock, less ours. */
let ahead = 0;

const text = byId("text", HTMLInputElement);
const cluster = byId("cluster", HTMLSelectElement);
const states = byId("states", HTMLFieldSetElement);
const empty = byId("empty", HTMLParagraphElement);
const table = byId("rows", HTMLTableElement);
const connection = byId("connection", HTMLParagraphElement);

const showRows = rowList(table, byId("window", HTMLTableSectionElement), (placed) =>
  showDetails(byId("details", HTMLDialogElement), placed, now()),
);
const showClusters = clusterList((id) => setFilter({ cluster: id === filter.cluster ? "" : id }));
const showUpdates = updateList();

const stateButtons = new Map(
  STATES.map(([state, word]) => {
    const count = element("span", { class: "number" });
    const button = element(
      "button",
      { type: "button", class: "chip", "data-state": state },
      `${word} `,
      count,
    );
    button.addEventListener("click", () => {
      const others = filter.states.filter((other) => other !== state);
      setFilter({ states: others.length === filter.states.length ? [...others, state] : others });
    });
    states.append(button);
    return [state, { button, count }];
  }),
);

function now() {
  return Date.now() + ahead;
}

/** @param {Partial<typeof filter>} change */
function setFilter(change) {
  filter = { ...filter, ...change };
  const hash = filterToHash(filter);
  history.replaceState(null, "", hash === "" ? location.pathname : `#${hash}`);
  showFilter();
  showList();
  if (status !== undefined) showClusters(byId("clusters", HTMLUListElement), status, filter.cluster);
}

function showFilter() {
  if (text.value !== filter.text) text.value = filter.text;
  cluster.value = filter.cluster;
  for (const [state, { button }] of stateButtons) {
    button.setAttribute("aria-pressed", String(filter.states.includes(state)));
  }
}

function showList() {
  const { shown, counts } = filterRows(rows, filter);
  for (const [state, { button, count }] of stateButtons) {
    count.textContent = grouped(counts[state]);
    button.hidden = counts[state] === 0 && !filter.states.includes(state);
  }
  const all = shown.length === rows.length;
  const total = grouped(rows.length);
  byId("count", HTMLParagraphElement).textContent = all ? total : `${grouped(shown.length)} of ${total}`;
  showRows(shown);
  table.hidden = shown.length === 0;
  empty.hidden = shown.length > 0;
  if (empty.hidden) return;
  const clear = element("button", { type: "button" }, "Show all");
  clear.addEventListener("click", () => setFilter(SHOW_ALL));
  if (status === undefined) empty.replaceChildren("Waiting for the daemon.");
  else if (rows.length > 0) empty.replaceChildren("Nothing matches. ", clear);
  else if (status.stacks.every(({ clusters }) => clusters.length === 0)) {
    empty.replaceChildren("No cluster has been read yet.");
  } else empty.replaceChildren("No ServiceAccount carries the role annotation, and there is no association.");
}

/** @param {StatusDocument} document */
function showClusterChoice({ stacks }) {
  const choices = stacks.flatMap(({ name, clusters }) =>
    clusters.map((one) => ({
      id: clusterId(name, one),
      word: `${one.name} (${one.region}, ${one.account})`,
    })),
  );
  const known = [...cluster.options].map(({ value }) => value).join("\n");
  if (known === ["", ...choices.map(({ id }) => id)].join("\n")) return;
  cluster.replaceChildren(
    element("option", { value: "" }, "All clusters"),
    ...choices.map(({ id, word }) => element("option", { value: id }, word)),
  );
  cluster.value = filter.cluster;
  cluster.hidden = choices.length < 2;
}

/** What changes with time alone. */
function showTimes() {
  if (status === undefined) return;
  const document = { ...status, now: now() };
  showClusters(byId("clusters", HTMLUListElement), document, filter.cluster);
  showUpdates(byId("updates", HTMLDivElement), document);
}

text.addEventListener("input", () => setFilter({ text: text.value }));
cluster.addEventListener("change", () => setFilter({ cluster: cluster.value }));
byId("filter", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => setFilter(filterFromHash(location.hash)));
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  text.focus();
});
setInterval(showTimes, 1000);

showFilter();
showList();
followStatus(
  (document) => {
    const before = status;
    status = document;
    ahead = document.now - Date.now();
    showBadges(byId("badges", HTMLDivElement), document);
    showAlarms(byId("alarms", HTMLElement), document);
    showClusterChoice(document);
    showTimes();
    const sets = (/** @type {StatusDocument | undefined} */ of) =>
      of?.stacks.flatMap(({ clusters }) => clusters.map((one) => one.rows)) ?? [];
    const [old, fresh] = [sets(before), sets(document)];
    if (before !== undefined && old.length === fresh.length && fresh.every((one, at) => one === old[at]))
      return;
    rows = allRows(document);
    showList();
  },
  (connected) => {
    connection.dataset.state = connected ? "live" : "lost";
    document.body.classList.toggle("stale", !connected);
    const words = connected ? "Live" : "Connection lost: what you see may be old. Trying again.";
    if (connection.textContent !== words) connection.textContent = words;
  },
);
