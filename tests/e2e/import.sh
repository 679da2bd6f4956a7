#!/usr/bin/env bash
# The import call and its task, against a pretended ECS endpoint that checks every signature with the vendor's code: the
# way through, what is lost on it, kill -9 and Ctrl-C while it is followed, no's of every kind, and no key in any output.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs_ecs
needs mkfs.ext4 sfdisk

export ECS_ID=LTAIimportTestKey ECS_SECRET=iMpOrTtEsTsEcReT0123456789
export ALIBABA_CLOUD_ACCESS_KEY_ID=$ECS_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET=$ECS_SECRET
export HOME=$work IMGPORT_TEST_LOOK_MS=20
start_ecs ecs
api=(--api-endpoint "http://127.0.0.1:$ecs_port")

small_disk disk.raw
expect_exit 0 "$IMGPORT" prepare disk.raw --output prepared --fail-on never --image-name web-1 --region cn-hangzhou \
  --object oss://imgs/a/disk.qcow2
expect_equal "the disk's role" "$(jq -r .role prepared/disk.manifest.json)" system

# begin FOLDER [NAME]: a folder of its own with the artifact, as if it had been uploaded, and an image's name of its own;
# import is the command.
begin() {
  cp -r prepared "$1"
  manifest=$1/disk.manifest.json
  receipt=$1/disk.receipt.json
  jq --arg name "${2:-$1}" '.import.ImageName = $name' prepared/disk.manifest.json >"$manifest"
  jq '{schema: "imgport.receipt/1", manifest: "disk.manifest.json", upload: {destination: "oss://imgs/a/disk.qcow2",
    bucket: "imgs", key: "a/disk.qcow2", region: "cn-hangzhou", size: .artifact.file_size, sha256: .artifact.sha256,
    crc64ecma: .artifact.crc64ecma, etag: "x", proof: "the test", completed: "2026-01-01T00:00:00Z"}}' "$manifest" >"$receipt"
  import=("$IMGPORT" import "$manifest" "${api[@]}")
  ecs_control DELETE log
}
told() {
  jq -r ".import.$1" "$receipt"
}
# How often an action was called since begin, and how many imports the cloud has made of all.
calls() {
  ecs_control GET log | jq --arg action "$1" '[.[] | select(.action == $action)] | length'
}
imports() {
  ecs_control GET state | jq .imports
}

# The way through, with both signatures.
for signature in acs3 rpc; do
  begin "way-$signature"
  expect_exit 0 "${import[@]}" --api-signature "$signature"
  expect_text out "^image m-[0-9a-f]+ is available in cn-hangzhou, task t-[0-9a-f]+, snapshot s-[0-9a-f]+$"
  expect_text err 'shows as Failed until the import is done'
  expect_equal "the task's status" "$(told task_status)" Finished
  expect_equal "the image's status" "$(told image_status)" Available
  expect_equal "the signature" "$(ecs_control GET log | jq -r '[.[].signature] | unique | join(" ")')" "$signature"
  expect_equal "the image in the receipt" "$(told image_id)" "$(grep -oE 'm-[0-9a-f]+' out)"
done
expect_equal "what was asked for" "$(ecs_control GET state | jq -c '.images[0].parameters')" \
  '{"DiskDeviceMapping.1.DiskImageSize":"1","DiskDeviceMapping.1.Format":"QCOW2","DiskDeviceMapping.1.OSSBucket":"imgs","DiskDeviceMapping.1.OSSObject":"a/disk.qcow2","ImageName":"way-acs3","RegionId":"cn-hangzhou"}'
# Once more: it is there, and nothing is called but the question after it.
ecs_control DELETE log
expect_exit 0 "${import[@]}"
expect_text out 'is available in cn-hangzhou \(imported before\)'
expect_equal "calls of a second run" "$(ecs_control GET log | jq -r '[.[].action] | join(" ")')" DescribeImages

# Dry run: nothing is imported, nothing is written.
begin dry
before=$(imports)
expect_exit 0 "${import[@]}" --dry-run
expect_text out '^DiskDeviceMapping.1.OSSBucket=imgs$'
expect_text out 'the cloud would take this call'
expect_equal "imports of a dry run" "$(imports)" "$before"
expect_equal "the receipt of a dry run" "$(jq .import "$receipt")" null

# A lost reply, an outage, throttling, a page of a proxy's: one import.
begin lost
before=$(imports)
ecs_control POST faults '[{"action": "ImportImage", "kind": "lose-reply"}, {"action": "ImportImage", "kind": "html"},
  {"action": "DescribeTaskAttribute", "kind": "drop"}, {"action": "DescribeTaskAttribute", "code": "Throttling.User"},
  {"action": "DescribeImages", "code": "ServiceUnavailable", "status": 503, "headers": {"retry-after": "0"}}]'
expect_exit 0 "${import[@]}"
expect_equal "imports after a lost reply" "$(imports)" "$((before + 1))"
expect_equal "tokens of one import" "$(ecs_control GET log | jq '[.[] | select(.action == "ImportImage") | .parameters.ClientToken] | unique | length')" 1
expect_text err 'again in'

# An image that comes late, a task that is not known at first and named as in the documents' sample.
ecs_control POST plan '{"image": ["hidden", "Creating", "hidden", "Available"], "taskHidden": 2, "taskIdName": "ImportTaskId"}'
begin late
expect_exit 0 "${import[@]}"
expect_equal "looks at the image" "$(calls DescribeImages)" 4
expect_equal "tasks asked for by list" "$(calls DescribeTasks)" 2

