#!/usr/bin/env bash
# `imgport check` needs nothing that an ordinary user lacks: it is given a machine without KVM, FUSE, loop devices and
# network, with every filesystem read-only but the temporary folder, as a user without a name or a capability; and
# neither qemu nor the appliance can be started there, nor is it tried.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq unshare setpriv strace qemu-img
needs_image bios-ext4

mapfile -t images < <(find "$TEST_IMAGES" -maxdepth 1 -name '*.raw' | sort)
[ "${#images[@]}" -gt 0 ] || skip "no test image was built (test-images/build)"

# A user of its own: as root that takes no more than namespaces, else a user namespace, which many machines forbid.
if [ "$(id -u)" -eq 0 ]; then
  apart=(unshare --mount --net --ipc --propagation private)
else
  apart=(unshare --user --map-root-user --mount --net --ipc --propagation private)
fi
"${apart[@]}" true 2>why || skip "THIS MACHINE LETS NOBODY TAKE ITS DEVICES AWAY (unshare: $(head -n 1 why)); NOTHING WAS TESTED"

# What the user is to reach lies in a folder of ours, since the way to it may lead through a closed home.
chmod 711 "$work"
mkdir images program
mkdir -m 1777 temp
cp "$IMGPORT" "$(ldd "$IMGPORT" | sed -n 's/.*libimgport[^ ]* => \([^ ]*\) .*/\1/p')" program/
chmod -R a+rX program
# One of them as an image that a cloud would be given.
qemu-img convert -f raw -O qcow2 -c "${images[0]}" packed.qcow2
chmod a+r packed.qcow2

cat >jail.sh <<'JAIL'
#!/usr/bin/env bash
# jail.sh WORK TEST_IMAGES COMMAND...: runs in the new namespaces.
set -euo pipefail
work=$1 test_images=$2
shift 2
mount --bind "$test_images" "$work/images"
mount --bind "$work/temp" "$work/temp"

# /dev with what every program may count on, and nothing that is a way to a disk, a machine or a kernel.
mkdir "$work/temp/dev"
mount -t tmpfs -o mode=755 none "$work/temp/dev"
for node in null zero urandom; do
  : >"$work/temp/dev/$node"
  mount --bind "/dev/$node" "$work/temp/dev/$node"
done
mount --rbind "$work/temp/dev" /dev
umount -R "$work/temp/dev"
rmdir "$work/temp/dev"
[ "$(cd /dev && echo *)" = 'null urandom zero' ]

# No program that makes a machine or an appliance can be started, whichever way it is found.
: >"$work/nothing"
for program in /usr/bin/qemu-* /usr/bin/supermin* /usr/bin/guestf* /usr/bin/virt-* /usr/libexec/qemu-* /usr/bin/fusermount*; do
  [ ! -f "$program" ] || [ -L "$program" ] || mount --bind "$work/nothing" "$program"
done

# Everything read-only, but the temporary folder. What cannot be remounted in a user namespace keeps being closed to the
# user by its permissions; the root and the images must not be among it.
awk '{print $5}' /proc/self/mountinfo | while read -r point; do # there is no /dev/fd any more
  point=$(printf '%b' "$point")
  case $point in "$work/temp" | /dev/* | /proc*) continue ;; esac
  mount -o remount,bind,ro "$point" 2>/dev/null || true
done
for place in / /var/tmp "$work" "$work/images" /tmp; do
  if (: >"$place/.imgport-probe") 2>/dev/null; then
    rm -f "$place/.imgport-probe"
    echo "$place can still be written" >&2
    exit 1
  fi
done
[ "$(find /sys/class/net -mindepth 1 ! -name lo 2>/dev/null | wc -l)" -eq 0 ] || grep -q '^ *lo:' /proc/net/dev
[ "$(grep -c : /proc/net/dev)" -eq 1 ] # the loopback, and it is down

cd "$work"
if [ "$(awk '{print $3; exit}' /proc/self/uid_map)" -gt 1 ]; then
  exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
fi
exec unshare --user --map-user=65534 --map-group=65534 setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
JAIL

# jailed COMMAND...
jailed() {
  "${apart[@]}" bash "$work/jail.sh" "$work" "$TEST_IMAGES" \
    env -i PATH=/usr/bin:/bin HOME=/nonexistent TMPDIR="$work/temp" LIBGUESTFS_PATH=/nonexistent \
    LD_LIBRARY_PATH="$work/program" "$@"
}

# The jail holds: the user is nobody, and the appliance does not start in there.
expect_exit 0 jailed id -u
expect_equal "who it runs as" "$(cat out)" 65534
expect_exit 1 jailed test -e /dev/kvm
expect_exit 4 jailed "$work/program/imgport" --temp-dir "$work/temp" inspect --inspector appliance images/bios-ext4.raw

# check_in_jail IMAGE EXPECT
check_in_jail() {
  local image=$1 wanted=$2 name status=0
  name=$(basename "$image")
  jailed strace -f -qq -o "$work/temp/trace" -e trace=execve,execveat,socket,connect,mount,ptrace \
    "$work/program/imgport" --temp-dir "$work/temp" check --inspector native --profile alibaba --format json "$image" \
    >report.json 2>err || status=$?
  [ "$status" -eq "$([ -s "$wanted" ] && echo 1 || echo 0)" ] || { cat err >&2; fail "$name: exit code $status"; }
  expect_equal "$name: findings" "$(findings report.json 0)" "$(cat "$wanted")"
  expect_equal "$name: unknown rules" \
    "$(jq -r '[.images[0].findings[] | select(.status == "unknown") | .rule] | join(" ")' report.json)" ""
  # The first line is strace's own start of the program.
  expect_equal "$name: programs that were started" "$(grep -c exec temp/trace)" 1
  expect_equal "$name: what else it asked the system for" "$(grep -vE 'execve|^[0-9]+ +(\+\+\+|---)' temp/trace || true)" ""
  rm -f temp/trace
  expect_empty_dir temp
}

for image in "${images[@]}"; do
  name=$(basename "$image" .raw)
  check_in_jail "images/$name.raw" "$TEST_IMAGES/$name.expect"
done
check_in_jail packed.qcow2 "${images[0]%.raw}.expect"
