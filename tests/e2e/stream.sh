#!/usr/bin/env bash
# prepare --stream: the object is byte for byte the file that prepare would have written, for every format; a part that
# fails is made again; a run that is cut off is gone on with; nothing of the artifact is ever a file here.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs qemu-img python3 flock
needs_oss_front

# 48 MiB that do not compress, in shreds, and a partition table: several parts of 5 MiB and more.
small_disk disk.raw
python3 - <<'P'
import random
random.seed(7)
with open("disk.raw", "r+b") as disk:
    for _ in range(60):
        disk.seek(random.randrange(4 << 20, 62 << 20) // 512 * 512)
        disk.write(random.randbytes(random.randrange(1, 1600) * 512))
P
start_oss_front front --store data
export OSS_ACCESS_KEY_ID=AKTEST OSS_ACCESS_KEY_SECRET=SKTEST AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST
endpoint=http://127.0.0.1:$oss_port
common=(--role data --fail-on never --allow-unknown --quiet --endpoint "$endpoint" --region cn-hangzhou --part-size 5MiB
  --retries 4)

object() {
  curl -sSf "http://127.0.0.1:$oss_port/__object/imgs/$1"
}

sum_of_object() {
  object "$1" | sha256sum | cut -d' ' -f1
}

# streamed NAME KEY OPTION...: into NAME, and the object is the same as the file that was made without --stream.
streamed() {
  local name=$1 key=$2
  shift 2
  rm -rf "$name"
  expect_exit 0 "$IMGPORT" prepare disk.raw --output "$name" --stream --upload "oss://imgs/$key" "${common[@]}" "$@"
}

for kind in raw qcow2:none qcow2:fast qcow2:small vhd; do
  to=${kind%:*} options=()
  [ "$to" = "$kind" ] || options=(--compression "${kind#*:}")
  "$IMGPORT" prepare disk.raw --output file --role data --fail-on never --allow-unknown --quiet --overwrite --to "$to" \
    "${options[@]}" >/dev/null
  for scheme in oss s3; do
    rm -rf made
    expect_exit 0 "$IMGPORT" prepare disk.raw --output made --stream --upload "$scheme://imgs/$kind.$scheme" \
      "${common[@]}" --to "$to" "${options[@]}"
    expect_equal "$kind by $scheme" "$(sum_of_object "$kind.$scheme")" "$(sha256sum <"file/disk.$to" | cut -d' ' -f1)"
    expect_equal "files here" "$(ls made)" $'disk.manifest.json\ndisk.receipt.json'
    manifest=made/disk.manifest.json
    expect_equal "the content digest" "$(jq .content $manifest)" "$(jq .content file/disk.manifest.json)"
    expect_equal "the CRC-64" "$(jq .artifact.crc64ecma $manifest)" "$(jq .artifact.crc64ecma file/disk.manifest.json)"
    expect_equal "the size" "$(jq .artifact.file_size $manifest)" "$(stat -c %s "file/disk.$to")"
    expect_equal "the parts' sizes" "$(jq '[.artifact.parts[].size] | add' $manifest)" "$(stat -c %s "file/disk.$to")"
    case "$kind" in
      *:fast | *:small)
        expect_equal "the SHA-256" "$(jq .artifact.sha256 $manifest)" null
        expect_text $manifest '"sha256_unknown": "the first bytes'
        ;;
      *) expect_equal "the SHA-256" "$(jq .artifact.sha256 $manifest)" "$(jq .artifact.sha256 file/disk.manifest.json)" ;;
    esac
  done
done

# Each part by its own digests.
object qcow2:fast.oss >fetched
streamed again again.qcow2
while read -r offset size sha; do
  expect_equal "part at $offset" "$(tail -c +$((offset + 1)) fetched | head -c "$size" | sha256sum | cut -d' ' -f1)" "$sha"
done < <(jq -r '.artifact.parts[] | "\(.offset) \(.size) \(.sha256)"' again/disk.manifest.json)

# What was streamed can be fetched and verified.
expect_exit 2 "$IMGPORT" verify again/disk.manifest.json
expect_text err 'was streamed to oss://imgs/again.qcow2'
cp fetched again/disk.qcow2
expect_exit 0 "$IMGPORT" verify again/disk.manifest.json

# The first part, with the header, goes last; the parts go in order.
expect_equal "the order" \
  "$(jq -rs '[.[] | select(.action == "UploadPart" and .key == "again.qcow2" and .status == 200) | .part] | map(tostring) | join(" ")' front.log)" \
  "$(seq -s ' ' 2 "$(jq '.artifact.parts | length' again/disk.manifest.json)") 1"

