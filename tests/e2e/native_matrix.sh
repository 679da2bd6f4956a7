#!/usr/bin/env bash
# Random sparse disks by seed, in all nine pairs of raw, QCOW2 and VHD: the same disk by qemu-img and by our digest,
# clean by qemu-img check, and the same bytes for any number of threads. Then sizes at the edges, sources that end
# inside a cluster, disks of terabytes, and the largest VHD.
# 25 seeds, or 500 with IMGPORT_FULL; IMGPORT_SEEDS="17 18" tries these only.
in_memory=yes # others try a real filesystem
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img python3 jq
tools=$SOURCE_DIR/tests/tools
seed_count=25
[ -z "${IMGPORT_FULL:-}" ] || seed_count=500
read -r -a seeds <<<"${IMGPORT_SEEDS:-$(seq -s ' ' "$seed_count")}"
formats=(raw qcow2 vhd)

driver_of() {
  case "$1" in vhd) echo vpc ;; *) echo "$1" ;; esac
}

# one_of WORD...: in $chosen, drawn from the seed. (Not printed: a subshell's RANDOM would not advance ours.)
one_of() {
  local number=$((RANDOM % $# + 1))
  chosen=${!number}
}

sum_of() {
  sha256sum <"$1" | cut -d' ' -f1
}

size_by_qemu() {
  qemu-img info -f "$(driver_of "$1")" --output json "$2" | jq '."virtual-size"'
}

blocks_of() {
  stat -c %b "$1"
}

# A sector more or less at the end is no other disk: a raw file may end inside one.
sectors_of() {
  echo $((($(stat -c %s "$1") + 511) / 512 * 512))
}

# cut_tail FILE: without the zeroes that it ends with, which need not be there in a QCOW2's last data cluster. That of a
# disk without data ends in the eight bytes of its L1 table, which must.
cut_tail() {
  python3 - "$1" <<'PY'
import os, sys
with open(sys.argv[1], "r+b") as image:
    size = os.fstat(image.fileno()).st_size
    if size % 65536 != 0:
        sys.exit()
    image.seek(max(0, size - 65536 + 512))
    tail = image.read()
    image.truncate(size - len(tail) + len(tail.rstrip(b"\0")))
PY
}

# make_sources: source.qcow2 and source.vhd of source.raw, by qemu-img, mostly; sometimes by ourselves.
make_sources() {
  one_of plain plain cut compressed compressed compressed small-clusters large-clusters old zstd metadata ours
  made=$chosen
  case "$made" in
    plain | cut) options=() ;;
    compressed) options=(-c) ;;
    small-clusters) options=(-c -o cluster_size=4096) ;;
    large-clusters) options=(-c -o cluster_size=2M) ;;
    old) options=(-o compat=0.10) ;;
    zstd) options=(-c -o compression_type=zstd) ;;
    metadata) options=(-o preallocation=metadata) ;;
    ours) options=() ;;
  esac
  if [ "$made" = ours ]; then
    expect_exit 0 native_convert source.raw source.qcow2 --compression fast
  else
    qemu-img convert -f raw -O qcow2 "${options[@]}" source.raw source.qcow2
  fi
  [ "$made" != cut ] || cut_tail source.qcow2
  one_of dynamic fixed
  made="$made-$chosen"
  qemu-img convert -f raw -O vpc -o "subformat=$chosen,force_size=on" source.raw source.vhd
}

# draw_options TARGET: in the array options.
draw_options() {
  case "$1" in
    qcow2) one_of none fast fast small zstd; options=(--compression "$chosen") ;;
    vhd) one_of dynamic fixed; options=(--vhd-type "$chosen") ;;
    raw) options=() ;;
  esac
}

