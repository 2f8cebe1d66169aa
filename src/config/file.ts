import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";

/** A place in a file's text, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A way from the top of a document to one of its values. */
export type Path = readonly PropertyKey[];

/** What a YAML (or JSON) text holds, or what is wrong with its syntax. */
export type ParsedFile =
  | { readonly value: unknown; positionOf(path: Path): Position }
  | { readonly problems: readonly { readonly position: Position; readonly message: string }[] };

/**
 * Reads the first document of a YAML text.
 *
 * Every scalar but null comes as its text, and the field that it is for decides its
 * type, as in the Go controller: an account number of a tag keeps its leading zero,
 * and `yes` is true where a boolean is due. Merge keys (`<<`) are followed;
 * a key that stands twice in a mapping is a problem.
 */
export function parseFile(text: string): ParsedFile {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [document] = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: (tags) => [...tags, "null"],
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  if (document === undefined) return { value: undefined, positionOf: () => ({ line: 1, column: 1 }) };
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ pos, message }) => ({ position: positionAt(pos[0]), message })),
    };
  }
  try {
    const positionOf = (path: Path) => positionAt(offsetOf(document, path));
    return { value: document.toJS(), positionOf };
  } catch (error) {
    // An alias without its anchor is found only here.
    if (!(error instanceof ReferenceError)) throw error;
    return { problems: [{ position: { line: 1, column: 1 }, message: error.message }] };
  }
}

/** Where the value at `path` starts, its key included; where it is not there (a missing field), what should hold it. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    const found = isSeq(node) ? node.items[Number(step)] : pair?.key;
    if (!isNode(found)) return offset;
    offset = found.range?.[0] ?? offset;
    node = pair?.value ?? found;
  }
  return offset;
}
