#!/usr/bin/env bash
# Free space and swap are left out: 500 MB of random bytes that were written and deleted do not reach the output, the
# checkers of ext4, XFS and btrfs find nothing to complain of in it, and every file is what it was.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img mke2fs debugfs e2fsck mkfs.xfs xfs_db xfs_repair mkfs.btrfs btrfs sfdisk mkswap swaplabel jq

dead=$((500 * 1000 * 1000))
start=$((1024 * 1024)) # of the partition
part=$((1200 * 1024 * 1024))

mkdir -p content/etc content/usr/lib
echo guest >content/etc/hostname
for i in $(seq 1 200); do head -c $((i * 517)) /dev/urandom >"content/usr/lib/file-$i"; done
seq 1 500000 >content/usr/text

# new_disk FILE: one partition at 1 MiB, a swap partition behind it.
new_disk() {
  truncate -s $((start + part + 64 * 1024 * 1024 + start)) "$1"
  printf 'label: dos\nstart=2048, size=%d\nsize=%d, type=82\n' $((part / 512)) $((64 * 2048)) | sfdisk -q "$1" >/dev/null
  truncate -s 64M swap
  mkswap -q -L pages -U 01234567-89ab-cdef-0123-456789abcdef swap
  head -c 30000000 /dev/urandom | dd of=swap bs=1M seek=2 conv=notrunc iflag=fullblock status=none
  dd if=swap of="$1" bs=1M seek=$(((start + part) / 1024 / 1024)) conv=notrunc,sparse status=none
}

# into_disk VOLUME DISK: as its first partition.
into_disk() {
  dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
}

# rubbish FILE OFFSET LENGTH: random bytes there.
rubbish() {
  head -c "$3" /dev/urandom | dd of="$1" bs=1M seek="$2" oflag=seek_bytes iflag=fullblock conv=notrunc status=none
}

make_ext4() {
  truncate -s "$part" volume
  mke2fs -q -F -t ext4 -d content volume
  head -c "$dead" /dev/urandom >big
  debugfs -w -R 'write big /big' volume >/dev/null 2>&1
  debugfs -w -R 'rm /big' volume >/dev/null 2>&1
  e2fsck -fy volume >/dev/null 2>&1 || [ $? -eq 1 ]
  rm big
}

# Nothing deletes a file of an XFS or btrfs that is not mounted: its bytes go to where such a file would have left them.
make_xfs() {
  truncate -s "$part" volume
  {
    printf '/\n0 0\nd--755 0 0\n'
    printf 'etc d--755 0 0\nhostname ---644 0 0 content/etc/hostname\n$\n'
    printf 'usr d--755 0 0\ntext ---644 0 0 content/usr/text\nlib d--755 0 0\n'
    for i in $(seq 1 200); do printf 'file-%d ---644 0 0 content/usr/lib/file-%d\n' "$i" "$i"; done
    printf '$\n$\n$\n'
  } >proto
  mkfs.xfs -q -f -p proto volume
  local block group agblocks left=$dead first count
  block=$(xfs_db -r -c 'sb 0' -c 'p blocksize' volume | sed 's/.* = //')
  agblocks=$(xfs_db -r -c 'sb 0' -c 'p agblocks' volume | sed 's/.* = //')
  # The largest extents, less what the filesystem keeps for its own trees at either end.
  while read -r group first count; do
    count=$(((count - 64) * block))
    [ "$count" -gt "$left" ] && count=$left
    rubbish volume $(((group * agblocks + first + 32) * block)) "$count"
    left=$((left - count))
    [ "$left" -gt 0 ] || break
  done < <(xfs_db -r -c 'freesp -d' volume | awk 'NF == 3 && $3 ~ /^[0-9]+$/ && $3 > 1000' | sort -k 3 -n -r)
  expect_equal "rubbish left over" "$left" 0
}

make_btrfs() {
  truncate -s "$part" volume
  mkfs.btrfs -q -f --rootdir content volume >/dev/null
  # Behind the last chunk there is nothing.
  local end
  end=$(btrfs inspect-internal dump-tree -t dev volume | sed -n 's/.*DEV_EXTENT \([0-9]*\)).*/\1/p' | tail -n 1)
  end=$((end + $(btrfs inspect-internal dump-tree -t dev volume | sed -n 's/.*chunk_offset [0-9]* length \([0-9]*\).*/\1/p' | tail -n 1)))
  rubbish volume "$end" "$dead"
}

