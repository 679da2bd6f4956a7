#!/usr/bin/env bash
# All the way in one command: a VMDK of a real guest is checked, converted, uploaded in parts and imported, against test
# servers that check every signature with the vendor's code. IMGPORT_TRANSCRIPT=FILE keeps what was printed, which is what
# the README shows.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs qemu-img jq
needs_oss_front
needs_ecs
needs_image bios-ext4

export OSS_FRONT_ID=LTAIlastMileKey OSS_FRONT_SECRET=lAsTmIlEsEcReT0123456789
export ECS_ID=$OSS_FRONT_ID ECS_SECRET=$OSS_FRONT_SECRET
export ALIBABA_CLOUD_ACCESS_KEY_ID=$OSS_FRONT_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET=$OSS_FRONT_SECRET
export HOME=$work IMGPORT_TEST_LOOK_MS=200
start_oss_front oss --store store
start_ecs ecs --oss "http://127.0.0.1:$oss_port"

qemu-img convert -f raw -O vmdk "$TEST_IMAGES/bios-ext4.raw" debian.vmdk
expect_exit 0 "$IMGPORT" prepare debian.vmdk --output made --image-name debian-12 --region cn-hangzhou \
  --upload oss://imgs/debian-12.qcow2 --endpoint "http://127.0.0.1:$oss_port" \
  --import --api-endpoint "http://127.0.0.1:$ecs_port"
rm debian.vmdk
expect_text out '^handed over to oss://imgs/debian-12.qcow2 '
expect_text out '^image m-[0-9a-f]+ is available in cn-hangzhou, task t-[0-9a-f]+, snapshot s-[0-9a-f]+$'
cat err out >transcript
[ -z "${IMGPORT_TRANSCRIPT:-}" ] || cp transcript "$IMGPORT_TRANSCRIPT"
manifest=made/debian.manifest.json
receipt=made/debian.receipt.json

# What lies in the store is what the manifest vouches for, and what was imported is that.
curl -sS "http://127.0.0.1:$oss_port/__object/imgs/debian-12.qcow2" >back.qcow2
expect_equal "the object's digest" "$(sha256sum back.qcow2 | cut -d' ' -f1)" "$(jq -r .artifact.sha256 "$manifest")"
qemu-img compare -q -f raw -F qcow2 "$TEST_IMAGES/bios-ext4.raw" back.qcow2 || fail "the content differs"
expect_equal "the receipt's proof" "$(jq -r .upload.server_crc64ecma "$receipt")" "$(jq -r .artifact.crc64ecma "$manifest")"
expect_equal "the import" "$(ecs_control GET state | jq -c '[.imports, (.images[0].parameters | .ImageName, .OSType,
  .Platform, .Architecture, .BootMode, .["Features.NvmeSupport"], .["DiskDeviceMapping.1.OSSObject"],
  .["DiskDeviceMapping.1.DiskImageSize"])]')" \
  '[1,"debian-12","linux","Debian","x86_64","BIOS","supported","debian-12.qcow2","8"]'
expect_equal "the receipt's image" "$(jq -r .import.image_id "$receipt")" "$(ecs_control GET state | jq -r '.images[0].id')"
expect_no_uploads imgs

# The same by single verbs: both see that it is done already.
rm back.qcow2
expect_exit 0 "$IMGPORT" import "$manifest" --api-endpoint "http://127.0.0.1:$ecs_port"
expect_text out 'imported before'
# Without the receipt the object itself is looked at; a changed one is not imported.
jq 'del(.upload, .import)' "$receipt" >without && cp without "$receipt"
expect_exit 0 "$IMGPORT" import "$manifest" --api-endpoint "http://127.0.0.1:$ecs_port" \
  --endpoint "http://127.0.0.1:$oss_port" --dry-run --image-name debian-12b
jq '.artifact.crc64ecma = "1"' "$manifest" >changed && cp changed "$manifest"
expect_exit 5 "$IMGPORT" import "$manifest" --api-endpoint "http://127.0.0.1:$ecs_port" \
  --endpoint "http://127.0.0.1:$oss_port" --dry-run --image-name debian-12b
expect_text err 'CRC-64'

# What cannot be imported in the end is said before any work.
expect_exit 2 "$IMGPORT" prepare "$TEST_IMAGES/bios-ext4.raw" --output no --upload oss://imgs/x.qcow2 --import
expect_text err 'which region'
expect_no_file no
if grep -rqE "$ECS_SECRET|$ECS_ID" transcript out err; then fail "a secret was shown"; fi
checks=$((checks + 1))
