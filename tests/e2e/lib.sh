# shellcheck shell=bash
# What the end-to-end tests share. Each is run with IMGPORT (the program), TEST_IMAGES (the built images) and
# SOURCE_DIR set, in an empty folder of its own that is removed when it passes.

set -euo pipefail

# in_memory=yes before this file is read: for hundreds of small files, each of them synced, where there is the room.
if [ -n "${in_memory:-}" ] && [ -z "${TMPDIR:-}" ] &&
  [ "$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt $((2 << 20)) ] 2>/dev/null; then
  export TMPDIR=/dev/shm
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/imgport-e2e.XXXXXX")
cd "$work"
checks=0

finish() {
  local status=$?
  cd /
  if [ "$status" -eq 0 ]; then
    rm -rf "$work"
    echo "$checks checks passed"
  elif [ "$status" -eq 77 ]; then
    rm -rf "$work"
  else
    echo "FAILED after $checks checks; the folder is left: $work" >&2
  fi
}
trap finish EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# needs PROGRAM...
needs() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
}

# needs_image NAME: a recipe of test-images that was built.
needs_image() {
  [ -f "$TEST_IMAGES/$1.raw" ] || skip "the test image $1 was not built (test-images/build)"
}

# expect_exit CODE COMMAND...: output goes to the files out and err.
expect_exit() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  if [ "$status" -ne "$wanted" ]; then
    cat out err >&2
    fail "exit code $status instead of $wanted: $*"
  fi
  checks=$((checks + 1))
}

# expect_equal WHAT IS SHOULD
expect_equal() {
  [ "$2" = "$3" ] || fail "$1: is '$2', should be '$3'"
  checks=$((checks + 1))
}

# expect_text FILE REGEX
expect_text() {
  grep -qE -- "$2" "$1" || { cat "$1" >&2; fail "$1 does not say: $2"; }
  checks=$((checks + 1))
}

expect_no_file() {
  [ ! -e "$1" ] || fail "$1 is there"
  checks=$((checks + 1))
}

# expect_empty_dir DIR: not even a hidden file.
expect_empty_dir() {
  local found
  found=$(find "$1" -mindepth 1 | head -n 5)
  [ -z "$found" ] || fail "left behind in $1: $found"
  checks=$((checks + 1))
}

# flip_byte FILE OFFSET: turns every bit of the byte there, so that it is another one whatever it was.
flip_byte() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((255 - byte)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# small_disk FILE: a partitioned disk of 64 MiB with data, zeroes and holes, made without root.
small_disk() {
  truncate -s 64M "$1"
  printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q "$1" >/dev/null
  mkdir -p content
  head -c 3000000 /dev/urandom >content/noise
  seq 1 200000 >content/text
  head -c 1000000 /dev/zero >content/zeroes
  mkfs.ext4 -q -F -E offset=1048576 -d content "$1" 63M
  rm -rf content
}

# findings REPORT.json INDEX: the rules violated at fail or unreachable, sorted, one per line.
findings() {
  jq -r --argjson i "$2" '.images[$i].findings[]
    | select(.status == "violated" and (.severity == "fail" or .severity == "unreachable")) | .rule' "$1" | sort
}

# native_convert SRC DST [OPTION...]: by the engine under test; IMGPORT_ENGINE=qemu tries a script on the other one.
engine=${IMGPORT_ENGINE:-native}
native_convert() {
  "$IMGPORT" convert "$@" --engine "$engine"
}
