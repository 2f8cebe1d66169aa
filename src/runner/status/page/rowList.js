// The list of ServiceAccounts: only what is in sight is drawn, so that thousands of rows cost as little as forty.
import { chip, element, setChildren } from "./element.js";
import { rowsInSight, topsOf } from "./rows.js";
import { roleName, rowClause, rowWord } from "./words.js";

/** @typedef {import("./rows.js").PlacedRow} PlacedRow */

/**
 * A list that follows the page's scrolling.
 * @param {HTMLElement} table
 * @param {HTMLElement} window_ the part of the table that holds the rows
 * @param {(placed: PlacedRow) => void} onOpen
 */
export function rowList(table, window_, onOpen) {
  const narrow = matchMedia("(max-width: 719px)");
  /** @type {readonly PlacedRow[]} */
  let rows = [];
  /** @type {readonly number[]} */
  let tops = [0];
  /** @type {Map<string, { placed: PlacedRow, node: HTMLElement }>} */
  let drawn = new Map();
  /** The row that the keyboard is on: it stays drawn, so that the focus is not lost. */
  let active = 0;
  let drawing = false;

  const draw = () => {
    drawing = false;
    const from = -window_.getBoundingClientRect().top;
    const [first, end] = rowsInSight(tops, from, innerHeight);
    const indices = Array.from({ length: end - first }, (_, offset) => first + offset);
    if (rows.length > 0 && (active < first || active >= end)) {
      if (active < first) indices.unshift(active);
      else indices.push(active);
    }
    const next = new Map();
    for (const index of indices) {
      const placed = rows[index];
      if (placed === undefined) continue;
      const known = drawn.get(placed.key);
      const unchanged = known?.placed.row === placed.row && known.placed.cluster.name === placed.cluster.name;
      const node = unchanged ? known.node : rowNode(placed, known?.node);
      const top = tops[index] ?? 0;
      node.style.transform = `translateY(${top}px)`;
      node.style.height = `${(tops[index + 1] ?? top) - top}px`;
      node.setAttribute("aria-rowindex", String(index + 2));
      node.querySelector("button")?.setAttribute("tabindex", index === active ? "0" : "-1");
      next.set(placed.key, { placed, node });
    }
    drawn = next;
    setChildren(
      window_,
      Array.from(next.values(), ({ node }) => node),
    );
  };
  const drawSoon = () => {
    if (!drawing) requestAnimationFrame(draw);
    drawing = true;
  };
  const measure = () => {
    tops = topsOf(rows, narrow.matches);
    window_.style.height = `${tops.at(-1) ?? 0}px`;
    drawSoon();
  };

  /** @param {number} index */
  const moveTo = (index) => {
    active = Math.max(0, Math.min(rows.length - 1, index));
    const edge = window_.getBoundingClientRect().top;
    const head = document.querySelector(".bar")?.clientHeight ?? 0;
    const top = edge + (tops[active] ?? 0);
    const bottom = edge + (tops[active + 1] ?? 0);
    if (top < head + 48) scrollBy(0, top - head - 48);
    else if (bottom > innerHeight) scrollBy(0, bottom - innerHeight + 8);
    draw();
    const placed = rows[active];
    if (placed !== undefined)
      drawn.get(placed.key)?.node.querySelector("button")?.focus({ preventScroll: true });
  };
  /** @type {Readonly<Record<string, () => number>>} */
  const moves = {
    ArrowDown: () => active + 1,
    ArrowUp: () => active - 1,
    PageDown: () => active + 15,
    PageUp: () => active - 15,
    Home: () => 0,
    End: () => rows.length - 1,
  };
  table.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (move === undefined || rows.length === 0) return;
    event.preventDefault();
    moveTo(move());
  });
  window_.addEventListener("click", (event) => {
    const node = event.target instanceof Element ? event.target.closest(".row") : null;
    const index = Number(node?.getAttribute("aria-rowindex")) - 2;
    const placed = rows[index];
    if (placed === undefined) return;
    active = index;
    onOpen(placed);
    drawSoon();
  });
  addEventListener("scroll", drawSoon, { passive: true });
  addEventListener("resize", drawSoon);
  narrow.addEventListener("change", measure);

  /** @param {readonly PlacedRow[]} shown */
  return (shown) => {
    const key = rows[active]?.key;
    rows = shown;
    active = Math.max(0, key === undefined ? 0 : shown.findIndex((placed) => placed.key === key));
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    measure();
  };
}

/**
 * A row; where it was drawn before, in the same element, so that the focus stays.
 * @param {PlacedRow} placed
 * @param {HTMLElement} [node]
 */
function rowNode({ row, cluster }, node = element("tr", { class: "row" }, cell("state"), nameCell())) {
  const clause = rowClause(row);
  const role = roleName(row.roleArn);
  const button = node.querySelector("button");
  button?.replaceChildren(element("span", { class: "namespace" }, `${row.namespace}/`), row.name);
  const [state, name] = node.children;
  if (state === undefined || name === undefined) return node;
  state.replaceChildren(chip(row.state, rowWord(row)));
  node.replaceChildren(
    state,
    name,
    cell("role", role ?? "", row.roleArn),
    cell("id", row.associationId ?? ""),
    cell("place", cluster.name, `${cluster.region} · ${cluster.account}`),
    ...(clause === undefined ? [] : [cell(row.error === undefined ? "clause" : "clause trouble", clause)]),
  );
  return node;
}

/**
 * @param {string} name
 * @param {string} [text]
 * @param {string} [title]
 */
function cell(name, text = "", title) {
  return element("td", { class: name, title }, text);
}

function nameCell() {
  return element(
    "span",
    { class: "name", role: "cell" },
    element("button", { type: "button", "aria-haspopup": "dialog" }),
  );
}
