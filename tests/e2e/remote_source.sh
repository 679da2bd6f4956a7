#!/usr/bin/env bash
# Disks of another machine by ssh://: read from a server of the test's own, each result compared with that from the
# same file read directly.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/e2e/ssh_server.sh"
needs jq sfdisk mkfs.ext4 python3
needs_image bios-ext4
start_ssh_server

small_disk disk.raw
disk=ssh://web1$work/disk.raw

# The same facts, the same digest, the same bytes.
expect_exit 0 "$IMGPORT" probe --format json "$disk"
expect_equal "format" "$(jq -r '.images[0] | "\(.format) \(.virtual_size) \(.details.content)"' out)" "raw 67108864 mbr"
expect_exit 0 "$IMGPORT" digest "$disk" disk.raw
for target in "qcow2 --compression fast" "vhd" "raw"; do
  # shellcheck disable=SC2086 # an option and its value
  set -- $target
  expect_exit 0 "$IMGPORT" convert "$disk" "far.$1" --verify content "${@:2}"
  expect_exit 0 "$IMGPORT" convert disk.raw "near.$1" --verify content "${@:2}"
  cmp "far.$1" "near.$1" || fail "$1 from far differs"
  checks=$((checks + 1))
done
expect_exit 2 "$IMGPORT" convert "$disk" by-qemu.qcow2 --engine qemu
expect_text err "qemu-img does not read"

# The whole job. A whole system in the long run only: eight GiB, most of them zeroes, which have to be read too.
job_with() {
  expect_exit 0 "$IMGPORT" prepare "ssh://$(id -un)@web1$work/$1" --output far-out --image-name debian --object debian.qcow2 "${@:2}"
  expect_exit 0 "$IMGPORT" prepare "$1" --output near-out --image-name debian --object debian.qcow2 "${@:2}"
  cmp "far-out/web1-${1%.raw}.qcow2" "near-out/${1%.raw}.qcow2" || fail "the artifact of $1 differs"
  manifest=far-out/web1-${1%.raw}.manifest.json
  expect_equal "source" "$(jq -r .source.file "$manifest")" "ssh://web1$work/$1"
  expect_equal "manifest" "$(jq 'del(.source, .artifact.file)' "$manifest")" \
    "$(jq 'del(.source, .artifact.file)' "near-out/${1%.raw}.manifest.json")"
  expect_exit 0 "$IMGPORT" verify "$manifest"
}
ln -s "$TEST_IMAGES/bios-ext4.raw" debian.raw
job_with disk.raw --role data --fail-on never
[ -z "${IMGPORT_FULL:-}" ] || job_with debian.raw
expect_exit 0 "$IMGPORT" inspect --format json "ssh://web1$work/debian.raw"
jq 'del(.image)' out >far.json
expect_exit 0 "$IMGPORT" inspect --format json debian.raw
jq 'del(.image)' out >near.json
cmp far.json near.json || fail "from afar another system was seen"
checks=$((checks + 1))

# The connection is cut three times while a large disk is read slowly. Memory stays what it is.
cat >far/dd <<'DD'
#!/bin/sh
echo call >>"$FAR/calls"
[ ! -e "$FAR/slowly" ] || sleep 0.1
exec /bin/dd "$@"
DD
chmod +x far/dd
touch far/calls
truncate -s 140M large.raw
head -c 100M /dev/urandom | dd of=large.raw bs=1M seek=30 conv=notrunc status=none
touch far/slowly
# wait_for_reading: until the job has the far disk read at several more places.
wait_for_reading() {
  local seen
  seen=$(wc -l <far/calls)
  while [ "$(wc -l <far/calls)" -lt $((seen + 4)) ]; do
    kill -0 "$job" 2>/dev/null || fail "it was over too soon"
    sleep 0.05
  done
}
cat >measure.py <<'PYTHON'
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
# Of the largest child: imgport, or one of its own (ssh).
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=open(sys.argv[1], "w"))
sys.exit(code)
PYTHON
python3 measure.py peak "$IMGPORT" convert "ssh://web1$work/large.raw" large.qcow2 --digest --compression fast \
  >far.digest 2>far.err &
job=$!
for _ in 1 2 3; do
  wait_for_reading
  drop_connections
