#!/usr/bin/env bash
# A batch for Kubernetes, without one: its manifest by the published types and by a list of our own; the container file
# as far as that goes without building a container; and what each index's pod would do, done by hand, two at a time: the
# results are those of a run on this machine.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_batch.sh"
needs node jq qemu-img
modules=${KUBERNETES_MODULES:-$SOURCE_DIR/build/oracles/kubernetes}
[ -d "$modules/node_modules/kubernetes-models" ] ||
  skip "the types of Kubernetes' objects are not in $modules (scripts/oracles fetches them)"
check_job() { node "$SOURCE_DIR/tests/kubernetes/check_job.mjs" --modules "$modules" "$@"; }

mkdir "source disks"
truncate -s 6G template.raw
mkfs.ext4 -q -F template.raw
{
  printf '[defaults]\nrole = "data"\ninspector = "native"\n'
  for i in 0 1 2 3 4 5 6; do
    path="source disks/d$i.raw"
    case $i in
      2) # malformed
        path="source disks/d$i.qcow2"
        printf 'QFI\373\000\000\000\003%0500d' 0 >"$path" ;;
      4) # too small for the profile: a finding
        truncate -s 1G "$path" ;;
      *)
        cp --sparse=always template.raw "$path"
        printf 'image %d' "$i" | dd of="$path" bs=4096 seek=700000 conv=notrunc status=none ;;
    esac
    printf '[[image]]\npath = "%s"\n' "$path"
  done
} >jobs.toml
sync "source disks"/*  # how much is allocated is part of a result, and settles only then

out="$work/out \$(JOB_COMPLETION_INDEX) \"x\""
manifest=$out/.imgport-batch/kubernetes/job.yaml
volumes=(--volume "out=$work" --volume "disks=$work/source disks")
on_kubernetes=("$IMGPORT" batch run jobs.toml --output "$out" --on kubernetes "${volumes[@]}")

# ------------------------------------------------------------------------------------------------------- the manifest
expect_exit 2 "$IMGPORT" batch run jobs.toml --output "$work/nowhere" --on kubernetes --volume "disks=$work/source disks"
expect_text err 'the folder of the batch lies under no --volume'
expect_exit 2 "$IMGPORT" batch run jobs.toml --output "$work/nowhere" --volume "out=$work"
expect_text err 'goes with --on kubernetes'
expect_exit 2 "$IMGPORT" batch run ssh://host/dev/vda --output "$work/nowhere" --on kubernetes "${volumes[@]}"
expect_text err 'another machine'
expect_exit 0 "${on_kubernetes[@]}" --jobs 3 --threads 1 --timeout-per-image 600 --namespace imports \
  --container-image images.example.com/imgport:1
expect_text err '7 images are left: kubectl apply -f '
expect_exit 0 check_job "$manifest"
job() { check_job --json "$manifest" | jq -r "$1"; }
expect_equal "indexes" "$(job '[.spec.completions, .spec.parallelism, .metadata.namespace] | join(" ")')" "7 3 imports"
expect_equal "what is written to" "$(job '[.spec.template.spec.volumes[] | select(.persistentVolumeClaim)
  | "\(.persistentVolumeClaim.claimName):\(.persistentVolumeClaim.readOnly // false)"] | join(" ")')" "out:false disks:true"
expect_equal "where" "$(job '.spec.template.spec.containers[0].volumeMounts[2].mountPath')" "$work/source disks"

# Each of the mistakes that the check claims to know is one that it finds. (One process for all would hide one behind
# another.)
check_job --plants >plants
expect_equal "mistakes to plant" "$(($(wc -l <plants) > 30))" 1
cat >plant.sh <<'SCRIPT'
#!/bin/sh
status=0
node "$1/tests/kubernetes/check_job.mjs" --modules "$2" --plant "$4" "$3" >"found.$4" || status=$?
[ "$status" -eq 1 ] && [ -s "found.$4" ] || echo "$4: exit code $status"
SCRIPT
chmod +x plant.sh
xargs -P 2 -d '\n' -I PLANT ./plant.sh "$SOURCE_DIR" "$modules" "$manifest" PLANT <plants >missed 2>&1
expect_equal "planted mistakes that were not found" "$(cat missed)" ""
expect_text "found.a misspelt field of the Job" 'spec.paralellism: there is no such field'
expect_text "found.a mount without its volume" "no volume 'elsewhere'"

# ------------------------------------------------------------------------------------------------- the container file
container=$out/.imgport-batch/kubernetes/Containerfile
expect_exit 0 cmp "$container" "$SOURCE_DIR/Containerfile"
# Everything that it copies is there, and the build needs nothing else: CMake is content with it.
mkdir tree
sed -n 's/^COPY \([^-].*\) [^ ]*$/\1/p' "$container" | tr ' ' '\n' >copied
expect_equal "copied" "$(wc -l <copied)" 7
while read -r path; do
  mkdir -p "tree/$(dirname "$path")"
  cp -r "$SOURCE_DIR/$path" "tree/$path"
done <copied
expect_exit 0 cmake -S tree -B configured -G Ninja -DCMAKE_BUILD_TYPE=Release -DIMGPORT_TESTS=OFF
# Its packages exist, and hold all that the program is linked with.
sed -n '/apt-get install/,/&& rm/p' "$container" | grep -oE '^ {4}[a-z].*[^\\ ]' | tr -s ' ' '\n' | sed '/^$/d' | sort >packages
if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
  xargs apt-cache policy <packages >candidates 2>/dev/null
  expect_equal "packages that are there" "$(grep -c '^  Candidate: [^(]' candidates)" "$(wc -l <packages)"
else
  echo "not checked here: whether the container's packages exist (no package lists)"
fi
for file in "$IMGPORT" "$BUILD_DIR"/libimgport.so.0 "$BUILD_DIR"/imgport/*.so; do
  objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }'
done | sort -u | grep -vE '^(lib(c|m|gcc_s)\.so|ld-linux|libimgport\.so)' >needed
while read -r library; do
  dpkg -S "*/$library" | sed 's/:.*//' | sort -u >owners
  grep -qxFf owners packages || fail "$library is in none of the container's packages ($(xargs <owners))"
  checks=$((checks + 1))