# kill -9 while it is followed, then Ctrl-C, then a timeout; the same command goes on.
ecs_control POST plan '{"task": [{"status": "Processing", "percent": "12%"}]}'
begin killed
before=$(imports)
"${import[@]}" >out 2>err &
pid=$!
wait_for "the import" 10 grep -q '"task_status": "Processing"' "$receipt"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
"${import[@]}" >out 2>err &
pid=$!
wait_for "the import that goes on" 10 grep -q 'was begun before' err
sleep 0.3
kill -INT "$pid"
status=0
wait "$pid" || status=$?
expect_equal "exit code of Ctrl-C" "$status" 130
expect_text err 'the import goes on in the cloud'
expect_exit 4 "${import[@]}" --timeout 1s
expect_text err 'not done after 1 s \(the task is Processing'
expect_equal "imports of a killed run" "$(imports)" "$((before + 1))"

# It is cancelled, and cancelled it stays.
expect_exit 0 "${import[@]}" --cancel
expect_text out 'was cancelled \(task t-[0-9a-f]+: Deleted\)'
expect_equal "the task's status" "$(told task_status)" Deleted
expect_exit 0 "${import[@]}" --cancel
expect_text out 'had ended already'
ecs_control POST plan '{}'
expect_exit 0 "${import[@]}" --image-name killed-again
expect_text err 'was cancelled; another one is begun'
expect_exit 4 "${import[@]}" --cancel
expect_text err 'has ended already'

# A task that fails says why, and is tried again.
ecs_control POST plan '{"task": [{"status": "Processing", "percent": "50%"},
  {"status": "Failed", "code": "ImageFormatBroken", "message": "The header is bad."}]}'
begin failing
expect_exit 4 "${import[@]}"
expect_text err 'ImageFormatBroken: The header is bad.'
expect_equal "the receipt of a failure" "$(told task_status) $(told error_code)" "Failed ImageFormatBroken"
ecs_control POST plan '{}'
expect_exit 0 "${import[@]}" --image-name failing-2
expect_text err 'has failed \(ImageFormatBroken'

# No's: the role in both spellings, the key's rights, the name, the object, the region.
for code in NoSetRoletoECSServiceAcount NoSetRoletoECSServiceAccount; do
  ecs_control POST plan "{\"role\": false, \"roleCode\": \"$code\"}"
  begin "role-$code"
  expect_exit 4 "${import[@]}"
  expect_text err 'AliyunECSImageImportDefaultRole .*ecs.aliyuncs.com.*AliyunECSImageImportRolePolicy.*oss:GetBucketInfo'
done
ecs_control POST plan '{}'
expect_exit 0 "${import[@]}"
expect_text err 'was refused \(NoSetRoletoECSServiceAccount'
ecs_control POST plan '{"denied": ["ImportImage"]}'
begin denied
expect_exit 4 "${import[@]}"
expect_text err 'permission ecs:ImportImage is missing'
ecs_control POST plan '{}'
before=$(imports)
begin twice way-rpc
expect_exit 4 "${import[@]}" --description "not the same"
expect_text err "ImageName: cn-hangzhou has an image named 'way-rpc' already.*--image-name"
# The same import without its receipt is still the same one.
begin without way-rpc
expect_exit 0 "${import[@]}"
expect_equal "imports without the receipt" "$(imports)" "$before"
begin wrong
expect_exit 2 "${import[@]}" --region cn-beijing
expect_text err "RegionId: --region says 'cn-beijing', the manifest 'cn-hangzhou'"
expect_exit 2 "${import[@]}" --image-name 1web
expect_exit 2 "${import[@]}" --cancel
jq '.upload.sha256 = "0"' "$receipt" >changed && cp changed "$receipt"
expect_exit 5 "${import[@]}"
expect_equal "calls that were wrong before they were made" "$(calls ImportImage)" 0

# A wrong secret, a wrong clock, an unknown key, a token that is none, no key at all, no server.
begin keys
ALIBABA_CLOUD_ACCESS_KEY_SECRET=wRoNgSeCrEt expect_exit 4 "${import[@]}"
expect_text err 'the secret does not belong to the access key.*the environment'
ALIBABA_CLOUD_ACCESS_KEY_ID=LTAIunknownKey0 expect_exit 4 "${import[@]}"
expect_text err 'does not know the access key'
ALIBABA_CLOUD_SECURITY_TOKEN=tOkEnThAtIsNoNe expect_exit 4 "${import[@]}"
expect_text err 'temporary credentials have expired'
ecs_control POST clock '{"offset": 3600}'
expect_exit 4 "${import[@]}"
expect_text err "this machine's clock is wrong"
ecs_control POST clock '{"offset": 0}'
expect_exit 2 "$IMGPORT" import "$manifest" --api-endpoint http://ecs.example.com
expect_exit 2 env -u ALIBABA_CLOUD_ACCESS_KEY_ID -u ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_ECS_METADATA_DISABLED=true \
  "$IMGPORT" import "$manifest" "${api[@]}"

# Replies of another world.
for kind in notjson deep huge types names redirect; do
  begin "odd-$kind"
  ecs_control POST faults "{\"action\": \"ImportImage\", \"kind\": \"$kind\"}"
  expect_exit 4 "${import[@]}"
done

# What was printed, kept or shown in a list of processes has no secret in it; nor the key's id, nor a token.
if grep -rqE "$ECS_SECRET|$ECS_ID|wRoNgSeCrEt|LTAIunknownKey0|tOkEnThAtIsNoNe|Authorization|Signature=" \
  --include=out --include=err --include='*.json' .; then
  fail "a secret was shown"
fi
checks=$((checks + 1))
