import { describe, expect, test } from "vitest";
import { trustOf } from "../../src/plan/trustPolicy.ts";

const cluster = { name: "blue", region: "us-east-1", account: "111111111111" };
const service = "pods.eks.amazonaws.com";
const both = ["sts:AssumeRole", "sts:TagSession"];
const admitting = { Effect: "Allow", Principal: { Service: service }, Action: both };
const missing = (...actions: string[]) => ({
  state: "untrusted",
  problem: `its trust policy does not let ${service} do ${actions.join(" and ")}`,
});
const denied = (...actions: string[]) => ({
  state: "untrusted",
  problem: `its trust policy denies ${service} ${actions.join(" and ")}`,
});
const trusted = { state: "trusted" };
const unknown = { state: "unknown", problem: "its trust policy can't be read" };

function trust(statement: object): unknown {
  return trustOf(JSON.stringify({ Version: "2012-10-17", Statement: statement }), cluster);
}

describe("principals and actions", () => {
  test.each([
    ["the statement of the EKS User Guide", admitting, trusted],
    ["a list of one statement", [admitting], trusted],
    [
      "the service among others",
      { ...admitting, Principal: { Service: ["ec2.amazonaws.com", service] } },
      trusted,
    ],
    ["everyone", { ...admitting, Principal: "*" }, trusted],
    ["everyone, as an AWS principal", { ...admitting, Principal: { AWS: "*" } }, trusted],
    ["all actions of STS", { ...admitting, Action: "sts:*" }, trusted],
    ["all actions", { ...admitting, Action: "*" }, trusted],
    ["wildcards inside", { ...admitting, Action: ["sts:Assume*", "sts:Tag?ession"] }, trusted],
    ["actions in another case", { ...admitting, Action: ["STS:assumerole", "sts:tagsession"] }, trusted],
    ["two statements together", both.map((Action) => ({ ...admitting, Action })), trusted],
    [
      "actions by exclusion",
      { Effect: "Allow", Principal: "*", NotAction: "sts:GetFederationToken" },
      trusted,
    ],
    ["principals by exclusion", { Effect: "Allow", NotPrincipal: { AWS: "x" }, Action: both }, trusted],
    ["AssumeRole alone", { ...admitting, Action: "sts:AssumeRole" }, missing("sts:TagSession")],
    ["TagSession alone", { ...admitting, Action: ["sts:TagSession"] }, missing("sts:AssumeRole")],
    ["both excluded", { Effect: "Allow", Principal: "*", NotAction: "sts:*" }, missing(...both)],
    ["a wildcard that stops short", { ...admitting, Action: "sts:Assume" }, missing(...both)],
    ["a dot is a dot", { ...admitting, Action: "stsx*" }, missing(...both)],
    [
      "IRSA alone",
      {
        Effect: "Allow",
        Principal: { Federated: "arn:aws:iam::111111111111:oidc-provider/oidc.eks" },
        Action: "sts:AssumeRoleWithWebIdentity",
      },
      missing(...both),
    ],
    ["another service", { ...admitting, Principal: { Service: "eks.amazonaws.com" } }, missing(...both)],
    ["an account", { ...admitting, Principal: { AWS: "arn:aws:iam::111111111111:root" } }, missing(...both)],
    ["no statement", [], missing(...both)],
    ["nobody", { Effect: "Allow", Action: both }, missing(...both)],
  ])("%s", (_, statement, expected) => expect(trust(statement)).toEqual(expected));
});

