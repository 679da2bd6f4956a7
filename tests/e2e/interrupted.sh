#!/usr/bin/env bash
# Killed half-way, out of space, source gone: no file under the final name, and after an end of our own no other.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img jq

# Incompressible, so that the conversion takes a while and needs its space.
head -c 400M /dev/urandom >disk.raw
mkdir target

start_convert() {
  "$IMGPORT" convert disk.raw target/disk.qcow2 --engine "$1" --compression small >out 2>err &
  pid=$!
}

wait_for_qemu() {
  for _ in $(seq 100); do
    qemu=$(pgrep -P "$pid" -x qemu-img | tail -n 1 || true)
    [ -z "$qemu" ] || ! { tr '\0' ' ' <"/proc/$qemu/cmdline" | grep -q '^qemu-img convert'; } 2>/dev/null || return 0
    sleep 0.05
  done
  fail "qemu-img did not start"
}

start_convert qemu
wait_for_qemu
sleep 0.5
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
expect_empty_dir target
sleep 0.5
# Dead, though perhaps not yet collected by whoever inherited it.
state=$(awk '/^State:/ { print $2 }' "/proc/$qemu/status" 2>/dev/null || true)
[ -z "$state" ] || [ "$state" = Z ] || fail "qemu-img outlived a killed imgport (state $state)"
checks=$((checks + 1))

start_convert qemu
wait_for_qemu
sleep 0.5
kill -9 "$qemu"
status=0
wait "$pid" || status=$?
expect_equal "exit code when qemu-img is killed" "$status" 4
expect_text err 'killed by signal 9'
expect_empty_dir target

for engine in native qemu; do
  start_convert "$engine"
  sleep 1
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  expect_equal "exit code when interrupted ($engine)" "$status" 130
  expect_empty_dir target

  start_convert "$engine"
  sleep 1
  rm disk.raw
  status=0
  wait "$pid" || status=$?
  expect_equal "exit code when the source vanishes ($engine)" "$status" 3
  expect_empty_dir target
  head -c 400M /dev/urandom >disk.raw
done

if [ "$(id -u)" -eq 0 ] && mkdir full && mount -t tmpfs -o size=100M tmpfs full 2>/dev/null; then
  left=
  statuses=
  for engine in native qemu; do
    status=0
    "$IMGPORT" convert disk.raw full/disk.qcow2 --engine "$engine" >out 2>"err.$engine" || status=$?
    statuses="$statuses $status"
    "$IMGPORT" convert disk.raw full/disk.raw --engine "$engine" >out 2>err || true
    left="$left$(find full -mindepth 1)"
  done
  umount full
  expect_equal "exit codes on a full disk" "$statuses" ' 4 4'
  expect_text err.native 'No space'
  expect_text err.qemu 'no space'
  expect_equal "files on the full disk" "$left" ""
else
  echo "not checked here: a full disk (a tmpfs cannot be mounted)"
fi