done
wait_for_reading
rm far/slowly
wait "$job" || { cat far.err >&2; fail "a connection that breaks ended the conversion"; }
expect_text far.err "the connection broke 3 times, and was taken up again"
expect_exit 0 "$IMGPORT" convert large.raw near-large.qcow2 --digest --compression fast
cmp far.digest out || fail "after broken connections the disk is another one"
[ "$(cat peak)" -lt 128 ] || fail "it took $(cat peak) MiB of memory"
checks=$((checks + 2))

# A disk that grows, or is replaced, meanwhile is an error, and nothing is written.
touch far/slowly
"$IMGPORT" convert "ssh://web1$work/large.raw" changed.qcow2 >out 2>err &
job=$!
wait_for_reading
wait_for_reading
truncate -s 141M large.raw
rm far/slowly
status=0
wait "$job" || status=$?
expect_equal "exit code for a changed disk" "$status" 3
expect_text err "changed while it was being read"
expect_no_file changed.qcow2

# Interrupted, it ends at once and leaves nothing behind.
touch far/slowly
"$IMGPORT" convert "ssh://web1$work/large.raw" interrupted.qcow2 >out 2>err &
job=$!
wait_for_reading
kill -INT "$job"
status=0
wait "$job" || status=$?
rm far/slowly
expect_equal "exit code when interrupted" "$status" 130
expect_no_file interrupted.qcow2
for _ in $(seq 50); do
  [ -n "$(ps -o pid= --ppid "$ssh_server")" ] || break
  sleep 0.1
done
expect_equal "connections left open" "$(ps -o pid= --ppid "$ssh_server" | wc -l)" 0

# What goes wrong, and what is said.
expect_exit 3 "$IMGPORT" probe "ssh://web1$work/none.raw"
expect_text out "is not there"
expect_exit 3 "$IMGPORT" convert "ssh://web1$work" none.qcow2
expect_text err "is a folder"
expect_exit 4 "$IMGPORT" check "ssh://gone$work/disk.raw"
expect_text out "Connection refused"
expect_exit 4 "$IMGPORT" convert "ssh://stranger$work/disk.raw" none.qcow2
expect_text err "Host key verification failed.*accept the machine's key"
mv ssh/authorized ssh/nobody
touch ssh/authorized
expect_exit 4 "$IMGPORT" inspect "$disk"
expect_text err "Permission denied.*have a key"
mv ssh/nobody ssh/authorized
if [ "$(id -u)" -ne 0 ]; then
  cp disk.raw closed.raw
  chmod 0 closed.raw
  expect_exit 3 "$IMGPORT" convert "ssh://web1$work/closed.raw" none.qcow2
  expect_text err "may not be read.*--remote-sudo"
fi
printf '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n' >far/sudo
chmod +x far/sudo
expect_exit 4 "$IMGPORT" digest --remote-sudo "$disk"
expect_text err "password is required.*NOPASSWD"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$1" = -n ] && shift && touch "$FAR/was-root" && exec "$@"\n' >far/sudo
expect_exit 0 "$IMGPORT" digest --remote-sudo "$disk"
[ -e far/was-root ] || fail "sudo was not used"

# Only raw disks; and no address that is something else.
expect_exit 0 "$IMGPORT" convert disk.raw disk.qcow2
expect_exit 3 "$IMGPORT" convert "ssh://web1$work/disk.qcow2" none.qcow2
expect_text err "is qcow2: of another machine only raw disks"
for address in "ssh://-oProxyCommand=touch${IFS}hostile/disk.raw" "ssh://-oProxyCommand=touch@web1$work/disk.raw" \
  "ssh://\$(touch hostile)/disk.raw" "ssh://web1;touch hostile/disk.raw" "ssh://web1" "ssh://web1:0/disk.raw"; do
  expect_exit 2 "$IMGPORT" probe "$address"
done
expect_exit 2 "$IMGPORT" probe "ssh://root:hunter2@web1$work/disk.raw"
! grep -q hunter2 out err || fail "a password was repeated"
expect_exit 2 "$IMGPORT" prepare disk.raw --data-disk "ssh://root:hunter2@web1$work/disk.raw" --output none
! grep -q hunter2 out err || fail "a password was repeated"
# shellcheck disable=SC2016 # a name that a shell would run
odd='it'\''s $(touch hostile) "odd";.raw'
mv disk.raw "$odd"
expect_exit 0 "$IMGPORT" digest "ssh://web1$work/$odd" "$odd"
expect_no_file hostile
expect_no_file none
expect_no_file none.qcow2