check_ext4() { e2fsck -fn "$1"; }
check_xfs() { xfs_repair -n -f "$1"; }
check_btrfs() { btrfs check "$1"; }

for kind in ext4 xfs btrfs; do
  rm -f disk.raw volume
  new_disk disk.raw
  "make_$kind"
  into_disk volume disk.raw
  "$TREE_SUMS" disk.raw /dev/sda1 >before
  expect_equal "$kind: files" "$(wc -l <before)" 202

  expect_exit 0 "$IMGPORT" convert disk.raw whole.qcow2
  expect_exit 0 "$IMGPORT" convert --drop free-space disk.raw dropped.qcow2
  saved=$(($(stat -c %s whole.qcow2) - $(stat -c %s dropped.qcow2)))
  [ "$saved" -ge "$dead" ] || fail "$kind: the output is only $saved bytes smaller"
  [ "$saved" -le $((dead + dead / 10)) ] || fail "$kind: the output is $saved bytes smaller"
  checks=$((checks + 2))
  expect_exit 0 qemu-img check -f qcow2 dropped.qcow2
  "$TREE_SUMS" dropped.qcow2 /dev/sda1 >after
  expect_exit 0 cmp before after
  qemu-img convert -f qcow2 -O raw dropped.qcow2 dropped.raw
  dd if=dropped.raw of=volume bs=1M skip=1 count=$((part / 1024 / 1024)) conv=sparse status=none
  expect_exit 0 "check_$kind" volume
  # All that is not free is the same: the gap before the partition, and the swap behind it.
  expect_exit 0 cmp -n "$start" disk.raw dropped.raw
  expect_exit 0 cmp -i $((start + part)) disk.raw dropped.raw
  rm -f whole.qcow2 dropped.qcow2

  if [ "$kind" = ext4 ]; then
    # What is still in the journal is not in the bitmaps: not a byte is left out.
    cp --sparse=always disk.raw dirty.raw
    dd if=disk.raw of=volume bs=1M skip=1 count=$((part / 1024 / 1024)) conv=sparse status=none
    debugfs -w -R 'feature needs_recovery' volume >/dev/null 2>&1
    into_disk volume dirty.raw
    expect_exit 0 "$IMGPORT" convert --drop free-space dirty.raw dirty.qcow2
    expect_text err 'the filesystem is not clean'
    expect_exit 0 qemu-img compare -f raw -F qcow2 dirty.raw dirty.qcow2
    rm -f dirty.*

    expect_exit 0 "$IMGPORT" convert --drop swap disk.raw dropped.qcow2
    qemu-img convert -f qcow2 -O raw dropped.qcow2 dropped.raw
    dd if=dropped.raw of=swap bs=1M skip=$(((start + part) / 1024 / 1024)) count=64 status=none
    swaplabel swap >out
    expect_text out 'LABEL: pages'
    expect_text out 'UUID:  01234567-89ab-cdef-0123-456789abcdef'
    expect_exit 0 cmp -n $((64 * 1024 * 1024 - 4096)) -i 4096:0 swap /dev/zero
    expect_exit 0 cmp -n $((start + part)) disk.raw dropped.raw
    rm -f dropped.qcow2

    # prepare offers it, and the manifest says what was left out.
    prepare=("$IMGPORT" prepare disk.raw --role data --fail-on never --output)
    expect_exit 0 "${prepare[@]}" whole
    expect_text err 'are dead: leave them out with --drop free-space --drop swap'
    expect_equal "left out, unasked" "$(jq -c .content.dropped whole/disk.manifest.json)" '[]'
    expect_exit 0 "${prepare[@]}" less --drop free-space --drop swap
    expect_equal "left out" "$(jq -c '[.content.dropped[] | select(.bytes > 20000000) | .what]' less/disk.manifest.json)" \
      '["free-space","swap"]'
    expect_exit 0 "$IMGPORT" verify less/disk.manifest.json
    expect_exit 1 "$IMGPORT" digest whole/disk.qcow2 less/disk.qcow2
    rm -r whole less
  fi
done
