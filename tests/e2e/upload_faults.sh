#!/usr/bin/env bash
# Uploads in which something fails: each fault ends in success after retries, or in one clear line; nothing half-done is
# called done, and what arrived is not sent again.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_upload.sh"
needs_oss_front
needs openssl

start_oss_front front --store store
make_artifact disk $((7 * 1048576 + 333))
runs=0

# begin_case NAME: an own key, a clean log, no fault.
begin_case() {
  key=$1
  runs=$((runs + 1))
  rm -f made/disk.receipt.json made/disk.upload.json
  oss_control DELETE faults
  oss_control DELETE log
}

# survives NAME FAULT [OPTION...]: the upload succeeds in spite of it.
survives() {
  begin_case "$1"
  plan_fault "$2"
  expect_exit 0 oss_upload disk "$key" "${@:3}"
  expect_equal "$key: faults that did not happen" "$(oss_control GET faults | jq length)" "${left_faults:-0}"
  expect_uploaded disk "$key"
}

# stops NAME FAULT REGEX: it does not, and says why; without the fault the same command goes on where it was.
stops() {
  begin_case "$1"
  plan_fault "$2"
  expect_exit 4 oss_upload disk "$key" --quiet
  expect_one_line "$3"
  expect_not_called_done disk "$key"
  expect_equal "$key: CompleteMultipartUpload" "$(oss_control GET log | jq '[.[] | select(.action == "CompleteMultipartUpload")] | length')" 0
  oss_control DELETE faults
  expect_exit 0 oss_upload disk "$key"
  expect_uploaded disk "$key"
  if [ "${4:-}" != again ]; then
    expect_equal "$key: parts sent" "$(parts_sent)" "1 2 3 4 5 6 7 8"
  fi
  expect_equal "$key: uploads begun" "$(oss_control GET log | jq '[.[] | select(.action == "InitiateMultipartUpload")] | length')" 1
}

survives plain '[]'
survives drop '{"kind": "drop", "action": "UploadPart", "part": 2, "at": 300000, "times": 2}'
survives drop-at-once '{"kind": "drop", "action": "UploadPart", "at": 0, "times": 3}'
survives 500 '{"kind": "status", "status": 500, "action": "UploadPart", "part": 3, "times": 3}'
survives throttled '{"kind": "status", "status": 503, "delay": 200, "action": "UploadPart", "times": 6}'
expect_equal "503 that were obeyed" "$(oss_control GET log | jq '[.[] | select(.status == 503)] | length')" 6
survives wrong-crc '{"kind": "wrong-crc", "action": "UploadPart", "part": 4, "times": 2}'
survives corrupt '{"kind": "corrupt", "action": "UploadPart", "part": 5, "times": 2}'
survives slow '{"kind": "slow", "action": "UploadPart", "part": 1, "rate": 1500000}'
survives lost-part '{"kind": "lose-reply", "action": "UploadPart", "part": 6}'
survives lost-begin '{"kind": "lose-reply", "action": "InitiateMultipartUpload", "times": 2}'
survives cut-begin '{"kind": "cut-reply", "action": "InitiateMultipartUpload"}'
survives lost-complete '{"kind": "lose-reply", "action": "CompleteMultipartUpload"}'
survives cut-complete '{"kind": "cut-reply", "action": "CompleteMultipartUpload"}'
survives complete-500 '{"kind": "status", "status": 500, "action": "CompleteMultipartUpload"}'
survives lost-head '{"kind": "drop", "action": "HeadObject", "at": 0, "times": 2}'
survives expired '{"kind": "no-such-upload", "action": "UploadPart", "part": 5}'
expect_text err 'starts anew'
survives may-not-list '{"kind": "deny", "action": "ListMultipartUploads"}'

stops always-500 '{"kind": "status", "status": 500, "action": "UploadPart", "part": 3, "times": 99}' 'imgs/always-500'
stops always-wrong '{"kind": "corrupt", "action": "UploadPart", "part": 3, "times": 99}' 'part 3 did not arrive as it was sent' again
stops forbidden '{"kind": "deny", "action": "UploadPart", "after": 3, "times": 99}' 'oss:PutObject'
stops always-503 '{"kind": "status", "status": 503, "action": "UploadPart", "after": 4, "times": 99}' 'imgs/always-503'

# What is wrong from the start is said at once, and leaves nothing behind.
# refused NAME REGEX COMMAND...
refused() {
  begin_case "$1"
  expect_exit 4 "${@:3}"
  expect_one_line "$2"
  expect_not_called_done disk "$key"
  expect_no_uploads imgs
  expect_no_file made/disk.upload.json
}
refused no-such-host 'no-such-host\.invalid' "$IMGPORT" upload made/disk.manifest.json oss://imgs/no-such-host \
  --endpoint https://no-such-host.invalid --region cn-hangzhou --retries 1 --quiet
refused nobody-listens '127.0.0.1:1' "$IMGPORT" upload made/disk.manifest.json oss://imgs/nobody-listens \
  --endpoint http://127.0.0.1:1 --region cn-hangzhou --retries 1 --quiet
refused no-bucket 'no-such-bucket' "$IMGPORT" upload made/disk.manifest.json oss://no-such-bucket/no-bucket \
  --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou --quiet
ALIBABA_CLOUD_ACCESS_KEY_SECRET=wrong refused wrong-key '[Ss]ecret' oss_upload disk wrong-key --quiet
oss_control POST clock '{"offset": 3600}'
refused clock 'clock' oss_upload disk clock --quiet
oss_control POST clock '{"offset": 0}'
refused wrong-region 'region' "$IMGPORT" upload made/disk.manifest.json oss://imgs/wrong-region \
  --endpoint "http://127.0.0.1:$oss_port" --region cn-beijing --quiet

