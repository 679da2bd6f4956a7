#!/usr/bin/env bash
# --grow: a GPT disk is as sgdisk wants it, with the backup header in the last sector; of an MBR disk, and of one
# without partitions, nothing changes but the size. In every format that is written.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img sgdisk sfdisk mkfs.ext4 jq

mib=$((1024 * 1024))
size=$((64 * mib))

small_disk mbr.raw
truncate -s 64M gpt.raw
printf 'label: gpt\nstart=2048, size=20480, type=U, name=boot\nstart=22528, size=108511, type=L, name=root\n' |
  sfdisk -q gpt.raw >/dev/null
mkdir content
head -c 3000000 /dev/urandom >content/noise
mkfs.ext4 -q -F -E offset=$((11 * mib)) -d content gpt.raw 52M
truncate -s 64M plain.raw
mkfs.ext4 -q -F -d content plain.raw

# raw_of FILE DRIVER WANTED_SIZE: back.raw, by qemu-img.
raw_of() {
  if [ "$2" = fixed ]; then
    # qemu-img may take a fixed VHD for a raw disk with 512 bytes more.
    expect_equal "$1: file size" "$(stat -c %s "$1")" $(($3 + 512))
    cp --sparse=always "$1" back.raw
    truncate -s "$3" back.raw
  else
    qemu-img convert -f "$2" -O raw "$1" back.raw
  fi
  expect_equal "$1: virtual size" "$(stat -c %s back.raw)" "$3"
}

# same FILE OFFSET BYTES OTHER
same() {
  cmp -s -i "$2" -n "$3" "$1" "$4" || fail "$1 and $4 differ in the $3 bytes from $2 on"
  checks=$((checks + 1))
}

empty_from() {
  local bytes=$(($(stat -c %s "$1") - $2))
  cmp -s -i "$2:0" -n "$bytes" "$1" /dev/zero || fail "$1 is not empty from $2 on"
  checks=$((checks + 1))
}

partitions() {
  sfdisk --json "$1" | jq -c '[.partitiontable.id, (.partitiontable.partitions[] | del(.node))]'
}

# sound_gpt FILE: what was gpt.raw.
sound_gpt() {
  sgdisk --verify "$1" >verified 2>&1 || true
  expect_text verified 'No problems found'
  expect_equal "$1: the last sector" "$(tail -c 512 "$1" | head -c 8)" "EFI PART"
  expect_equal "$1: partitions" "$(partitions "$1")" "$(partitions gpt.raw)"
  same "$1" 0 458 gpt.raw
  same "$1" 462 50 gpt.raw
  # The entries, the partitions, and what lies between them.
  same "$1" 1024 $((size - 33 * 512 - 1024)) gpt.raw
  # The old backup.
  [ "$(stat -c %s "$1")" -lt $((size + 34 * 512)) ] || expect_equal "$1: the old end" \
    "$(tail -c +$((size - 33 * 512 + 1)) "$1" | head -c $((33 * 512)) | tr -d '\0' | wc -c)" 0
}

# grown SOURCE SIZE BYTES: to each of $targets; what is in them is judged by the function $judge.
all="raw qcow2 qcow2.fast vhd vhd.fixed"
grown() {
  local source=$1 wanted=$2 bytes=$3 target output driver options
  for target in $targets; do
    output="out-${target#*.}.${target%.*}"
    driver=$target options=()
    case $target in
      qcow2.fast) driver=qcow2 options=(--compression fast) ;;
      vhd) driver=vpc ;;
      vhd.fixed) driver=fixed options=(--vhd-type fixed) ;;
    esac
    expect_exit 0 "$IMGPORT" convert "$source" "$output" --grow "$wanted" --verify content "${options[@]}"
    expect_equal "$output: our own probe" \
      "$("$IMGPORT" probe --format json "$output" | jq '.images[0].virtual_size')" "$bytes"
    raw_of "$output" "$driver" "$bytes"
    "$judge" back.raw
    if [ "$target" != raw ]; then
      cmp -s back.raw out-raw.raw || fail "$output is another disk than out-raw.raw"
      expect_exit 0 "$IMGPORT" digest out-raw.raw "$output"
      rm "$output"
    fi
  done
  rm out-raw.raw
}

judge=sound_gpt targets=$all
grown gpt.raw 100M $((100 * mib))
qemu-img convert -f raw -O qcow2 -c gpt.raw gpt.qcow2
grown gpt.qcow2 1GiB $((1024 * mib))
targets="raw qcow2"
grown gpt.raw +512 $((size + 512))
qemu-img convert -f raw -O vpc -o subformat=dynamic,force_size=on gpt.raw gpt.vhd
grown gpt.vhd +36M $((100 * mib))

# A disk that somebody made larger without its table is put right with the size that it has.
cp gpt.raw larger.raw
truncate -s 80M larger.raw
sgdisk --verify larger.raw >verified 2>&1 || true
expect_text verified 'Identified [0-9]+ problems|not at the end|problem:'
grown larger.raw 80M $((80 * mib))
grown larger.raw +0 $((80 * mib))

only_larger() {
  same "$1" 0 "$size" "$original"
  empty_from "$1" "$size"
}
judge=only_larger original=mbr.raw targets=$all
grown mbr.raw 100M $((100 * mib))
targets="raw qcow2"
grown mbr.raw +512 $((size + 512))
original=plain.raw
grown plain.raw 200M $((200 * mib))

# What makes no sense leaves nothing behind.
refused() {
  local code=$1 text=$2
  shift 2
  expect_exit "$code" "$IMGPORT" convert "$@"
  expect_text err "$text"
  expect_no_file out.qcow2
  expect_no_file out.vhd
}
refused 2 'more than the 32 MiB' gpt.raw out.qcow2 --grow 32M
refused 2 'multiple of 512' gpt.raw out.qcow2 --grow 100000001
refused 2 'grow' gpt.raw out.qcow2 --grow 20X
refused 2 '2040 GiB' gpt.raw out.vhd --grow 2041G
cp gpt.raw damaged.raw
printf x | dd of=damaged.raw bs=1 seek=$((512 + 60)) conv=notrunc status=none
refused 3 'HeaderCRC32 is wrong.*sgdisk --verify' damaged.raw out.qcow2 --grow 100M
# The disk can be converted as it is, all the same.
expect_exit 0 "$IMGPORT" convert damaged.raw out.qcow2