# same_disk WHAT TARGET FILE: FILE against source.raw and its padded copy reference.raw.
same_disk() {
  local what=$1 target=$2 file=$3
  if [ "$target" = qcow2 ]; then
    expect_exit 0 qemu-img check -f qcow2 "$file"
    ln "$file" "kept.$checks.qcow2"
  fi
  if [ "$target" = raw ]; then
    expect_exit 0 cmp reference.raw "$file"
  else
    expect_exit 0 qemu-img compare -f raw -F "$(driver_of "$target")" reference.raw "$file"
    # compare takes zeroes at the end for nothing; and a VHD's size is its footers', not a geometry's.
    expect_equal "$what: size" "$(size_by_qemu "$target" "$file")" "$(sectors_of source.raw)"
  fi
  # A dynamic VHD begins with a copy of its footer; a fixed one with the disk.
  if [ "$target" = vhd ] && [[ "${options[*]}" = *dynamic ]]; then
    expect_exit 0 cmp <(head -c 512 "$file") <(tail -c 512 "$file")
  fi
  expect_exit 0 "$IMGPORT" digest source.raw "$file"
}

# What same_disk has kept of this seed, in one go.
check_clusters() {
  doing="seed $seed ($made): compressed clusters"
  expect_exit 0 "$tools/qcow2_clusters.py" kept.*.qcow2
  rm kept.*
}

# pair FROM TO
pair() {
  local from=$1 to=$2 what
  draw_options "$to"
  one_of 1 2 3 8
  what="seed $seed ($made): $from to $to ${options[*]} --threads $chosen"
  doing=$what
  expect_exit 0 native_convert "source.$from" "output.$to" "${options[@]}" --threads "$chosen"
  same_disk "$what" "$to" "output.$to"
  if [ "$from/$to" = raw/raw ]; then
    # Holes stay holes; what was written is written in whole clusters at most.
    [ "$(blocks_of output.raw)" -le $(($(blocks_of source.raw) + 128 * 90)) ] || fail "$what: not sparse"
  fi
  if [ "$kind" = empty ] && [ "$(blocks_of "output.$to")" -gt 4096 ]; then
    fail "$what: an empty disk takes $(blocks_of "output.$to") blocks"
  fi
}

# same_bytes TO: what pair wrote last, again with other numbers of threads.
same_bytes() {
  local from=$1 to=$2 sum threads wrote=$chosen
  # qemu-img writes as it comes, and a VHD with the time in it.
  [ "$engine" = native ] || return 0
  sum=$(sum_of "output.$to")
  for threads in 1 2 3 8; do
    [ "$threads" -ne "$wrote" ] || continue
    expect_exit 0 native_convert "source.$from" "again.$to" "${options[@]}" --threads "$threads"
    expect_equal "$doing: bytes with $threads threads" "$(sum_of "again.$to")" "$sum"
    rm "again.$to"
  done
}

# The failed command's own words tell nothing of the seed.
doing=nothing
explain() {
  local status=$?
  set +e
  [ "$status" -eq 0 ] || echo "doing: $doing" >&2
  return "$status"
}
trap 'explain; finish' EXIT

# all_pairs NUMBER: of source.raw, and for one of them, in turns, the other numbers of threads.
all_pairs() {
  local number=$1 index=0 from to
  cp --sparse=always source.raw reference.raw
  truncate -s "$(sectors_of source.raw)" reference.raw
  doing="seed $seed: sources"
  make_sources
  for from in "${formats[@]}"; do
    for to in "${formats[@]}"; do
      pair "$from" "$to"
      [ $((number % 9)) -ne $index ] || same_bytes "$from" "$to"
      rm "output.$to"
      index=$((index + 1))
    done
  done
  check_clusters
  rm source.* reference.raw
}

for seed in "${seeds[@]}"; do
  RANDOM=$seed
  read -r kind _ < <("$tools/random_disk.py" --seed "$seed" source.raw)
  all_pairs "$seed"
done
[ -z "${IMGPORT_SEEDS:-}" ] || exit 0

