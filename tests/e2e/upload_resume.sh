#!/usr/bin/env bash
# One upload, killed at random moments and gone on with each time: in the end the object is right, no part was sent again
# that had arrived whole, and no unfinished upload is left. In both dialects; ten kills with IMGPORT_FULL.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_upload.sh"
needs_oss_front
needs openssl

kills=3
[ -z "${IMGPORT_FULL:-}" ] || kills=10
seed=${IMGPORT_SEED:-$$}
RANDOM=$seed
echo "IMGPORT_SEED=$seed kills at the same times again"
start_oss_front front --store store

# go_on: what is killed and started again; every part takes the front long enough that a run, which is killed after less
# than 0.6 seconds, begins two rounds of them and no third: there is always something left to kill.
oss_go_on() {
  exec "$IMGPORT" upload made/oss.manifest.json oss://imgs/oss --endpoint "http://127.0.0.1:$oss_port" \
    --region cn-hangzhou --part-size 1MiB --parallel 3
}
s3_go_on() {
  exec "$IMGPORT" upload made/s3.manifest.json s3://imgs/s3 --endpoint "http://127.0.0.1:$oss_port" \
    --region cn-hangzhou --part-size 5MiB --parallel 2
}

for dialect in oss s3; do
  [ "$dialect" = oss ] && parts=$((kills * 6 + 1)) size=1048576 || parts=$((kills * 4 + 1)) size=5242880
  make_artifact "$dialect" $((parts * size - 12345))
  oss_control DELETE log
  plan_fault '{"kind": "delay", "action": "UploadPart", "ms": 300, "times": 100000}'
  killed=0
  while [ "$killed" -lt "$kills" ]; do
    ("${dialect}_go_on") >out.txt 2>err.txt &
    pid=$!
    sleep "0.$((RANDOM % 500 + 100))"
    kill -9 "$pid" 2>/dev/null || fail "$dialect: done before it could be killed ($killed of $kills)"
    wait "$pid" 2>/dev/null || true
    killed=$((killed + 1))
    expect_no_file "made/$dialect.receipt.json"
    # What the front has got, it takes in.
    sleep 0.8
  done
  oss_control DELETE faults
  ("${dialect}_go_on") >out.txt 2>err.txt || { cat err.txt >&2; fail "$dialect: the last run failed"; }
  expect_equal "$dialect: the object" "$(curl -sS "http://127.0.0.1:$oss_port/__object/imgs/$dialect" | sha256sum)" \
    "$(sha256sum <"made/$dialect.raw")"
  expect_no_uploads imgs
  expect_no_file "made/$dialect.upload.json"
  expect_equal "$dialect: parts that were stored" "$(parts_sent)" "$(seq "$parts" | xargs)"
  expect_equal "$dialect: uploads that were begun" \
    "$(oss_control GET log | jq '[.[] | select(.action == "InitiateMultipartUpload" and .status == 200)] | length')" 1
  echo "$dialect: $parts parts, $killed kills"
done

# Killed after the store had completed, before the receipt: known as done, and nothing is sent again.
make_artifact last 3000000
plan_fault '{"kind": "hang", "action": "CompleteMultipartUpload"}'
oss_upload last last --quiet >out.txt 2>err.txt &
pid=$!
for _ in $(seq 200); do
  [ "$(oss_control GET objects/imgs | jq '[.[] | select(.key == "last")] | length')" = 0 ] || break
  sleep 0.05
done
pkill -9 -P "$pid" 2>/dev/null || kill -9 "$pid"
wait "$pid" 2>/dev/null || true
oss_control DELETE faults
oss_control DELETE log
expect_exit 0 oss_upload last last
expect_uploaded last last
expect_equal "parts sent again" "$(parts_sent)" ""

# The unfinished upload expired, and the artifact was made anew: both start again, and nothing stays.
for change in expired anew; do
  make_artifact "$change" 5000000
  plan_fault '{"kind": "deny", "action": "UploadPart", "after": 3, "times": 99}'
  expect_exit 4 oss_upload "$change" "$change"
  oss_control DELETE faults
  if [ "$change" = expired ]; then
    plan_fault '{"kind": "no-such-upload", "action": "ListParts"}'
  else
    make_artifact "$change" 5000000 another
  fi
  expect_exit 0 oss_upload "$change" "$change"
  expect_text err 'starts anew'
  expect_uploaded "$change" "$change"
done
