#!/usr/bin/env bash
# A reader that shares no code with us or with qemu, 7-Zip, gets the same bytes out of what we write.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs 7zz qemu-img mkfs.ext4 sfdisk

# content_by_7zip FORMAT FILE. The type is said: of its own accord 7-Zip looks further into a disk, at the partitions.
content_by_7zip() {
  local type=$1
  [ "$type" != qcow2 ] || type=qcow
  7zz e -so -t"$type" "$2" 2>7zz.err | sha256sum | cut -d' ' -f1
}

wanted_of() {
  sha256sum <"$1" | cut -d' ' -f1
}

# other_reader SOURCE: every kind that we write of it.
other_reader() {
  local source=$1 wanted target options
  wanted=$(wanted_of "$source")
  for target in qcow2/none qcow2/fast qcow2/small vhd/dynamic vhd/fixed; do
    case "$target" in
      qcow2/*) options=(--compression "${target#*/}") ;;
      vhd/*) options=(--vhd-type "${target#*/}") ;;
    esac
    expect_exit 0 native_convert "$source" "other.${target%/*}" "${options[@]}"
    expect_equal "$source as $target, read by 7-Zip" "$(content_by_7zip "${target%/*}" "other.${target%/*}")" "$wanted"
    rm "other.${target%/*}"
  done
}

small_disk disk.raw
other_reader disk.raw

# All kinds of content, and an end inside a cluster and a block.
for seed in 1 2 3; do
  expect_exit 0 python3 "$SOURCE_DIR/tests/tools/random_disk.py" --seed "$seed" --size $((37 * 1048576 + 512 * seed)) odd.raw
  other_reader odd.raw
  rm odd.raw
done

# It must be able to say no: one bit of a compressed cluster, one byte of a block.
qemu-img convert -f raw -O qcow2 -c disk.raw damaged.qcow2
wanted=$(wanted_of disk.raw)
expect_equal "qemu's own, read by 7-Zip" "$(content_by_7zip qcow2 damaged.qcow2)" "$wanted"
size=$(stat -c %s damaged.qcow2)
printf 'damaged' | dd of=damaged.qcow2 bs=1 seek=$((size / 2)) conv=notrunc status=none
[ "$(content_by_7zip qcow2 damaged.qcow2)" != "$wanted" ] || fail "7-Zip does not notice a damaged QCOW2"
checks=$((checks + 1))
