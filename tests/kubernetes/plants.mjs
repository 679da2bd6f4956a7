// Mistakes that the check must find, each made in a manifest that was good.
const pod = (job) => job.spec.template.spec;
const container = (job) => pod(job).containers[0];
const rename = (object, from, to) => {
  object[to] = object[from];
  delete object[from];
};

export const plants = {
  "a misspelt field of the Job": (job) => rename(job.spec, "parallelism", "paralellism"),
  "a misspelt field that may be missing": (job) => rename(job.spec, "backoffLimitPerIndex", "backoffLimitPerIndexes"),
  "a misspelt field of the pod": (job) => rename(pod(job), "enableServiceLinks", "enableServicelinks"),
  "a misspelt field of the container": (job) => rename(container(job), "securityContext", "securityContexts"),
  "a misspelt field deep below": (job) => rename(container(job).securityContext.capabilities, "drop", "drops"),
  "a misspelt field in a list": (job) => rename(container(job).volumeMounts[0], "readOnly", "readonly"),
  "a misspelt field of a volume": (job) => rename(pod(job).volumes[1].persistentVolumeClaim, "claimName", "claim"),
  "an object where a list belongs": (job) => { container(job).env = { HOME: "/tmp" }; },
  "a text where a number belongs": (job) => { job.spec.completions = "three"; },
  "an unknown mode": (job) => { job.spec.completionMode = "Nonsense"; },
  "a Job that is not indexed": (job) => { job.spec.completionMode = "NonIndexed"; },
  "restartPolicy Always": (job) => { pod(job).restartPolicy = "Always"; },
  "restartPolicy OnFailure with podFailurePolicy": (job) => { pod(job).restartPolicy = "OnFailure"; },
  "an illegal name": (job) => { job.metadata.name = "Images_1"; },
  "a name too long for its pods": (job) => { job.metadata.name = "a".repeat(63); },
  "an illegal namespace": (job) => { job.metadata.namespace = "a.b"; },
  "an illegal label": (job) => { job.metadata.labels["imgport-batch"] = "-x"; },
  "a mount without its volume": (job) => { container(job).volumeMounts[1].name = "elsewhere"; },
  "a mount that is twice at the same place": (job) => { container(job).volumeMounts[1].mountPath = container(job).volumeMounts[0].mountPath; },
  "a mount at a relative path": (job) => { container(job).volumeMounts[1].mountPath = "disks"; },
  "a mount with a colon": (job) => { container(job).volumeMounts[1].mountPath = "/a:b"; },
  "a volume without a source": (job) => { delete pod(job).volumes[1].persistentVolumeClaim; },
  "a volume with two sources": (job) => { pod(job).volumes[1].emptyDir = {}; },
  "an illegal claim": (job) => { pod(job).volumes[1].persistentVolumeClaim.claimName = "My Claim"; },
  "no pods": (job) => { job.spec.completions = 0; },
  "more pods than an Indexed Job has": (job) => { job.spec.completions = 100001; },
  "more at once than there are": (job) => { job.spec.parallelism = job.spec.completions + 1; },
  "FailIndex without a limit for indexes": (job) => { delete job.spec.backoffLimitPerIndex; },
  "exit code 0 as a failure": (job) => { job.spec.podFailurePolicy.rules[1].onExitCodes.values = [0, 1]; },
  "exit codes in disorder": (job) => { job.spec.podFailurePolicy.rules[1].onExitCodes.values = [3, 1]; },
  "a rule of another container": (job) => { job.spec.podFailurePolicy.rules[1].onExitCodes.containerName = "main"; },
  "a rule without a condition": (job) => { delete job.spec.podFailurePolicy.rules[0].onPodConditions; },
  "a size that is none": (job) => { pod(job).volumes[0].emptyDir.sizeLimit = "2 GiB"; },
  "memory that is none": (job) => { container(job).resources.limits.memory = "1536MB"; },
  "more asked for than allowed": (job) => { container(job).resources.requests.cpu = "64"; },
  "an argument that is a number": (job) => { container(job).command.push(7); },
  "root that must not be": (job) => { pod(job).securityContext.runAsUser = 0; },
  "no container": (job) => { pod(job).containers = []; },
};
