#!/usr/bin/env bash
# A chain of three, a base and two overlays, becomes one image: the same disk as qemu-img convert makes of it. Bases
# are raw, plain QCOW2 and compressed QCOW2; above them clusters are overwritten, zeroed, compressed and discarded, and
# overlays are larger and smaller than what they lie on.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img qemu-io jq

mib=$((1024 * 1024))

# write FILE COMMAND...: by qemu-io.
write() {
  local file=$1 command arguments=()
  shift
  for command in "$@"; do arguments+=(-c "$command"); done
  qemu-io -f qcow2 "${arguments[@]}" "$file" >io.log 2>&1 || { cat io.log >&2; fail "qemu-io $file"; }
  ! grep -qi 'failed\|error' io.log || { cat io.log >&2; fail "qemu-io $file"; }
}

# overlay FILE BASE FORMAT [SIZE]: as large as its base, where no size is given.
overlay() {
  qemu-img create -q -f qcow2 -b "$2" -F "$3" "$1" "${@:4}"
}

# flat SOURCE ALLOWED...: as qemu-img sees it, and as it becomes in each format.
flat() {
  local source=$1 name allow=() target output driver options size
  shift
  for name in "$@"; do allow+=(--allow-backing "$name"); done
  qemu-img convert -f qcow2 -O raw "$source" wanted.raw
  size=$(stat -c %s wanted.raw)
  for target in raw qcow2 qcow2.fast qcow2.small vhd vhd.fixed; do
    output="out-${target#*.}.${target%.*}"
    driver=${target%.*} options=()
    case $target in
      qcow2.*) options=(--compression "${target#*.}") ;;
      vhd) driver=vpc ;;
      vhd.fixed) options=(--vhd-type fixed) ;;
    esac
    expect_exit 0 "$IMGPORT" convert "$source" "$output" "${allow[@]}" "${options[@]}"
    if [ "$target" = vhd.fixed ]; then
      # qemu-img may take a fixed VHD for a raw disk with 512 bytes more.
      expect_equal "$output: file size" "$(stat -c %s "$output")" $((size + 512))
      cmp -s -n "$size" "$output" wanted.raw || fail "$output, of $source, is another disk"
    else
      expect_equal "$output: virtual size" \
        "$(qemu-img info -f "$driver" --output json "$output" | jq '."virtual-size"')" "$size"
      qemu-img compare -q -f raw -F "$driver" wanted.raw "$output" || fail "$output, of $source, is another disk"
    fi
    expect_equal "$output: needs no other file" \
      "$("$IMGPORT" probe --format json "$output" | jq -c '[.images[0].hazards[].id]')" "[]"
    rm "$output"
  done
}

head -c $((5 * mib)) /dev/urandom >disk.raw
truncate -s 8M disk.raw
seq 1 300000 >>disk.raw
truncate -s 16M disk.raw
qemu-img convert -f raw -O qcow2 disk.raw plain.qcow2
qemu-img convert -f raw -O qcow2 -c disk.raw packed.qcow2

# Whole clusters and parts of them, zeroes over data, a compressed cluster over data and over nothing.
change_middle() {
  write "$1" "write -P 0x11 1M 64k" "write -P 0x12 1148k 3k" "write -z 2M 1M" "write -z -u 3M 128k" \
    "discard 4M 64k" "write -P 0x13 4224k 512"
  write "$1" "write -c -P 0x14 5M 64k" "write -c -P 0x15 1536k 64k"
}

# Over what the middle did: data over zeroes, zeroes over data, a part of a compressed cluster.
change_top() {
  write "$1" "write -P 0x21 2M 70k" "write -z 1M 64k" "write -P 0x22 5M 4k" "write -P 0x23 1600k 512" \
    "write -z 3200k 1k" "discard 4M 128k"
  write "$1" "write -c -P 0x24 2560k 64k" "write -c -P 0x25 0 64k"
}

# chained BASE FORMAT MIDDLE_SIZE TOP_SIZE: "" where it is that of what lies below.
chained() {
  overlay middle.qcow2 "$1" "$2" ${3:+"$3"}
  change_middle middle.qcow2
  overlay top.qcow2 middle.qcow2 qcow2 ${4:+"$4"}
  change_top top.qcow2
  flat top.qcow2 middle.qcow2 "$1"
}

chained disk.raw raw "" ""
chained plain.qcow2 qcow2 "" ""
chained packed.qcow2 qcow2 "" ""

# What an overlay has past the end of what it lies on reads as zeroes: also where the base below has data there, of
# which the overlay between showed nothing.
chained packed.qcow2 qcow2 6M 16M
[ "$(tail -c +$((6 * mib + 1)) wanted.raw | head -c $((6 * mib)) | tr -d '\0' | wc -c)" -eq 0 ] ||
  fail "qemu-img shows data of the base where there should be none: this test shows nothing"
chained disk.raw raw 20M 24M

# Smaller than what they lie on, and ending inside a cluster.
chained packed.qcow2 qcow2 12M 10M
chained plain.qcow2 qcow2 "" $((9 * mib + 1536))
chained disk.raw raw $((7 * mib + 512)) $((13 * mib + 66048))

# Data in what an overlay has more than its base.
overlay middle.qcow2 packed.qcow2 qcow2 20M
write middle.qcow2 "write -P 0x31 17M 1M" "write -c -P 0x32 19M 64k"
overlay top.qcow2 middle.qcow2 qcow2 24M
write top.qcow2 "write -P 0x33 17408k 1k" "write -z 19M 32k" "write -P 0x34 23M 5k"
flat top.qcow2 middle.qcow2 packed.qcow2

# Other cluster sizes than the base has, and subclusters.
overlay middle.qcow2 packed.qcow2 qcow2 -o cluster_size=4k
change_top middle.qcow2
overlay top.qcow2 middle.qcow2 qcow2 -o cluster_size=2M
write top.qcow2 "write -P 0x41 2100k 5k" "write -z 6M 2M" "write -P 0x42 9M 512"
flat top.qcow2 middle.qcow2 packed.qcow2
overlay middle.qcow2 packed.qcow2 qcow2 -o extended_l2=on,cluster_size=128k
write middle.qcow2 "write -P 0x51 1M 5k" "write -z 1200k 60k" "write -P 0x52 3M 300k" "write -z 3100k 4k"
overlay top.qcow2 middle.qcow2 qcow2
change_top top.qcow2
flat top.qcow2 middle.qcow2 packed.qcow2

# Each file of the chain has to be allowed.
expect_exit 3 "$IMGPORT" convert top.qcow2 out.raw
expect_exit 3 "$IMGPORT" convert top.qcow2 out.raw --allow-backing middle.qcow2
expect_text err packed.qcow2
expect_no_file out.raw