describe("denials", () => {
  const deny = { Effect: "Deny", Principal: { Service: service }, Action: "sts:TagSession" };
  test.each([
    ["of the service", deny, denied("sts:TagSession")],
    ["of everyone and all", { Effect: "Deny", Principal: "*", Action: "*" }, denied(...both)],
    [
      "with a condition: nobody can be sure",
      { ...deny, Condition: { Bool: { "aws:SecureTransport": "false" } } },
      trusted,
    ],
    ["of another service", { ...deny, Principal: { Service: "ec2.amazonaws.com" } }, trusted],
    ["of another action", { ...deny, Action: "sts:GetFederationToken" }, trusted],
    ["of all but the service", { Effect: "Deny", NotPrincipal: { Service: service }, Action: "*" }, trusted],
  ])("%s", (_, statement, expected) => expect(trust([admitting, statement])).toEqual(expected));
});

describe("conditions", () => {
  const arn = "arn:aws:eks:us-east-1:111111111111:cluster/blue";
  const other = "arn:aws:eks:us-east-1:111111111111:cluster/green";
  test.each([
    ["this cluster's ARN", { StringEquals: { "aws:RequestTag/eks-cluster-arn": arn } }, trusted],
    ["one of several ARNs", { StringEquals: { "aws:RequestTag/eks-cluster-arn": [other, arn] } }, trusted],
    [
      "a pattern of ARNs",
      { ArnLike: { "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:*:111111111111:cluster/*" } },
      trusted,
    ],
    ["this account", { stringequals: { "aws:sourceaccount": "111111111111" } }, trusted],
    ["this account, as a number", { StringEquals: { "aws:SourceAccount": 111111111111 } }, trusted],
    ["this cluster's name", { StringLike: { "aws:RequestTag/eks-cluster-name": "bl?e" } }, trusted],
    ["a policy variable", { StringEquals: { "aws:SourceAccount": "$" + "{aws:ResourceAccount}" } }, trusted],
    [
      "what differs between ServiceAccounts",
      { StringEquals: { "aws:RequestTag/kubernetes-namespace": "x" } },
      trusted,
    ],
    ["an operator that is not known", { StringNotEquals: { "aws:SourceAccount": "111111111111" } }, trusted],
    [
      "an operator with the name of an object's member",
      { constructor: { "aws:SourceAccount": "2" } },
      trusted,
    ],
    [
      "another cluster's ARN",
      { StringEquals: { "aws:RequestTag/eks-cluster-arn": other } },
      missing(...both),
    ],
    [
      "a wildcard where it is none",
      { StringEquals: { "aws:RequestTag/eks-cluster-name": "bl*" } },
      missing(...both),
    ],
    ["another account", { StringEquals: { "aws:SourceAccount": "222222222222" } }, missing(...both)],
    [
      "another cluster's name",
      { StringLike: { "aws:RequestTag/eks-cluster-name": "green*" } },
      missing(...both),
    ],
    [
      "two, of which one fails",
      {
        StringEquals: { "aws:SourceAccount": "111111111111", "aws:RequestTag/eks-cluster-name": "green" },
      },
      missing(...both),
    ],
  ])("%s", (_, Condition, expected) => expect(trust({ ...admitting, Condition })).toEqual(expected));

  test.each([
    ["cn-north-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
  ])("the cluster's ARN in %s", (region, partition) => {
    const pinned = {
      "aws:RequestTag/eks-cluster-arn": `arn:${partition}:eks:${region}:111111111111:cluster/blue`,
    };
    const document = JSON.stringify({ Statement: { ...admitting, Condition: { StringEquals: pinned } } });
    expect(trustOf(document, { ...cluster, region })).toEqual(trusted);
  });
});

describe("the document", () => {
  const document = JSON.stringify({ Statement: admitting });
  test.each([
    ["URL-encoded, as IAM returns it", encodeURIComponent(document), trusted],
    ["plain", document, trusted],
    ["cut short", encodeURIComponent(document.slice(0, -5)), unknown],
    ["not URL-encoded well", "%7B%", unknown],
    ["empty", "", unknown],
    ["without statements", "{}", unknown],
    ["of another form", JSON.stringify({ Statement: { Effect: "Maybe" } }), unknown],
  ])("%s", (_, text, expected) => expect(trustOf(text, cluster)).toEqual(expected));
});
