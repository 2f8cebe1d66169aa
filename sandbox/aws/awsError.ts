/** The AWS services that the simulator speaks, by the name that signs their requests. */
export type Service = "eks" | "sts" | "iam" | "tagging";

/** An error as an AWS service answers it: a code of the service's model, its HTTP status and a message. */
export class AwsError extends Error {
  override name = "AwsError";
  readonly code: string;
  readonly status: number;
  /** Members of the error's shape beside the message, such as `clusterName`. */
  readonly members: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    members: Readonly<Record<string, string>> = {},
    status = statusOf(code),
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

// The `httpError` traits of the services' models; what is not here is 400.
const STATUS: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  AccessDeniedException: 403,
  ExpiredToken: 403,
  ExpiredTokenException: 403,
  InternalFailure: 500,
  InternalServiceException: 500,
  InvalidClientTokenId: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationToken: 403,
  MissingAuthenticationTokenException: 403,
  NoSuchEntity: 404,
  NotFoundException: 404,
  ResourceInUseException: 409,
  ResourceNotFoundException: 404,
  ServerException: 500,
  ServiceUnavailable: 503,
  ServiceUnavailableException: 503,
  SignatureDoesNotMatch: 403,
  ThrottlingException: 429,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
};

function statusOf(code: string): number {
  return STATUS[code] ?? 400;
}

/** What any service may refuse a call for. */
export type CommonFailure =
  | "denied"
  | "expired"
  | "internal"
  | "invalid"
  | "missing"
  | "signature"
  | "throttled"
  | "unknownKey";

const JSON_CODES: Readonly<Record<CommonFailure, string>> = {
  denied: "AccessDeniedException",
  expired: "ExpiredTokenException",
  internal: "ServerException",
  invalid: "InvalidParameterException",
  missing: "MissingAuthenticationTokenException",
  signature: "InvalidSignatureException",
  throttled: "ThrottlingException",
  unknownKey: "UnrecognizedClientException",
};

const QUERY_CODES: Readonly<Record<CommonFailure, string>> = {
  denied: "AccessDenied",
  expired: "ExpiredToken",
  internal: "InternalFailure",
  invalid: "ValidationError",
  missing: "MissingAuthenticationToken",
  signature: "SignatureDoesNotMatch",
  throttled: "Throttling",
  unknownKey: "InvalidClientTokenId",
};

/** The same failure has a code of its own in each protocol ("Common errors" of the services' API references). */
export function commonError(failure: CommonFailure, service: Service, message: string): AwsError {
  switch (service) {
    case "eks":
      return new AwsError(JSON_CODES[failure], message);
    case "sts":
    case "iam":
      return new AwsError(QUERY_CODES[failure], message);
    case "tagging": {
      if (failure === "internal") return new AwsError("InternalServiceException", message);
      const code = failure === "throttled" ? "ThrottledException" : JSON_CODES[failure];
      return new AwsError(code, message, {}, 400); // JSON 1.1 services answer every client error with 400
    }
  }
}
