import type { Principal } from "./accounts.ts";
import { commonError, type Service } from "./awsError.ts";
import { readSignature, type SignedRequest, signatureMatches, signedAt } from "./signature.ts";
import type { World } from "./world.ts";

/** A caller whose signature is good, and the region that the request is meant for. */
export interface Caller {
  readonly principal: Principal;
  readonly region: string;
}

// "Elements of an AWS API request signature", IAM User Guide: AWS takes a signature for five minutes.
const MAX_SKEW_MS = 5 * 60_000;

/** Checks the request's signature as the service would. Throws {@link AwsError} with the service's code. */
export function authenticate(request: SignedRequest, service: Service, world: World, now: number): Caller {
  const signature = readSignature(request);
  if (signature === undefined)
    throw commonError("missing", service, "Request is missing Authentication Token");
  const principal = world.principal(signature.accessKeyId);
  if (principal === undefined || principal.sessionToken !== signature.sessionToken) {
    throw commonError("unknownKey", service, "The security token included in the request is invalid.");
  }
  if (principal.session !== undefined && principal.session.expiresAt <= now) {
    throw commonError("expired", service, "The security token included in the request is expired");
  }
  const at = signedAt(signature);
  const validMs = signature.expiresIn === undefined ? MAX_SKEW_MS : signature.expiresIn * 1000;
  if (!(at - MAX_SKEW_MS <= now && now <= at + validMs)) {
    throw commonError(
      "signature",
      service,
      `Signature expired: ${signature.amzDate} is not within the allowed time of ${new Date(now).toISOString()}`,
    );
  }
  if (signature.service !== service) {
    throw commonError("signature", service, `Credential should be scoped to correct service: '${service}'.`);
  }
  if (!signatureMatches(request, signature, principal.secretAccessKey)) {
    throw commonError(
      "signature",
      service,
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  }
  return { principal, region: signature.region };
}
