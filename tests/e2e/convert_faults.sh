#!/usr/bin/env bash
# A conversion in which something fails: every kind of call in turn (tests/tools/fail_io.cpp), signals at random
# moments, a disk that fills up. Under the final name is then the same file as without the fault, or nothing (the old
# one, with --overwrite), nothing else is left, and who says that all went well has written that file and synced it.
# Some 450 runs; with IMGPORT_FULL far more.
in_memory=yes
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img mkfs.ext4 sfdisk
[ -n "${FAIL_IO_LIBRARY:-}" ] || skip "FAIL_IO_LIBRARY is not set (ctest sets it)"

per_kind=3 moments=5 # per conversion
[ -z "${IMGPORT_FULL:-}" ] || per_kind=20 moments=40
seed=${IMGPORT_SEED:-$$}
RANDOM=$seed
echo "IMGPORT_SEED=$seed makes the same faults and moments again"

# Some 20 MB of data, at both ends of the disk, too.
small_disk disk.raw
head -c 12M /dev/urandom | dd of=disk.raw bs=1M seek=48 conv=notrunc status=none
qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2
qemu-img convert -f raw -O vpc -o subformat=dynamic,force_size=on disk.raw disk.vhd
mkdir target tmp wanted
runs=0 failed=0 survived=0

conversions=(
  "disk.raw disk.qcow2 --compression fast"
  "disk.raw disk.qcow2"
  "disk.raw disk.raw"
  "disk.raw disk.vhd"
  "disk.raw disk.vhd --vhd-type fixed"
  "disk.qcow2 disk.raw --verify content"
  "disk.qcow2 disk.qcow2 --compression fast --digest"
  "disk.vhd disk.raw"
)

# become_convert: in the place of this shell, so that a signal reaches the program. What is preloaded is not for the
# shell that starts it.
become_convert() {
  exec env TMPDIR="$work/tmp" "${environment[@]}" "$IMGPORT" convert "$source" "target/$name" "${options[@]}" \
    --threads 2 --engine "$engine"
}

convert_here() {
  (become_convert)
}