# The same bytes, whichever worker is done first: each of their reads waits for some time.
doing="delayed workers"
if [ "$engine" = native ] && [ -n "${FAIL_IO_LIBRARY:-}" ]; then
  "$tools/random_disk.py" --seed 2 --size 12000256 --kind full source.raw >/dev/null
  qemu-img convert -f raw -O qcow2 -c source.raw source.qcow2
  delayed() {
    LD_PRELOAD=$FAIL_IO_LIBRARY FAIL_IO_UNDER=$work FAIL_IO_DELAY=3000 FAIL_IO_STATE=$work/state \
      native_convert "$@" --threads 8
  }
  for conversion in "raw qcow2 --compression fast" "raw qcow2 --compression small" "raw vhd" "qcow2 raw" "qcow2 vhd" \
    "qcow2 qcow2 --compression fast" "qcow2 qcow2 --compression none"; do
    read -r from to options <<<"$conversion"
    read -r -a options <<<"$options"
    expect_exit 0 native_convert "source.$from" "output.$to" "${options[@]}" --threads 1
    for round in 1 2 3; do
      expect_exit 0 delayed "source.$from" "again.$to" "${options[@]}"
      [ "$(awk '$1 == "read" { print $2 + 0 }' state)" -ge 8 ] || fail "$doing: no read was delayed"
      expect_equal "$doing: $conversion, round $round" "$(sum_of "again.$to")" "$(sum_of "output.$to")"
      rm "again.$to"
    done
    rm "output.$to"
  done
  rm source.*
else
  echo "not checked here: $doing"
fi

# Sizes at the edges of a sector, a cluster and a block, full to the last byte.
kind=full
for seed in 512 513 65535 65536 65537 131584 2097151 2097152 2097664; do
  RANDOM=$seed
  "$tools/random_disk.py" --seed "$seed" --size "$seed" --kind full source.raw >/dev/null
  cp source.raw reference.raw
  truncate -s "$(sectors_of source.raw)" reference.raw
  make_sources
  for to in "${formats[@]}"; do
    one_of "${formats[@]}"
    pair "$chosen" "$to"
    rm "output.$to"
  done
  check_clusters
  rm source.* reference.raw
done

# Every thread count on a disk with work for all of them.
RANDOM=1
"$tools/random_disk.py" --seed 1 --size 40000512 --kind full source.raw >/dev/null
cp source.raw reference.raw
seed=threads
make_sources
for from in "${formats[@]}"; do
  for to in "${formats[@]}"; do
    pair "$from" "$to"
    same_bytes "$from" "$to"
    rm "output.$to"
  done
done
check_clusters
rm source.* reference.raw

# Terabytes, nearly empty. cmp would read them all.
same_large_disk() {
  local target=$1 file=$2
  [ "$target" != qcow2 ] || expect_exit 0 qemu-img check -f qcow2 "$file"
  expect_exit 0 qemu-img compare -f raw -F "$(driver_of "$target")" source.raw "$file"
  expect_equal "$doing: size" "$(size_by_qemu "$target" "$file")" "$(sectors_of source.raw)"
  expect_exit 0 "$IMGPORT" digest source.raw "$file"
  # 2040 GiB have a block allocation table of 4 MiB, 8 TiB have 128 KiB of L1 table.
  [ "$(blocks_of "$file")" -lt $((64 * 2048)) ] || fail "$doing: $file takes $(blocks_of "$file") blocks"
}

for size in $((2 << 40)) $(((8 << 40) - 512)); do
  doing="a disk of $size bytes"
  if ! "$tools/random_disk.py" --seed 7 --size "$size" --kind machine source.raw >/dev/null; then
    echo "not checked here: $doing, as the filesystem has no files of that size"
    rm -f source.raw
    continue
  fi
  qemu-img convert -f raw -O qcow2 -c source.raw source.qcow2
  for from in raw qcow2; do
    for to in raw qcow2; do
      draw_options "$to"
      expect_exit 0 native_convert "source.$from" "output.$to" "${options[@]}"
      same_large_disk "$to" "output.$to"
      rm "output.$to"
    done
  done
  rm source.*
done

# The largest VHD, and one sector more.
doing="a disk of 2040 GiB"
"$tools/random_disk.py" --seed 8 --size $((2040 << 30)) --kind machine source.raw >/dev/null
for type in dynamic fixed; do
  expect_exit 0 native_convert source.raw output.vhd --vhd-type "$type"
  same_large_disk vhd output.vhd
  expect_exit 0 native_convert output.vhd output.raw
  same_large_disk raw output.raw
  expect_exit 0 native_convert output.vhd output.qcow2 --compression fast
  same_large_disk qcow2 output.qcow2
  rm output.*
done
truncate -s +512 source.raw
for type in dynamic fixed; do
  expect_exit 2 native_convert source.raw output.vhd --vhd-type "$type"
  expect_text err 'at most 2040 GiB'
  expect_no_file output.vhd
done
