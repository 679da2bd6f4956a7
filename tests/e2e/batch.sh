#!/usr/bin/env bash
# Many images: each is one result, whatever becomes of it; killed at any moment, the rest is done later and the results
# are those of an undisturbed run; a full disk stops the batch and not its images. IMGPORT_FULL=1: 60 images, and 20
# kills instead of 3.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_batch.sh"
needs qemu-img jq

full=${IMGPORT_FULL:-}
images=$([ -n "$full" ] && echo 60 || echo 14)
kills=$([ -n "$full" ] && echo 20 || echo 3)
limit=$([ -n "$full" ] && echo 90 || echo 10)  # seconds per image: whole guests take theirs

# The recipe's real guests where they are built, else none.
guests=()
for name in bios-ext4 lvm-root; do
  [ ! -f "$TEST_IMAGES/$name.raw" ] || guests+=("$name")
done

# One that ends its worker by a signal and one that hangs, by way of the uploader they name.
cat >crash.sh <<'SCRIPT'
#!/bin/sh
kill -SEGV "$PPID"
sleep 5
SCRIPT
cat >hang.sh <<'SCRIPT'
#!/bin/sh
sleep 600
SCRIPT
chmod +x crash.sh hang.sh

{
  make_batch_list "$images"
  for guest in ${full:+"${guests[@]}"}; do
    printf '[[image]]\npath = "%s/%s.raw"\nrole = "system"\n' "$TEST_IMAGES" "$guest"
  done
} >calm.toml
{
  cat calm.toml
  printf '[[image]]\npath = "disks/d1.raw"\nname = "crash"\nupload = "command:%s/crash.sh"\n' "$work"
  printf '[[image]]\npath = "disks/d1.raw"\nname = "hang"\nupload = "command:%s/hang.sh"\n' "$work"
} >jobs.toml
malformed=$((images / 7))
findings=$(seq "$images" | awk '$1 % 7 == 3' | wc -l)
good=$((images - malformed - findings))
[ -z "$full" ] || good=$((good + ${#guests[@]}))
all=$((malformed + findings + good + 2))

# Nothing is written by a plan, and it knows what cannot be done.
expect_exit 0 "$IMGPORT" batch plan jobs.toml --output results --format json
expect_equal "planned" "$(jq -c '[(.images | length), .refused, .finished]' out)" "[$all,$malformed,0]"
expect_no_file results
expect_exit 0 "$IMGPORT" batch plan 'disks/*.raw'
expect_text out 'space for the artifacts'

run_batch() {
  "$IMGPORT" batch run jobs.toml --output "$1" --timeout-per-image "$limit" "${@:2}"
}

# ---------------------------------------------------------------------------------------- one result for each image
status=0
mkdir results
run_batch "$work/results/whole" --progress json --report json=report.json --report junit=report.xml >out 2>err || status=$?
expect_equal "exit code" "$status" 4
expect_text out "$all images: $good done, $((all - good)) failed"
summary() {
  "$IMGPORT" batch status "$1" --format json |
    jq -r '[.done, (.jobs | group_by(.exit_code)[] | "\(.[0].exit_code):\(length)")] | join(" ")'
}
expected="$good 0:$good 1:$findings 3:$malformed 4:2"
expect_equal "results" "$(summary results/whole)" "$expected"
expect_equal "reported" "$(jq '.images | length' report.json)" "$all"
expect_equal "what needs attention first" "$(jq -r '[.images[0:2][].verdict] | unique | join(" ")' report.json)" error
expect_equal "the crash" "$("$IMGPORT" batch status results/whole --format json |
  jq -r '.jobs[] | select(.name == "crash") | .reason' | grep -c 'signal 11')" 1
expect_equal "the hang" "$("$IMGPORT" batch status results/whole --format json |
  jq -r '.jobs[] | select(.name == "hang") | .reason' | grep -c "within $limit s")" 1
expect_equal "progress is JSON lines" "$(jq -rs 'map(.schema) | unique | join(" ")' err)" imgport.batch-progress/1
expect_equal "told as done" "$(jq -rs 'map(select(.event == "done")) | length' err)" "$good"
for i in 1 2; do
  expect_exit 0 "$IMGPORT" verify "results/whole/d$i.manifest.json"
done
expect_no_file results/whole/d3.qcow2

# The same as `prepare` by itself makes it.
expect_exit 0 "$IMGPORT" prepare disks/d1.raw --role data --inspector native --output alone
expect_exit 0 cmp alone/d1.qcow2 results/whole/d1.qcow2
expect_exit 0 cmp alone/d1.manifest.json results/whole/d1.manifest.json

# ------------------------------------------------------------------------------------------------- what is done again
starts() { grep -c '"event":"start"' "$1/.imgport-batch/journal.jsonl"; }
before=$(starts results/whole)
status=0
run_batch "$work/results/whole" >out 2>err || status=$?
expect_equal "exit code" "$status" 4
expect_equal "nothing is done twice" "$(starts results/whole)" "$before"
sed -i 's|^path = "disks/d2.raw"$|&\nto = "vhd"|' jobs.toml
touch -d '2020-01-01' disks/d4.raw
run_batch "$work/results/whole" >out 2>err || true
expect_equal "a changed option and a changed source" "$(starts results/whole)" $((before + 2))
expect_no_file results/whole/d2.qcow2
qemu-img compare -q -f raw -F vpc disks/d2.raw results/whole/d2.vhd || fail "the VHD differs"
status=0
"$IMGPORT" batch retry results/whole d3 d10 --format json >out 2>err || status=$?
expect_equal "retried" "$(starts results/whole)" $((before + 4))
expect_exit 2 "$IMGPORT" batch retry results/whole nobody
expect_exit 2 "$IMGPORT" batch retry results/whole
expect_exit 2 "$IMGPORT" batch status .

# A name that somebody else has is not taken.
mkdir taken
echo precious >taken/d1.qcow2
expect_exit 2 "$IMGPORT" batch run disks/d1.raw --role data --inspector native --output taken
expect_equal "the file that was there" "$(cat taken/d1.qcow2)" precious
expect_exit 2 "$IMGPORT" batch run --output taken
expect_equal "still" "$(cat taken/d1.qcow2)" precious
# But as soon as it is free, or given up.
expect_exit 0 "$IMGPORT" batch run disks/d1.raw --role data --inspector native --output taken --overwrite
mv taken/d1.qcow2 taken/kept.qcow2
rm -r taken/.imgport-batch
expect_exit 2 "$IMGPORT" batch run disks/d1.raw --role data --inspector native --output taken
rm taken/d1.manifest.json
expect_exit 0 "$IMGPORT" batch run --output taken
expect_exit 0 cmp taken/d1.qcow2 taken/kept.qcow2

# A source that is away takes nothing along: what is finished stays, whatever else is done, and is left alone.
mkdir -p away/web away/db
cp --sparse=always disks/d1.raw away/web/disk.raw
expect_exit 0 "$IMGPORT" batch run away/web --role data --inspector native --output kept
before=$(cat kept/*.* | sha256sum)
mv away/web away/gone
expect_exit 0 "$IMGPORT" batch run --output kept
expect_text err 'disk is finished and its source is not there'
expect_exit 3 "$IMGPORT" batch retry kept disk
expect_equal "what was finished" "$(cat kept/*.* | sha256sum)" "$before"
mv away/gone away/web
expect_exit 0 "$IMGPORT" batch run --output kept
expect_equal "the same again" "$(cat kept/*.* | sha256sum)" "$before"
# Nor does another image of that name, which comes later, rename it.
before=$(starts kept)
cp --sparse=always disks/d2.raw away/db/disk.raw
expect_exit 0 "$IMGPORT" batch run away/db away/web --role data --inspector native --output kept
expect_equal "artifacts" "$(cd kept && echo *.qcow2)" "db-disk.qcow2 disk.qcow2"
expect_equal "only the new one was done" "$(starts kept)" $((before + 1))

# An image that wants no configuration gets none, though one lies here; and what a link into a bucket was signed with is
# written nowhere.
mkdir -p settings
(
  cd settings
  printf '[check]\nprofile = "nonesuch"\n' >imgport.toml
  printf '[[image]]\npath = "%s/disks/d7.qcow2"\nno-config = true\nrole = "data"\nupload = "%s"\n' "$work" \
    'HTTPS://bucket.oss-cn-hangzhou.aliyuncs.com/a.qcow2?OSSAccessKeyId=planted&Signature=planted#planted' >jobs.toml
  expect_exit 3 "$IMGPORT" batch run jobs.toml --output results
)
expect_text settings/results/.imgport-batch/jobs.jsonl 'aliyuncs.com/a.qcow2"'
expect_equal "signatures" "$(grep -rl planted settings/results | wc -l)" 0

# ------------------------------------------------------------------------------------------------ killed at any moment
calm=$(grep -c '^path' calm.toml)
begun=$(date +%s%N)
status=0
"$IMGPORT" batch run calm.toml --output calm >out 2>err || status=$?
expect_equal "exit code" "$status" 3
took=$((($(date +%s%N) - begun) / 1000000))

running() { "$IMGPORT" batch status "$1" --format json | jq -r .active; }
for _ in $(seq "$kills"); do
  setsid "$IMGPORT" batch run calm.toml --output killed >/dev/null 2>&1 &
  pid=$!
  sleep "$(awk -v most="$took" -v seed="$RANDOM" 'BEGIN { srand(seed); printf "%.3f", rand() * most / 1000 }')"
  kill -9 -- "-$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
done
status=0
"$IMGPORT" batch run calm.toml --output killed >out 2>err || status=$?
expect_equal "exit code after the kills" "$status" 3
expect_text out "$calm images"
expect_same_results calm killed
expect_equal "finished images that were done twice" "$(jq -rn '
  reduce (inputs | select(.job)) as $line ({};
    if ($line.event == "done" or $line.event == "failed") and ($line.again | not) then .ended[$line.job] = true
    elif $line.event == "start" and .ended[$line.job] then .twice += [$line.job] else . end)
  | .twice // [] | join(" ")' killed/.imgport-batch/journal.jsonl)" ""

# Two at the same time: one is turned away. A cancelled one goes on later; here image by image, each by its index, as a
# cluster does it. The next run finds what they have done.
setsid "$IMGPORT" batch run calm.toml --output two --jobs 1 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do
  [ "$(running two 2>/dev/null || true)" != true ] || break
  sleep 0.05
done
# It is not to be done before the second one has looked, and before it is told to stop.
kill -STOP "$pid"
status=0
"$IMGPORT" batch run calm.toml --output two >out 2>err || status=$?
expect_equal "a second run" "$status" 4
expect_text err 'another run'
# The one who cancels waits until the run has ended.
(sleep 1 && kill -CONT "$pid") &
expect_exit 0 "$IMGPORT" batch cancel two
status=0
wait "$pid" || status=$?
expect_equal "the cancelled run" "$status" 130
expect_equal "no run any more" "$(running two)" false
before=$(starts two)
for i in $(seq 0 $((calm - 1))); do
  "$IMGPORT" batch work --output two --index "$i" >/dev/null 2>&1 || true
done
expect_exit 2 "$IMGPORT" batch work --output two --index "$calm"
status=0
"$IMGPORT" batch run --output two >out 2>err || status=$?
expect_equal "exit code of what was done by hand" "$status" 3
expect_equal "nothing was left to do" "$(starts two)" "$before"
expect_same_results calm two
expect_exit 2 "$IMGPORT" batch run --output two --to vhd

# -------------------------------------------------------------------------------------------------------- a full disk
# Five of which two fit, and one that does not.
for i in $(seq 6); do
  cp --sparse=always template.raw "disks/big$i.raw"
  head -c $((i == 6 ? 100000000 : 30000000)) /dev/urandom | dd of="disks/big$i.raw" bs=1M seek=3000 conv=notrunc status=none
done
volume() { "$IMGPORT" batch run 'disks/big*.raw' --role data --inspector native --output full/out --jobs 3 "$@"; }
if [ "$(id -u)" -eq 0 ] && mkdir full && mount -t tmpfs -o size=80M tmpfs full 2>/dev/null; then
  trap 'umount full; finish' EXIT
  status=0
  volume >out 2>err || status=$?
  expect_equal "exit code on a full disk" "$status" 4
  expect_text out 'waiting'
  expect_text err 'wait for space'
  done_first=$(grep -c '"event":"done"' full/out/.imgport-batch/journal.jsonl)
  mount -o remount,size=500M full
  expect_exit 0 volume
  expect_text out '6 images: 6 done, 0 failed'
  expect_equal "the finished ones were left alone" "$(grep -c '"event":"done"' full/out/.imgport-batch/journal.jsonl)" 6
  [ "$done_first" -ge 1 ] || fail "none fitted"
  rm -rf full/out
  mount -o remount,size=80M full
  volume --wait-for-space >out 2>err &
  pid=$!
  for _ in $(seq 200); do
    [ -z "$("$IMGPORT" batch status full/out --format json 2>/dev/null | jq -r 'select(.running == 0) | .waiting_for')" ] || break
    sleep 0.1
  done
  kill -0 "$pid" || fail "the run did not wait"
  mount -o remount,size=500M full
  status=0
  wait "$pid" || status=$?
  expect_equal "exit code of the run that waited" "$status" 0
  expect_text out '6 images: 6 done, 0 failed'
  umount full
  trap finish EXIT
else
  echo "not checked here: a full disk (a tmpfs cannot be mounted)"
fi