done <needed

# ---------------------------------------------------------------------------------------------------- what pods would do
# pod INDEX: runs what the manifest has for it, as a kubelet expands it.
cat >pod.sh <<'SCRIPT'
#!/bin/sh
manifest=$1
index=$2
eval "set -- $(jq -r --arg index "$index" '.spec.template.spec.containers[0].command
  | map(gsub("\\$\\$"; "\u0001") | gsub("\\$\\(JOB_COMPLETION_INDEX\\)"; $index) | gsub("\u0001"; "$")) | @sh' "$manifest")"
shift
"$IMGPORT" "$@" >"pod.$index.out" 2>&1
echo "$?" >"pod.$index.status"
SCRIPT
chmod +x pod.sh
export IMGPORT
# pods INDEX...: two at a time.
pods() {
  check_job --json "$manifest" >job.json
  printf '%s\n' "$@" | xargs -P 2 -I INDEX ./pod.sh job.json INDEX
}
pods 3 1 2
expect_equal "exit codes" "$(cat pod.1.status pod.2.status pod.3.status | xargs)" "0 3 0"
expect_exit 0 "$IMGPORT" batch status "$out" --format json
expect_equal "seen before it is gathered" "$(jq -c '[.done, .failed, .left, .active]' out)" "[2,1,4,false]"
expect_exit 3 "${on_kubernetes[@]}"
expect_text out '7 images: 2 done, 1 failed, 4 left'
expect_exit 0 check_job "$manifest"
expect_equal "the rest" "$(job '.spec.completions, .spec.template.spec.containers[0].command[8]' | xargs)" "4 0,4-6"
pods 0 1 2 3
expect_equal "exit codes" "$(cat pod.[0123].status | xargs)" "0 1 0 0"
status=0
"${on_kubernetes[@]}" >out 2>err || status=$?
expect_text err 'every image is finished'
expect_no_file "$out/.imgport-batch/kubernetes"
local_status=0
"$IMGPORT" batch run jobs.toml --output here >/dev/null 2>&1 || local_status=$?
expect_equal "exit code, as of a run here" "$status" "$local_status"
expect_same_results here "$out"
# A retry that is given twice gathers what pods have done between, and says what would.
on_kubernetes_retry=("$IMGPORT" batch retry "$out" d0 --on kubernetes "${volumes[@]}")
expect_exit 3 "${on_kubernetes_retry[@]}"
expect_text err 'has ended, imgport batch run --output .* --on kubernetes --volume '
pods 0
before=$(stat -c %i "$out/d0.qcow2")
expect_exit 3 "${on_kubernetes_retry[@]}"
expect_text err 'every image is finished'
expect_exit 3 "$IMGPORT" batch run --output "$out"
expect_equal "the pod's artifact" "$(stat -c %i "$out/d0.qcow2")" "$before"
expect_same_results here "$out"
# What pods have done is finished for a run here as well.
expect_exit 3 "$IMGPORT" batch run --output "$out"
expect_equal "started here" "$(grep -c '"event":"start"' "$out/.imgport-batch/journal.jsonl" || true)" 0
