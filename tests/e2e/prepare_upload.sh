#!/usr/bin/env bash
# One command from a disk to an object: the system disk under the key that was asked for, its data disk beside it, and
# both manifests say so; what contradicts itself is refused before anything is done.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_upload.sh"
needs_oss_front
needs qemu-img mkfs.ext4 sfdisk

start_oss_front front --store store
small_disk web.raw
small_disk data.raw
prepared() {
  "$IMGPORT" prepare "$@" --fail-on never --allow-unknown --inspector native --endpoint "http://127.0.0.1:$oss_port" \
    --region cn-hangzhou --quiet
}
# object KEY: its SHA-256.
object() {
  curl -sS --fail "http://127.0.0.1:$oss_port/__object/imgs/$1" | sha256sum | cut -d' ' -f1
}

expect_exit 0 prepared web.raw --data-disk data.raw --output one --upload oss://imgs/disks/web-1.qcow2
expect_equal "the system disk" "$(object disks/web-1.qcow2)" "$(jq -r .artifact.sha256 one/web.manifest.json)"
expect_equal "the data disk" "$(object disks/web-data1.qcow2)" "$(jq -r .artifact.sha256 one/web-data1.manifest.json)"
expect_equal "where they are imported from" \
  "$(jq -r '.import | .RegionId, (.DiskDeviceMapping[] | .OSSBucket, .OSSObject)' one/web.manifest.json | xargs)" \
  "cn-hangzhou imgs disks/web-1.qcow2 imgs disks/web-data1.qcow2"
expect_equal "receipts" "$(jq -r .upload.destination one/*.receipt.json | xargs)" \
  "oss://imgs/disks/web-data1.qcow2 oss://imgs/disks/web-1.qcow2"
expect_text out 'handed over to oss://imgs/disks/web-1.qcow2'
expect_no_uploads imgs

# What was not looked into is measured all the same.
expect_exit 0 prepared web.raw --output unseen --to raw --verify none --upload oss://imgs/unseen/
expect_equal "the size of what was not verified" "$(jq .artifact.file_size unseen/web.manifest.json)" "$(stat -c %s unseen/web.raw)"

# Several images go into a folder.
expect_exit 0 prepared web.raw data.raw --output two --upload oss://imgs/two/
expect_equal "objects" "$(oss_control GET objects/imgs | jq -r '.[].key' | grep ^two | sort | xargs)" "two/data.qcow2 two/web.qcow2"
expect_exit 2 prepared web.raw data.raw --output three --upload oss://imgs/three
expect_text err 'a key that ends with /'

# Contradictions.
expect_exit 2 prepared web.raw --output three --upload oss://imgs/a.qcow2 --object b.qcow2
expect_text err 'OSSObject'
expect_exit 2 prepared web.raw --output three --upload oss://imgs/a.qcow2 --bucket others
expect_text err 'OSSBucket'
expect_exit 2 "$IMGPORT" prepare web.raw --output three --fail-on never --allow-unknown --inspector native --region cn-beijing \
  --upload https://imgs.oss-cn-hangzhou.aliyuncs.com/a.qcow2
expect_exit 2 "$IMGPORT" upload one/web.manifest.json oss://imgs/elsewhere --endpoint "http://127.0.0.1:$oss_port"
expect_text err 'is to be imported from oss://imgs/disks/web-1.qcow2'
expect_exit 2 "$IMGPORT" upload one/web.manifest.json oss://imgs/disks/web-1.qcow2 --region cn-beijing \
  --endpoint "http://127.0.0.1:$oss_port"
expect_text err 'RegionId'
expect_exit 2 "$IMGPORT" prepare web.raw --output three --fail-on never --allow-unknown --inspector native --upload oss://imgs/a.qcow2
expect_text err 'region'
ALIBABA_CLOUD_ACCESS_KEY_ID='' ALIBABA_CLOUD_ACCESS_KEY_SECRET='' expect_exit 2 prepared web.raw --output three --upload oss://imgs/a.qcow2
expect_text err 'ALIBABA_CLOUD_ACCESS_KEY_ID'
expect_no_file three

# A refused upload is no loss: what was prepared is there, and the upload alone goes on. So does the whole command, which
# makes the same artifact again.
small_parts() {
  prepared web.raw --output four --upload oss://imgs/four.qcow2 --part-size 102400 --parallel 1 "$@"
}
plan_fault '{"kind": "deny", "action": "UploadPart", "after": 3, "times": 99}'
expect_exit 4 small_parts
expect_text err 'imgport upload four/web.manifest.json oss://imgs/four.qcow2 .with the same options. goes on'
expect_exit 2 small_parts
expect_text err 'its upload is unfinished: imgport upload four/web.manifest.json oss://imgs/four.qcow2 goes on with it'
expect_exit 4 small_parts --overwrite
oss_control DELETE faults
expect_exit 0 "$IMGPORT" upload four/web.manifest.json oss://imgs/four.qcow2 --endpoint "http://127.0.0.1:$oss_port"
expect_equal "the object" "$(object four.qcow2)" "$(jq -r .artifact.sha256 four/web.manifest.json)"
expect_equal "parts that were stored twice" "$(oss_control GET log |
  jq -r '.[] | select(.action == "UploadPart" and .key == "four.qcow2" and .status == 200).part' | sort | uniq -d)" ""
expect_no_uploads imgs
