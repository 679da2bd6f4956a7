// Is a manifest a Job that Kubernetes would take? node check_job.mjs [--modules DIR] [--plant MISTAKE] MANIFEST
// First the published schema (kubernetes-models). It lets misspelt fields and much else pass, so then: no key that the
// published types do not know, at any level; and what the API server refuses beyond the schema. One line per mistake,
// exit 1 where there is one. --plant makes a mistake first, --plants lists those it knows: a check that finds none of
// its own would be worth nothing. --json prints the manifest, as a cluster reads it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Types } from "./types.mjs";
import { plants } from "./plants.mjs";

const text = { type: "string" };
const flag = { type: "boolean" };
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { modules: { ...text, default: `${process.cwd()}/build/oracles/kubernetes` }, plant: text, plants: flag, json: flag },
});
if (options.plants) {
  console.log(Object.keys(plants).join("\n"));
  process.exit(0);
}
const require = createRequire(`${options.modules}/package.json`);
const yaml = require("js-yaml");
const { Job } = require("kubernetes-models/batch/v1/Job");

const mistakes = [];
const complain = (where, what) => mistakes.push(`${where}: ${what}`);

const job = yaml.load(readFileSync(positionals[0], "utf8"));
if (options.plant) plants[options.plant](job);
if (options.json) {
  console.log(JSON.stringify(job));
  process.exit(0);
}

// ------------------------------------------------------------------------------------------------ the schema, the keys

if (job.apiVersion !== "batch/v1" || job.kind !== "Job") complain("manifest", "is no batch/v1 Job");
try {
  new Job(job).validate();
} catch (error) {
  complain("schema", error.message);
}
new Types(`${options.modules}/node_modules`).check(job, "kubernetes-models/batch/v1/Job", "IJob", complain);

