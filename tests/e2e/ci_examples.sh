#!/usr/bin/env bash
# The examples in docs/ci are run step by step: each passes a clean image and stops at a bad one. What only the hosted
# services can prove (that they show the SARIF, JUnit and artifact files) is not.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs python3 jq git qemu-img packer pre-commit ssh-keygen
needs_image bios-ext4
needs_image device-names
python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"

examples=$SOURCE_DIR/docs/ci
mkdir bin clean bad
ln -s "$IMGPORT" bin/imgport
PATH=$work/bin:$PATH
for kind in clean bad; do
  mkdir "$kind/images" "$kind/output"
done
qemu-img convert -O qcow2 "$TEST_IMAGES/bios-ext4.raw" clean/images/disk.qcow2
qemu-img convert -O qcow2 "$TEST_IMAGES/device-names.raw" bad/images/disk.qcow2

# run_steps NAME: the commands on standard input, each as the service runs them: in order, until one fails; those
# that run always come after.
run_steps() {
  local kind wanted
  cat >"$1.steps"
  for kind in clean bad; do
    wanted=$([ "$kind" = clean ] && echo 0 || echo 1)
    (cd "$kind" && rm -rf reports && GITHUB_STEP_SUMMARY=summary.md expect_exit "$wanted" bash -e "../$1.steps") ||
      fail "$1 on the $kind image"
    [ -s "$kind/reports/imgport.html" ] || fail "$1: no page for the $kind image"
  done
}

# yaml_steps FILE: the shell commands of a GitHub or GitLab job.
yaml_steps() {
  python3 - "$1" <<'PYTHON'
import sys, yaml
jobs = yaml.safe_load(open(sys.argv[1]))
if "jobs" in jobs:
    steps = [step for job in jobs["jobs"].values() for step in job["steps"] if "run" in step]
    first = [step["run"] for step in steps if "if" not in step]
    always = [step["run"] for step in steps if step.get("if") == "always()"]
    print("trap '%s' EXIT" % "; ".join(run.strip() for run in always))
    print("\n".join(first))
else:
    print("\n".join(line for job in jobs.values() if isinstance(job, dict) for line in job["script"]))
PYTHON
}

yaml_steps "$examples/github-actions.yml" | run_steps github
for kind in clean bad; do
  expect_equal "github: SARIF of the $kind image" "$(jq -r .version "$kind/reports/imgport.sarif")" 2.1.0
  [ -s "$kind/summary.md" ] || fail "github: no summary of the $kind image"
done
yaml_steps "$examples/gitlab-ci.yml" | run_steps gitlab
sed -n "s/^ *sh '\(.*\)'$/\1/p" "$examples/Jenkinsfile" | run_steps jenkins
expect_equal "jenkins: steps" "$(wc -l <jenkins.steps)" 2
for kind in clean bad; do
  expect_equal "jenkins: the $kind image" "$(python3 -c 'import sys, xml.etree.ElementTree as tree
print(int(tree.parse(sys.argv[1]).find(".//failure") is not None))' "$kind/reports/imgport.xml")" "$([ "$kind" = clean ] && echo 0 || echo 1)"
done

# Packer itself runs the template, with a builder that needs no virtual machine.
sed 's/source\.qemu\.debian/source.null.debian/' "$examples/packer.pkr.hcl" >template.pkr.hcl
printf 'source "null" "debian" {\n  communicator = "none"\n}\n' >>template.pkr.hcl
for kind in clean bad; do
  ln -f "$kind/images/disk.qcow2" "$kind/output/debian.qcow2"
  (cd "$kind" && CHECKPOINT_DISABLE=1 PACKER_CONFIG_DIR=$work PACKER_CACHE_DIR=$work/cache \
    expect_exit "$([ "$kind" = clean ] && echo 0 || echo 1)" packer build ../template.pkr.hcl) || fail "packer, $kind"
done
[ -s clean/artifacts/debian.manifest.json ] || fail "packer: nothing was prepared"
expect_no_file bad/artifacts

# The template that goes all the way to the cloud: valid as it is, QEMU's part included; and its end is run, without the
# machine and without the cloud. That the machine starts and shuts down only a real build can show.
export CHECKPOINT_DISABLE=1 PACKER_CONFIG_DIR=$work PACKER_CACHE_DIR=$work/cache
ssh-keygen -q -t ed25519 -N '' -f key
expect_exit 0 packer validate -var base_image=clean/images/disk.qcow2 -var base_checksum=none \
  -var ssh_private_key_file=key "$examples/packer-import.pkr.hcl"
sed -e '/^source "qemu"/,/^}/d' -e '/provisioner "shell"/,/^  }/d' -e 's/source\.qemu\./source.null./' \
  "$examples/packer-import.pkr.hcl" >import.pkr.hcl
printf 'source "null" "debian" {\n  communicator = "none"\n}\n' >>import.pkr.hcl
export IMGPORT_REGION=cn-hangzhou IMGPORT_BUCKET=images
for kind in clean bad; do
  rm -rf "$kind/artifacts"
  mkdir "$kind/store"
  (cd "$kind" && expect_exit "$([ "$kind" = clean ] && echo 0 || echo 1)" packer build -var base_image=none \
    -var base_checksum=none -var import=false -var "upload=dir:$PWD/store" ../import.pkr.hcl) || fail "packer import, $kind"
done
cmp clean/artifacts/debian.qcow2 clean/store/debian.qcow2 || fail "packer import: nothing was handed over"
expect_equal "packer import: what the call will say" "$(jq -c '.import | [.RegionId, .ImageName] +
  (.DiskDeviceMapping[0] | [.OSSBucket, .OSSObject])' clean/store/debian.manifest.json)" \
  '["cn-hangzhou","debian-12-ours","images","debian-12-ours.qcow2"]'
expect_empty_dir bad/store
# Left to itself it uploads and imports; keys are no part of the command.
printf '#!/bin/sh\necho "$*" >called\n' >bin/called
chmod +x bin/called
ln -sf called bin/imgport
(cd clean && expect_exit 0 packer build -var base_image=none -var base_checksum=none ../import.pkr.hcl)
expect_text clean/called '--upload oss://images/debian-12-ours.qcow2 --import$'
ln -sf "$IMGPORT" bin/imgport

# pre-commit takes the hook out of a repository, so it gets one.
export HOME=$work PRE_COMMIT_HOME=$work/pre-commit GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@example.org
git config --global core.compression 0 # the images are large
git init -q -b main hooks
cp "$SOURCE_DIR/.pre-commit-hooks.yaml" hooks
git -C hooks add -A
git -C hooks commit -qm hooks
git -C hooks tag v0.1.0
for kind in clean bad; do
  git init -q -b main "$kind"
  sed "s,https://github.com/OWNER/imgport.*,$work/hooks," "$examples/pre-commit-config.yaml" >"$kind/.pre-commit-config.yaml"
  git -C "$kind" add .pre-commit-config.yaml images
  (cd "$kind" && expect_exit "$([ "$kind" = clean ] && echo 0 || echo 1)" pre-commit run --all-files) ||
    fail "pre-commit, $kind"
  expect_text "$kind/out" "imgport check.*$([ "$kind" = clean ] && echo Passed || echo Failed)"
done
