#!/usr/bin/env bash
# Block devices as a source: loop devices over files, each result compared with that from the file.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/e2e/ssh_server.sh"
needs jq sfdisk mkfs.ext4 losetup unshare
needs_image bios-ext4
[ "$(id -u)" -eq 0 ] || skip "ONLY ROOT MAKES LOOP DEVICES; NOTHING WAS TESTED"

small_disk disk.raw
loops=()
release() {
  local status=$?
  umount mnt 2>/dev/null || true
  [ ${#loops[@]} -eq 0 ] || losetup -d "${loops[@]}"
  [ -z "${ssh_server:-}" ] || stop_ssh_server
  if (exit "$status"); then finish; else finish; fi # which looks at the status
}
trap release EXIT
# attach FILE: its device is then $device.
attach() {
  device=$(losetup --find --show --partscan "$1" 2>why) ||
    skip "THIS MACHINE MAKES NO LOOP DEVICES ($(head -n 1 why)); NOTHING WAS TESTED"
  loops+=("$device")
}
attach disk.raw
name=$(basename "$device")

# The same disk.
expect_exit 0 "$IMGPORT" probe --format json "$device"
expect_equal "format" "$(jq -r '.images[0] | "\(.format) \(.virtual_size) \(.file_size) \(.details.content)"' out)" \
  "raw 67108864 67108864 mbr"
expect_equal "hazards" "$(jq -c '.images[0].hazards' out)" "[]"
expect_exit 0 "$IMGPORT" digest "$device" disk.raw
expect_exit 0 "$IMGPORT" convert "$device" device.qcow2 --compression fast --verify content
expect_exit 0 "$IMGPORT" convert disk.raw file.qcow2 --compression fast --verify content
cmp device.qcow2 file.qcow2 || fail "the device gives another artifact than its file"
if command -v qemu-img >/dev/null; then
  expect_exit 0 "$IMGPORT" convert "$device" by-qemu.raw --engine qemu --verify content
  cmp by-qemu.raw disk.raw || fail "by qemu-img the device gives another disk"
fi

# The whole job, named after the device. A whole system in the long run only.
expect_exit 0 "$IMGPORT" prepare "$device" --output out.d --role data --fail-on never
manifest=out.d/$name.manifest.json
expect_equal "source" "$(jq -r '.source | "\(.file) \(.format) \(.consistency)"' "$manifest")" "$name raw null"
expect_exit 0 "$IMGPORT" verify "$manifest"
attach "$TEST_IMAGES/bios-ext4.raw"
expect_exit 0 "$IMGPORT" inspect --format json "$device"
expect_equal "guest" "$(jq -r .guest.os.id out)" debian
if [ -n "${IMGPORT_FULL:-}" ]; then
  expect_exit 0 "$IMGPORT" prepare "$device" --output out.d --image-name debian
  expect_exit 0 "$IMGPORT" digest "$device" "out.d/$(basename "$device").qcow2"
fi

# A partition.
device=/dev/$name
if [ -b "${device}p1" ]; then
  expect_exit 0 "$IMGPORT" probe --format json "${device}p1"
  expect_equal "hazards" "$(jq -r '.images[0].hazards[] | .id' out)" partition
  expect_text out "is a partition of /dev/$name"
else
  echo "not tested: a partition (the kernel makes no devices for them here)"
fi

# A disk in use.
truncate -s 16M filesystem.raw
mkfs.ext4 -q -F filesystem.raw
attach filesystem.raw
used=$(basename "$device")
mkdir mnt
if mount -o ro "$device" mnt 2>why; then
  expect_exit 0 "$IMGPORT" probe --format json "$device"
  expect_equal "hazards" "$(jq -r '.images[0].hazards[] | .id' out)" in-use
  expect_text out "/dev/$used is mounted on $work/mnt"
  expect_exit 0 "$IMGPORT" prepare "$device" --output used --fail-on never --role data
  expect_text err "in use.*crash-consistent"
  expect_equal "consistency" "$(jq -r .source.consistency "used/$used.manifest.json")" crash
  umount mnt
  # Where only others see the mount.
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private sh -c 'mount -o ro "$1" mnt && touch mounted && exec sleep 60' sh "$device" &
  holder=$!
  for _ in $(seq 100); do [ ! -e mounted ] || break; sleep 0.1; done
  expect_exit 0 "$IMGPORT" probe --format json "$device"
  kill "$holder"
  wait "$holder" 2>/dev/null || true
  expect_text out "is claimed by the kernel"
else
  rmdir mnt
  echo "not tested: a mounted disk ($(head -n 1 why))"
fi

# A device is the disk that it is, whatever a guest wrote on it.
cp file.qcow2 trap.raw
truncate -s 64M trap.raw
attach trap.raw
expect_exit 3 "$IMGPORT" convert "$device" trap.qcow2
expect_text err "begins or ends like qcow2: a device is read as the disk that it is"
expect_exit 3 "$IMGPORT" check "$device"
expect_no_file trap.qcow2

# Nobody may: an ordinary user is told whom to ask.
if command -v setpriv >/dev/null && chmod 711 "$work" && [ -x "$IMGPORT" ]; then
  setpriv --reuid 65534 --regid 65534 --clear-groups "$IMGPORT" probe "$device" >out 2>err && fail "a closed device was read"
  expect_text out "use sudo, or join the group"
fi

# The same from afar.
start_ssh_server
trap release EXIT
expect_exit 0 "$IMGPORT" digest "ssh://web1/dev/$name" disk.raw
expect_exit 0 "$IMGPORT" probe --format json "ssh://web1/dev/$name"
expect_equal "format" "$(jq -r '.images[0] | "\(.format) \(.virtual_size) \(.hazards | length)"' out)" "raw 67108864 0"
if [ -d mnt ] && ssh web1 mount -o ro "/dev/$used" "$work/mnt" 2>why; then
  expect_exit 0 "$IMGPORT" prepare "ssh://web1/dev/$used" --output far-used --fail-on never --role data
  expect_text err "/dev/$used is mounted on $work/mnt"
  expect_equal "consistency" "$(jq -r .source.consistency "far-used/web1-$used.manifest.json")" crash
  expect_equal "source" "$(jq -r .source.file "far-used/web1-$used.manifest.json")" "ssh://web1/dev/$used"
  # shellcheck disable=SC2029 # the same folder there
  ssh web1 umount "$work/mnt"
fi
