#!/usr/bin/env bash
# The whole job on a real guest: VMDK in, verified QCOW2 and manifest out, handed over twice; an OVA with a data disk;
# the same input gives the same manifest.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img jq
needs_image bios-ext4
needs_image no-virtio-initramfs

qemu-img convert -f raw -O vmdk -o subformat=streamOptimized "$TEST_IMAGES/bios-ext4.raw" web.vmdk
mkdir shelf
cat >send.sh <<'SCRIPT'
#!/bin/sh
echo "$1" >"$(dirname "$0")/sent"
echo "$IMGPORT_ARTIFACT $IMGPORT_MANIFEST $IMGPORT_DESTINATION" >>"$(dirname "$0")/sent"
SCRIPT
chmod +x send.sh

expect_exit 0 "$IMGPORT" prepare web.vmdk --output out1 --image-name web-1 --upload dir:shelf --format json \
  --object 'https://images.oss-cn-hangzhou.aliyuncs.com/web/web-1.qcow2?Expires=1&Signature=sEcReT'
mv out report.json
expect_equal verdict "$(jq -r '.images[0].verdict' report.json)" pass
manifest=out1/web.manifest.json
expect_equal "the artifact's digest" "$(sha256sum out1/web.qcow2 | cut -d' ' -f1)" "$(jq -r .artifact.sha256 $manifest)"
expect_equal "what was handed over" "$(sha256sum shelf/web.qcow2 | cut -d' ' -f1)" "$(jq -r .artifact.sha256 $manifest)"
cmp shelf/web.manifest.json $manifest || fail "the manifest was not handed over"
qemu-img compare -q -f raw -F qcow2 "$TEST_IMAGES/bios-ext4.raw" out1/web.qcow2 || fail "the content differs"
qemu-img check -q -f qcow2 out1/web.qcow2 || fail "qemu-img check"
expect_equal import "$(jq -c '.import | [.RegionId, .ImageName, .Platform, .Architecture, .BootMode, .OSType,
  .DiskDeviceMapping[0]]' $manifest)" \
  '["cn-hangzhou","web-1","Debian","x86_64","BIOS","linux",{"Format":"QCOW2","OSSBucket":"images","OSSObject":"web/web-1.qcow2","DiskImageSize":8}]'
if grep -rq sEcReT out1 report.json err; then fail "a signature was kept"; fi

expect_exit 0 "$IMGPORT" verify $manifest
expect_exit 0 "$IMGPORT" upload $manifest "command:./send.sh one"
expect_equal "the command's argument" "$(head -n 1 sent)" one
expect_equal "the command's environment" "$(tail -n 1 sent)" \
  "$work/out1/web.qcow2 $work/out1/web.manifest.json oss://images/web/web-1.qcow2"
expect_exit 4 "$IMGPORT" upload $manifest command:false

# One flipped byte does not verify.
cp -r out1 broken
flip_byte broken/web.qcow2 400000
expect_exit 5 "$IMGPORT" verify broken/web.manifest.json
rm -rf broken shelf out1/web.qcow2

# The same again: the same manifest, byte for byte, and so the same artifact.
mv $manifest first.json
expect_exit 0 "$IMGPORT" prepare web.vmdk --output out1 --image-name web-1 \
  --object 'https://images.oss-cn-hangzhou.aliyuncs.com/web/web-1.qcow2'
expect_exit 0 cmp $manifest first.json
rm -rf out1

# A fault: exit code 1, nothing written. --fail-on never writes, and says so in the manifest.
mkdir target
expect_exit 1 "$IMGPORT" prepare "$TEST_IMAGES/no-virtio-initramfs.raw" --output target
expect_text out 'virtio-initramfs'
expect_empty_dir target
expect_exit 0 "$IMGPORT" prepare "$TEST_IMAGES/no-virtio-initramfs.raw" --output target --fail-on never
expect_equal "the manifest's verdict" "$(jq -r .check.verdict target/no-virtio-initramfs.manifest.json)" fail
rm -rf target

# What contradicts the image or the documents is an error.
for wrong in '--architecture arm64' '--boot-mode UEFI' '--image-name 1web'; do
  status=0
  # shellcheck disable=SC2086  # several words
  "$IMGPORT" prepare web.vmdk --output target $wrong >out 2>err || status=$?
  [ "$status" -eq 2 ] || [ "$status" -eq 1 ] || fail "prepare $wrong: exit code $status"
  expect_no_file target/web.qcow2
done

# An OVA: the system disk and a data disk, each an artifact of its own.
qemu-img create -q -f raw data.raw 6G
mkfs.ext4 -q -F data.raw
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized data.raw data.vmdk
"$SOURCE_DIR/tests/e2e/make_ova.sh" machine.ova web.vmdk 8589934592 data.vmdk 6442450944
rm web.vmdk data.vmdk
expect_exit 0 "$IMGPORT" prepare machine.ova --output ova
expect_equal "the OVA's artifacts" "$(cd ova && echo ./*)" \
  "./machine-data1.manifest.json ./machine-data1.qcow2 ./machine.manifest.json ./machine.qcow2"
qemu-img compare -q -f raw -F qcow2 "$TEST_IMAGES/bios-ext4.raw" ova/machine.qcow2 || fail "the system disk differs"
qemu-img compare -q -f raw -F qcow2 data.raw ova/machine-data1.qcow2 || fail "the data disk differs"
expect_equal "the disks in the import" "$(jq -c '[.import.DiskDeviceMapping[].DiskImageSize]' ova/machine.manifest.json)" \
  '[8,6]'