# A certificate that nobody vouches for. The options come to the first front's place for a moment.
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null
plain_port=$oss_port
start_oss_front tls --store tls-store --tls-cert cert.pem --tls-key key.pem
tls_port=$oss_port oss_port=$plain_port
over_tls() {
  "$IMGPORT" upload made/disk.manifest.json oss://imgs/tls --endpoint "https://127.0.0.1:$tls_port" --region cn-hangzhou \
    --part-size 1MiB --retries 1 "$@"
}
refused tls '[Cc]ertificate' over_tls --quiet
expect_equal "requests over TLS" "$(cat tls.log 2>/dev/null)" ""
SSL_CERT_FILE=$work/cert.pem expect_exit 0 over_tls
expect_equal "over TLS" "$(jq -r .upload.destination made/disk.receipt.json)" oss://imgs/tls

# The artifact changes on the way: nothing is completed, and nothing of it stays.
# while_slow COMMAND...: runs it while a slow part is under way; sets `status`.
while_slow() {
  plan_fault '{"kind": "slow", "action": "UploadPart", "part": 4, "rate": 800000}'
  oss_upload disk "$key" --quiet --parallel 1 >out.txt 2>err &
  local pid=$!
  for _ in $(seq 100); do
    [ "$(oss_control GET log | jq '[.[] | select(.action == "UploadPart")] | length')" -lt 3 ] || break
    sleep 0.05
  done
  "$@"
  status=0
  wait "$pid" || status=$?
}
cp made/disk.raw original
for change in cut replaced vanished; do
  begin_case "$change"
  case $change in
    cut) while_slow truncate -s 4M made/disk.raw ;;
    replaced) cp original new && while_slow mv new made/disk.raw ;;
    vanished) while_slow rm made/disk.raw ;;
  esac
  expect_equal "$change: exit code" "$status" 4
  expect_one_line 'disk.raw: .*(changed|cut short)'
  expect_not_called_done disk "$change"
  expect_no_uploads imgs
  expect_no_file made/disk.upload.json
  cp --preserve=timestamps original made/disk.raw
done
# Other bytes, and the file looks as before: the CRC tells.
begin_case other-bytes
flip_byte made/disk.raw 5000000
expect_exit 5 oss_upload disk "$key" --quiet
expect_one_line 'the manifest says'
expect_not_called_done disk "$key"
expect_no_uploads imgs
cp --preserve=timestamps original made/disk.raw

# A disk that cannot be read.
[ -n "${FAIL_IO_LIBRARY:-}" ] || fail "FAIL_IO_LIBRARY is not set (ctest sets it)"
begin_case read-error
reads_badly() {
  FAIL_IO_UNDER=$work/made/disk.raw FAIL_IO=read:9:EIO LD_PRELOAD=$FAIL_IO_LIBRARY oss_upload disk "$key" --quiet "$@"
}
expect_exit 4 reads_badly
expect_one_line 'disk.raw: .*Input/output error'
expect_not_called_done disk "$key"
expect_exit 0 oss_upload disk "$key"
expect_uploaded disk "$key"

# What is there already stays, unless it is the same.
begin_case taken
curl -sS "http://127.0.0.1:$oss_port/__log" >/dev/null
make_artifact other 3000000
expect_exit 0 oss_upload other taken
expect_exit 4 oss_upload disk taken --quiet
expect_one_line '--overwrite'
expect_uploaded other taken
expect_exit 0 oss_upload disk taken --overwrite
expect_uploaded disk taken
expect_exit 0 oss_upload disk taken
expect_equal "parts sent of what was there" "$(parts_sent)" "1 1 2 2 3 3 4 5 6 7 8"

# Begun, listed, given up.
begin_case given-up
plan_fault '{"kind": "deny", "action": "UploadPart", "after": 3, "times": 99}'
expect_exit 4 oss_upload disk given-up --parallel 1
oss_control DELETE faults
listed() {
  "$IMGPORT" uploads oss://imgs/given --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou "$@"
}
expect_exit 0 listed
expect_text out 'given-up'
expect_text out '3 MiB in 3 parts'
expect_text out 'billed'
expect_exit 0 listed --format json
expect_equal "listed" "$(jq -r '.schema, .uploads[0].key, .uploads[0].size' out | xargs)" "imgport.uploads/1 given-up 3145728"
expect_exit 2 "$IMGPORT" upload made/disk.manifest.json oss://imgs/elsewhere --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou
expect_text err 'given-up is unfinished'
expect_exit 0 "$IMGPORT" upload made/disk.manifest.json --abort
expect_no_uploads imgs
expect_no_file made/disk.upload.json
expect_exit 2 "$IMGPORT" upload made/disk.manifest.json --abort
expect_exit 0 listed
expect_text out 'nothing lies unfinished'

# Two at once.
begin_case twice
plan_fault '{"kind": "slow", "action": "UploadPart", "part": 1, "rate": 500000}'
oss_upload disk twice >out.txt 2>err.txt &
first=$!
for _ in $(seq 100); do
  [ "$(oss_control GET log | jq '[.[] | select(.action == "UploadPart")] | length')" -lt 1 ] || break
  sleep 0.05
done
expect_exit 4 oss_upload disk twice --quiet
expect_one_line 'another imgport'
wait "$first"
expect_uploaded disk twice
echo "$runs uploads"