# take CONVERSION: the one that what follows is about; its result without a fault goes to the folder wanted.
take() {
  conversion=$1 environment=() faults=()
  read -r source name options <<<"$1"
  read -r -a options <<<"$options"
  rm -f target/* wanted/*
  convert_here >out 2>err || { cat err >&2; fail "$1: does not work without a fault"; }
  mv "target/$name" "wanted/$name"
}

is_wanted() {
  cmp -s "$1" "wanted/$name" && return 0
  # qemu-img puts the time into a VHD, and clusters where there is room.
  [ "$engine" != native ] && case "$name" in
    *.vhd) qemu-img compare -q -f vpc -F vpc "$1" "wanted/$name" ;;
    *) qemu-img compare -q "$1" "wanted/$name" ;;
  esac
}

# judge WHAT STATUS: what the fault has left.
judge() {
  local what=$1 status=$2 left
  runs=$((runs + 1)) checks=$((checks + 1))
  left=$(find target -mindepth 1 ! -path "target/$name"; find tmp -mindepth 1)
  [ -z "$left" ] || fail "$what: left behind: $left"
  if [ "$status" -eq 0 ]; then
    [ -e "target/$name" ] || fail "$what: said to be done, and there is no file"
    survived=$((survived + 1))
  else
    failed=$((failed + 1))
  fi
  if [ -e old ]; then
    [ -e "target/$name" ] || fail "$what: the old file is gone"
    ! cmp -s old "target/$name" || { [ "$status" -ne 0 ] || fail "$what: the file was not replaced"; return 0; }
  fi
  [ ! -e "target/$name" ] || is_wanted "target/$name" || fail "$what: exit code $status, and a wrong file"
}

# run_fault [FAULT]: in $status the exit code, in the file state what was counted.
run_fault() {
  environment=(LD_PRELOAD="$FAIL_IO_LIBRARY" FAIL_IO_UNDER="$work" FAIL_IO_STATE="$work/state" "${faults[@]}")
  [ $# -eq 0 ] || environment+=(FAIL_IO="$1")
  rm -f target/* state
  [ ! -e old ] || cp old "target/$name"
  status=0
  convert_here >out 2>err || status=$?
}

counted() {
  awk -v kind="$1" '$1 == kind { print $2 + 0 }' state
}

# fault KIND NUMBER HOW
fault() {
  local what="$conversion, ${faults[*]} $1:$2:$3"
  run_fault "$1:$2:$3"
  judge "$what" "$status"
  if [ "$(counted fired)" -eq 0 ]; then
    expect_equal "$what: exit code, as nothing failed" "$status" 0
    return 0
  fi
  case "$status" in
    0 | 3 | 4 | 5) ;;
    *) cat err >&2; fail "$what: exit code $status" ;;
  esac
  [ "$status" -eq 0 ] || expect_text err '^imgport: .'
  case "$1:$3" in
    # Nobody may be told that this is on the disk.
    write:EIO | write:full | sync:*) [ "$status" -ne 0 ] || fail "$what: a failed $1 is no success" ;;
  esac
}

# numbers_of COUNT: some of 1..COUNT, always the first and the last.
numbers_of() {
  local count=$1 number
  if [ "$count" -le "$per_kind" ]; then
    seq "$count"
  else
    echo 1
    echo "$count"
    for ((number = 2; number < per_kind; number++)); do
      echo $(((RANDOM * 32768 + RANDOM) % (count - 2) + 2))
    done
  fi
}

# all_faults: of the conversion at hand.
all_faults() {
  local kind how hows count number
  run_fault
  [ "$status" -eq 0 ] || { cat err >&2; fail "$conversion: exit code $status without a fault"; }
  cp --sparse=always state counts
  for kind in read write sync hint size copy name; do
    case "$kind" in
      read) hows=(EIO EINTR short) ;;
      write) hows=(EIO full EINTR short) ;;
      copy) hows=(EIO full EOPNOTSUPP short) ;;
      size) hows=(EIO full EINTR) ;;
      sync | name) hows=(EIO ENOSPC) ;;
      hint) hows=(EIO) ;;
    esac
    count=$(awk -v kind="$kind" '$1 == kind { print $2 + 0 }' counts)
    for how in "${hows[@]}"; do
      # Of its own random numbers, as this is a subshell.
      RANDOM=$((RANDOM + 1))
      for number in $(numbers_of "$count"); do fault "$kind" "$number" "$how"; done
    done
  done
}

for conversion in "${conversions[@]}"; do
  take "$conversion"
  all_faults
  awk -v what="$conversion" '{ line = line " " $1 " " $2 + 0 } END { print what ":" line }' counts
done
echo "$runs faults: $failed ended the conversion, $survived did not"
# A harness that hits nothing proves nothing.
[ "$failed" -ge 50 ] || fail "only $failed of $runs faults had an effect"

# The last steps, where an old file is replaced, and where a file without a name cannot be made.
take "disk.raw disk.qcow2 --compression fast --overwrite"
for first in no yes; do
  if [ "$first" = yes ]; then head -c 1000 /dev/urandom >old; fi
  run_fault
  cp state counts
  for kind in sync name; do
    for ((number = 1; number <= $(awk -v kind="$kind" '$1 == kind { print $2 + 0 }' counts); number++)); do
      fault "$kind" "$number" EIO
      fault "$kind" "$number" ENOSPC
    done
  done
done
rm old
fault tmpfile 1 EOPNOTSUPP
expect_equal "exit code where a file without a name cannot be made" "$status" 0
# None can ever be made: a name beside the target, which has to go.
faults=(FAIL_IO_NO_TMPFILE=1)
all_faults

# Signals. Half of them while it certainly works, half around the end.
for conversion in "${conversions[@]}"; do
  begin=${EPOCHREALTIME/./}
  take "$conversion"
  whole=$((${EPOCHREALTIME/./} - begin))
  for signal in INT TERM KILL; do
    for ((moment = 0; moment < moments; moment++)); do
      after=$((RANDOM * 32768 + RANDOM))
      if [ $((moment % 2)) -eq 0 ]; then
        after=$((after % whole))
      else
        after=$((whole * 7 / 10 + after % (whole / 2 + 1)))
      fi
      become_convert >out 2>err &
      pid=$!
      sleep "$((after / 1000000)).$(printf %06d $((after % 1000000)))"
      kill -"$signal" "$pid" 2>/dev/null || true
      status=0
      wait "$pid" 2>/dev/null || status=$?
      what="$conversion, SIG$signal after $after of $whole us"
      # What was killed cannot tidy up; without a name there is nothing to tidy in the target's folder.
      [ "$signal" != KILL ] || rm -rf tmp/*
      judge "$what" "$status"
      case "$signal/$status" in
        */0 | INT/130 | TERM/130 | TERM/143 | KILL/137) ;;
        *) cat err >&2; fail "$what: exit code $status" ;;
      esac
      rm -f target/*
    done
  done
done
echo "$runs runs: $failed ended early, $survived did not"

# A disk that fills up: early, half-way, and just before the end.
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=1M tmpfs target 2>/dev/null; then
  umount target
  for conversion in "${conversions[@]}"; do
    take "$conversion"
    pages=$(($(stat -c %b "wanted/$name") / 8))
    for room in $((pages / 8)) $((pages / 2)) $((pages - 64)); do
      mount -t tmpfs -o "nr_blocks=$room" tmpfs target
      status=0
      convert_here >out 2>err || status=$?
      left=$(find target tmp -mindepth 1)
      umount target
      expect_equal "$conversion into $room pages: exit code" "$status" 4
      expect_text err 'target/.*[Nn]o space'
      expect_equal "$conversion into $room pages: left behind" "$left" ""
      runs=$((runs + 1))
    done
  done
else
  echo "not checked here: a disk that fills up (a tmpfs cannot be mounted)"
fi
echo "$runs runs in all"
