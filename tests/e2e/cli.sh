#!/usr/bin/env bash
# The command line: usage errors are exit code 2 with a hint, results go to standard output, errors elsewhere.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img jq

qemu-img create -q -f qcow2 a.qcow2 1M

expect_exit 2 "$IMGPORT"
expect_exit 2 "$IMGPORT" prob a.qcow2
expect_text err 'did you mean probe'
expect_exit 2 "$IMGPORT" probe --fromat json a.qcow2
expect_text err 'did you mean --format'
expect_exit 2 "$IMGPORT" probe --format jsn a.qcow2
expect_text err 'did you mean json'
expect_exit 2 "$IMGPORT" check --profile alibabba a.qcow2
expect_text err 'alibaba'
expect_exit 2 "$IMGPORT" explain virtio-initram
expect_text err 'did you mean virtio-initramfs'
expect_exit 2 "$IMGPORT" probe -
expect_exit 2 "$IMGPORT" convert a.qcow2 b.doc
expect_exit 2 "$IMGPORT" upload x.json ftp:x
expect_text err 'dir:PATH'
expect_exit 2 "$IMGPORT" upload x.json
expect_text err 'DEST is missing'
expect_exit 2 "$IMGPORT" upload x.json oss://images/k --abort
expect_exit 2 "$IMGPORT" upload x.json s3://images/k --signature v1
expect_exit 2 "$IMGPORT" upload x.json oss://images/k --parallel 0
expect_exit 2 "$IMGPORT" upload x.json oss://IMAGES/k
expect_text err 'lower-case'
expect_exit 2 "$IMGPORT" uploads images
expect_text err 'oss://BUCKET'
expect_exit 0 "$IMGPORT" --version
expect_exit 0 "$IMGPORT" --help
for verb in probe inspect check convert prepare verify digest upload uploads import batch rules explain doctor; do
  expect_exit 0 "$IMGPORT" "$verb" --help
  expect_text out 'Examples:'
done

expect_exit 0 "$IMGPORT" probe --format json a.qcow2
expect_equal "standard error" "$(cat err)" ""
expect_equal schema "$(jq -r .schema out)" imgport.probe/1
expect_equal format "$(jq -r '.images[0].format' out)" qcow2
expect_exit 3 "$IMGPORT" probe --format json a.qcow2 missing.raw
expect_equal "images described" "$(jq '.images | length' out)" 2

for verb in plan run status retry cancel work; do
  expect_exit 0 "$IMGPORT" batch "$verb" --help
  expect_text out 'Examples:'
done
expect_exit 2 "$IMGPORT" batch
expect_exit 2 "$IMGPORT" batch rum a.qcow2
expect_text err 'did you mean run'
expect_exit 2 "$IMGPORT" batch run a.qcow2 --output out --tp vhd
expect_text err 'did you mean --to'
printf '[[image]]\npath = "a.qcow2"\ncompresion = "none"\n' >jobs.toml
expect_exit 2 "$IMGPORT" batch plan jobs.toml
expect_text err "jobs.toml: line 3: .*did you mean 'compression'"
printf 'path,to\na.qcow2,vdh\n' >jobs.csv
expect_exit 2 "$IMGPORT" batch plan jobs.csv
expect_text err 'jobs.csv: line 2: .*did you mean vhd'

# Where not even an error can be told, it is one of the machine, and no crash.
speechless() { "$IMGPORT" "$@" 2>/dev/full; }
expect_exit 4 speechless prob a.qcow2

# An existing output is an error, and stays what it was.
echo precious >b.raw
expect_exit 2 "$IMGPORT" convert a.qcow2 b.raw
expect_text err 'overwrite'
expect_equal "the file that was there" "$(cat b.raw)" precious
expect_exit 0 "$IMGPORT" convert a.qcow2 b.raw --overwrite
expect_equal "the new size" "$(stat -c %s b.raw)" 1048576

expect_exit 0 "$IMGPORT" convert --progress json a.qcow2 c.raw
expect_equal "progress is JSON lines" "$(jq -rs 'map(.schema) | unique | join(" ")' err)" imgport.progress/1
expect_exit 0 "$IMGPORT" rules --format json
expect_equal schema "$(jq -r .schema out)" imgport.rules/1
expect_exit 0 "$IMGPORT" rules --profiles
expect_text out '^alibaba-2026'
expect_text out '^huawei'

# One look, several profiles; a profile of one's own.
qemu-img create -q -f raw blank.raw 6G
printf 'from = "alibaba"\n[severities]\nfs-type = "off"\n' >ours.toml
expect_exit 1 "$IMGPORT" check --inspector native --profile alibaba --profile ./ours.toml --format json blank.raw
expect_equal "the profiles" "$(jq -r '[.images[].profile] | join(" ")' out)" "alibaba ours.toml"
expect_equal "switched off" "$(jq -r '.images[1].findings[] | select(.rule == "fs-type") | .message' out)" \
  "switched off by profile ours.toml"
printf 'from = "alibaba"\n[severities]\nfs-tpye = "off"\n' >ours.toml
expect_exit 2 "$IMGPORT" check --profile ./ours.toml blank.raw
expect_text err "ours.toml: line 3: unknown rule 'fs-tpye'"
expect_exit 2 "$IMGPORT" check --profile aws --profile aws blank.raw
expect_exit 2 "$IMGPORT" prepare --profile aws --profile azure --output out.d blank.raw

# Waivers: found in the current folder, named, or left out.
waive() {
  printf '[[waiver]]\nrule = "%s"\nimage = "blank.*"\nreason = "a blank disk"\n' "$@"
}
waive pt-present boot-mode-detect kernel-present os-release qemu-ga >imgport.toml
expect_exit 0 "$IMGPORT" check --inspector native --format json blank.raw
expect_equal "accepted by" "$(jq -r '[.images[0].findings[] | select(.accepted) | .accepted.by] | .[0]' out)" "imgport.toml, line 1"
expect_text err 'imgport.toml, line 17: the waiver of qemu-ga matches nothing'
expect_exit 1 "$IMGPORT" check --inspector native --no-config blank.raw
sed 's/^reason.*/&\nexpires = 2001-01-01/' imgport.toml >old.toml
expect_exit 1 "$IMGPORT" check --inspector native --config old.toml blank.raw
expect_text out 'waiver-expired'
SOURCE_DATE_EPOCH=0 expect_exit 0 "$IMGPORT" check --inspector native --config old.toml blank.raw
rm imgport.toml
expect_exit 2 "$IMGPORT" check --config missing.toml blank.raw

# A baseline accepts what it knows, and nothing else.
"$IMGPORT" check --inspector native --format json blank.raw >before.json || true
mkdir elsewhere && mv blank.raw elsewhere
expect_exit 0 "$IMGPORT" check --inspector native --baseline before.json elsewhere/blank.raw
expect_text out 'baseline before.json'
mv elsewhere/blank.raw other.raw
expect_exit 1 "$IMGPORT" check --inspector native --baseline before.json other.raw
expect_exit 2 "$IMGPORT" check --baseline a.qcow2 other.raw