# Faults: the part is made again.
good=$(sum_of_object again.qcow2)
number=0
for fault in '"kind": "drop", "at": 1500000, "part": 3' '"kind": "status", "status": 500, "code": "InternalError", "part": 4' \
  '"kind": "status", "status": 503, "code": "ServiceUnavailable", "delay": 300, "part": 2, "times": 2' \
  '"kind": "wrong-crc", "part": 3' '"kind": "lose-reply", "part": 5' '"kind": "drop", "at": 10, "part": 1' \
  '"kind": "corrupt", "part": 2'; do
  plan_fault "{\"action\": \"UploadPart\", $fault}" >/dev/null
  streamed faults "fault-$((number += 1)).qcow2"
  expect_equal "after $fault" "$(sum_of_object "fault-$number.qcow2")" "$good"
done
plan_fault '{"action": "CompleteMultipartUpload", "kind": "lose-reply"}' >/dev/null
streamed faults complete.qcow2
expect_equal "after a lost reply at the end" "$(sum_of_object complete.qcow2)" "$good"
expect_no_uploads imgs

# Parts that no store takes are refused before anything is made.
rm -rf sizes
for size in 50KiB 6GiB; do
  expect_exit 2 "$IMGPORT" prepare disk.raw --output sizes --stream --upload oss://imgs/sizes "${common[@]/5MiB/$size}"
  expect_text err 'they may have 102400 to 5368709120 bytes'
done
expect_exit 2 "$IMGPORT" prepare disk.raw --output sizes --stream --upload s3://imgs/sizes "${common[@]/5MiB/1MiB}"
expect_text err 'they may have 5242880 to 5368709120 bytes'

# A permission that is missing in the middle: one line, and nothing that looks done; then the same command goes on.
plan_fault '{"action": "UploadPart", "part": 4, "kind": "deny"}' >/dev/null
rm -rf denied
expect_exit 4 "$IMGPORT" prepare disk.raw --output denied --stream --upload oss://imgs/denied.qcow2 "${common[@]}"
expect_text err 'oss:PutObject'
expect_equal "files here" "$(ls denied)" disk.upload.json
oss_control DELETE log >/dev/null
expect_exit 0 "$IMGPORT" prepare disk.raw --output denied --stream --upload oss://imgs/denied.qcow2 "${common[@]}"
expect_equal "gone on with" "$(sum_of_object denied.qcow2)" "$good"
expect_equal "parts sent twice" "$(oss_control GET log |
  jq -r '[.[] | select(.action == "UploadPart" and .part < 4 and .part > 1)] | length')" 0

# Or it is given up, though there is no manifest yet; not while someone else is at it.
plan_fault '{"action": "UploadPart", "part": 4, "kind": "deny"}' >/dev/null
rm -rf given-up
expect_exit 4 "$IMGPORT" prepare disk.raw --output given-up --stream --upload oss://imgs/given-up.qcow2 "${common[@]}"
expect_exit 4 flock given-up/disk.upload.json.lock "$IMGPORT" upload given-up/disk.manifest.json --abort
expect_text err 'another imgport'
expect_exit 0 "$IMGPORT" upload given-up/disk.manifest.json --abort
expect_equal "files of what was given up" "$(ls given-up)" ""
expect_no_uploads imgs

# Killed at any moment, and gone on with.
kills=3
[ -z "${IMGPORT_FULL:-}" ] || kills=10
plan_fault '{"action": "UploadPart", "kind": "slow", "rate": 12000000, "times": 1000}' >/dev/null
for round in $(seq "$kills"); do
  rm -rf killed
  for _ in 1 2; do
    "$IMGPORT" prepare disk.raw --output killed --stream --upload "oss://imgs/killed-$round.qcow2" "${common[@]}" \
      >/dev/null 2>&1 &
    sleep "0.$((RANDOM % 8 + 2))$((RANDOM % 10))"
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
  done
  [ -f killed/disk.receipt.json ] ||
    expect_exit 0 "$IMGPORT" prepare disk.raw --output killed --stream --upload "oss://imgs/killed-$round.qcow2" \
      --overwrite "${common[@]}"
  expect_equal "killed and gone on with" "$(sum_of_object "killed-$round.qcow2")" "$good"
done
oss_control DELETE faults >/dev/null
expect_no_uploads imgs

# What is there is not overwritten, and what makes no sense is refused before anything is asked.
rm -rf there
expect_exit 4 "$IMGPORT" prepare disk.raw --output there --stream --upload oss://imgs/again.qcow2 "${common[@]}"
expect_text err 'is there already'
expect_exit 2 "$IMGPORT" prepare disk.raw --output there --stream --role data --fail-on never
expect_exit 2 "$IMGPORT" prepare disk.raw --output there --stream --upload dir:there --role data --fail-on never
expect_exit 2 "$IMGPORT" prepare disk.raw --output there --stream --upload oss://imgs/x --engine qemu --role data \
  --fail-on never