// -------------------------------------------------------------------------------- what the API server checks beside it

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const quantity = /^[0-9]+(\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?$/;
const isLabel = (name) => typeof name === "string" && name.length <= 63 && label.test(name);
const isSubdomain = (name) => typeof name === "string" && name.length <= 253 && subdomain.test(name);
const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
const once = (where, list) => {
  for (const [i, value] of list.entries()) if (list.indexOf(value) !== i) complain(where, `'${value}' is there twice`);
};

function checkLabels(where, labels = {}) {
  for (const [key, value] of Object.entries(labels)) {
    const [name, prefix] = key.split("/").reverse();
    if (!name || name.length > 63 || !labelValue.test(name) || (prefix !== undefined && !isSubdomain(prefix)))
      complain(where, `'${key}' is no label's key`);
    if (typeof value !== "string" || value.length > 63 || !labelValue.test(value)) complain(where, `'${value}' is no label's value`);
  }
}

function checkJob({ metadata, spec }) {
  if (!isSubdomain(metadata?.name) || metadata.name.length > 63) complain("metadata.name", `'${metadata?.name}' is no name`);
  if (metadata?.namespace !== undefined && !isLabel(metadata.namespace)) complain("metadata.namespace", "is no label of DNS");
  checkLabels("metadata.labels", metadata?.labels);
  const indexed = spec.completionMode === "Indexed";
  if (!isWhole(spec.parallelism, 1, 100000)) complain("spec.parallelism", "is not from 1 to 100000");
  if (!isWhole(spec.completions, 1, 2147483647)) complain("spec.completions", "is no number of pods");
  if (spec.parallelism > spec.completions) complain("spec.parallelism", "is more than there is to do");
  for (const field of ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"])
    if (spec[field] !== undefined && !indexed) complain(`spec.${field}`, "is for Indexed Jobs only");
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    complain("spec.maxFailedIndexes", "goes with backoffLimitPerIndex");
  if (spec.backoffLimitPerIndex !== undefined && !isWhole(spec.backoffLimitPerIndex, 0, 2147483647))
    complain("spec.backoffLimitPerIndex", "is no number of tries");
  if (indexed && spec.backoffLimitPerIndex !== undefined && spec.completions > 100000 && spec.maxFailedIndexes === undefined)
    complain("spec.completions", "is more than 100000, which needs maxFailedIndexes");
  if (indexed && !isLabel(`${metadata?.name}-${spec.completions - 1}`)) complain("metadata.name", "is no label with the last index after it");
  checkFailurePolicy(spec);
  checkPod(spec);
}

function checkFailurePolicy(spec) {
  const policy = spec.podFailurePolicy;
  const restart = spec.template.spec.restartPolicy;
  if (restart !== "Never" && (policy !== undefined || spec.backoffLimitPerIndex !== undefined))
    complain("restartPolicy", "must be Never with podFailurePolicy or backoffLimitPerIndex");
  if (restart !== "Never" && restart !== "OnFailure") complain("restartPolicy", "of a Job is Never or OnFailure");
  if (policy === undefined) return;
  if (spec.podReplacementPolicy !== undefined && spec.podReplacementPolicy !== "Failed")
    complain("spec.podReplacementPolicy", "must be Failed with podFailurePolicy");
  if (!(policy.rules?.length <= 20)) complain("podFailurePolicy.rules", "are none or more than 20");
  const containers = [...(spec.template.spec.containers ?? []), ...(spec.template.spec.initContainers ?? [])].map(({ name }) => name);
  for (const [i, rule] of (policy.rules ?? []).entries()) {
    const where = `podFailurePolicy.rules[${i}]`;
    if (!["Count", "FailIndex", "FailJob", "Ignore"].includes(rule.action)) complain(where, `'${rule.action}' is no action`);
    if (rule.action === "FailIndex" && spec.backoffLimitPerIndex === undefined) complain(where, "FailIndex goes with backoffLimitPerIndex");
    if ((rule.onExitCodes === undefined) === (rule.onPodConditions === undefined)) complain(where, "has one of onExitCodes and onPodConditions");
    for (const condition of rule.onPodConditions ?? [])
      if (!condition.type || !["True", "False", "Unknown"].includes(condition.status)) complain(where, "has no good condition");
    if (rule.onExitCodes === undefined) continue;
    const { operator, values = [], containerName } = rule.onExitCodes;
    if (!["In", "NotIn"].includes(operator)) complain(where, `'${operator}' is no operator`);
    if (containerName !== undefined && !containers.includes(containerName)) complain(where, `there is no container '${containerName}'`);
    if (values.length === 0 || values.length > 255) complain(where, "has no exit codes, or too many");
    if (values.some((value, at) => !isWhole(value, 0, 255) || (at > 0 && value <= values[at - 1]))) complain(where, "exit codes are unique and ascend");
    if (operator === "In" && values.includes(0)) complain(where, "0 is no failure");
  }
}

function checkPod({ template: { metadata, spec: pod } }) {
  checkLabels("template.metadata.labels", metadata?.labels);
  if (!isWhole(pod.terminationGracePeriodSeconds ?? 30, 0, 2147483647)) complain("terminationGracePeriodSeconds", "is no number of seconds");
  const volumes = new Map((pod.volumes ?? []).map((volume) => [volume.name, volume]));
  once("volumes", (pod.volumes ?? []).map(({ name }) => name));
  for (const volume of pod.volumes ?? []) {
    if (!isLabel(volume.name)) complain("volumes", `'${volume.name}' is no label of DNS`);
    if (Object.keys(volume).length !== 2) complain(`volumes.${volume.name}`, "has not exactly one source");
    const claim = volume.persistentVolumeClaim;
    if (claim && !isSubdomain(claim.claimName)) complain(`volumes.${volume.name}`, `'${claim.claimName}' is no claim's name`);
    checkQuantities(`volumes.${volume.name}`, { sizeLimit: volume.emptyDir?.sizeLimit });
  }
  if (!(pod.containers?.length > 0)) complain("containers", "are none");
  once("containers", pod.containers.map(({ name }) => name));
  for (const container of pod.containers) checkContainer(container, pod, volumes);
}

function checkContainer(container, pod, volumes) {
  const where = `containers.${container.name}`;
  if (!isLabel(container.name)) complain(where, "is no label of DNS");
  if (!container.image || container.image !== container.image.trim()) complain(where, "has no image");
  if (![...(container.command ?? []), ...(container.args ?? [])].every((word) => typeof word === "string")) complain(where, "has arguments that are no strings");
  for (const { name } of container.env ?? []) if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name)) complain(where, `'${name}' is no variable's name`);
  const mounts = container.volumeMounts ?? [];
  once(`${where}.volumeMounts`, mounts.map(({ mountPath }) => mountPath));
  for (const { name, mountPath, readOnly } of mounts) {
    if (!volumes.has(name)) complain(where, `there is no volume '${name}'`);
    if (!mountPath?.startsWith("/") || mountPath.includes(":")) complain(where, `'${mountPath}' is no place for a mount`);
    if (volumes.get(name)?.persistentVolumeClaim?.readOnly && !readOnly) complain(where, `'${name}' can only be read`);
  }
  const { requests = {}, limits = {} } = container.resources ?? {};
  checkQuantities(`${where}.requests`, requests);
  checkQuantities(`${where}.limits`, limits);
  for (const name of Object.keys(limits))
    if (requests[name] !== undefined && bytes(requests[name]) > bytes(limits[name])) complain(where, `asks for more ${name} than its limit`);
  const security = container.securityContext ?? {};
  if ((security.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) && (security.runAsUser ?? pod.securityContext?.runAsUser) === 0)
    complain(where, "runs as root and must not");
}

function checkQuantities(where, quantities) {
  for (const [name, value] of Object.entries(quantities))
    if (value !== undefined && !quantity.test(String(value))) complain(where, `${name}: '${value}' is no quantity`);
}

function bytes(value) {
  const [, number, unit] = /^([0-9.]+)(.*)$/.exec(String(value)) ?? [0, NaN, ""];
  const power = " kMGTPE".indexOf(unit[0]?.replace("K", "k") ?? " ");
  return Number(number) * (unit === "m" ? 0.001 : (unit.endsWith("i") ? 1024 : 1000) ** Math.max(0, power));
}

try {
  checkJob(job);
} catch (error) {
  complain("manifest", error.message);
}
for (const mistake of mistakes) console.log(mistake);
process.exit(mistakes.length > 0 ? 1 : 0);
