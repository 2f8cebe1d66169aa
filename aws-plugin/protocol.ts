import { createRequire } from "node:module";
import grpc from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { z } from "zod";
import { type Properties, propertiesSchema } from "./propertyValue.ts";

// The messages that @pulumi/pulumi generated work only with the copy of google-protobuf that it brings itself (they
// check `instanceof`), which need not be the one that an import from here finds.
const require = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/proto/provider_pb.js"));
const structs: typeof import("google-protobuf/google/protobuf/struct_pb.js") = require("google-protobuf/google/protobuf/struct_pb.js");
const empties: typeof import("google-protobuf/google/protobuf/empty_pb.js") = require("google-protobuf/google/protobuf/empty_pb.js");

/** The message without fields. */
export function empty() {
  return new empties.Empty();
}

/** Properties as a message's field. */
export function toStruct(properties: Properties): Struct {
  return structs.Struct.fromJavaScript({ ...properties });
}

/** Properties of a message's field; none where it is not set. */
export function fromStruct(struct: Struct | undefined): Properties {
  return propertiesSchema.parse(struct?.toJavaScript() ?? {});
}

/**
 * A method of the service: answers with what `handle` returns, and with what
 * it throws as a status whose message is one line.
 */
export function method<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(handle)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback({ code: grpc.status.UNKNOWN, details: oneLine(error) }),
      );
  };
}

function oneLine(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll(/\s+/g, " ");
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}
