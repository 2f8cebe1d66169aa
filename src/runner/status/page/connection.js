// The stream of the daemon's status.
import { applyDelta } from "./document.js";

/** @typedef {import("../statusDocument.ts").StatusDocument} StatusDocument */

/** The daemon tells something every 5 s: a silence of three times that is a lost connection. */
const SILENCE_MS = 15_000;
const RETRY_MS = 3_000;

/**
 * Follows the daemon for as long as the page is open.
 * @param {(document: StatusDocument) => void} onDocument
 * @param {(connected: boolean) => void} onConnection
 */
export function followStatus(onDocument, onConnection) {
  /** @type {StatusDocument | undefined} */
  let known;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {StatusDocument} document */
  const take = (document) => {
    known = document;
    clearTimeout(timer);
    timer = setTimeout(lose, SILENCE_MS);
    onConnection(true);
    onDocument(document);
  };
  const lose = () => {
    source?.close();
    onConnection(false);
    clearTimeout(timer);
    timer = setTimeout(open, RETRY_MS);
  };
  const open = () => {
    source = new EventSource("api/events");
    source.addEventListener("status", ({ data }) => take(JSON.parse(data)));
    source.addEventListener("delta", ({ data }) => {
      if (known !== undefined) take(applyDelta(known, JSON.parse(data)));
    });
    source.addEventListener("error", lose);
    clearTimeout(timer);
    timer = setTimeout(lose, SILENCE_MS);
  };
  open();
}
