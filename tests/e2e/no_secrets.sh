#!/usr/bin/env bash
# No secret shows: not in what is printed (--verbose, and every way to fail), not in journal, manifest or receipt, not on a
# command line, and not in a core dump, which is not made.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_upload.sh"
needs_oss_front
needs openssl

id=LTAI5tKeyIdThatIsNotShown secret=S3cretThatIsNotShown/+= token='CAISTokenThatIsNotShown=='
export OSS_FRONT_ID=$id OSS_FRONT_SECRET=$secret OSS_FRONT_TOKEN=$token
start_oss_front front --store store
start_plain_port=$oss_port
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 2>/dev/null
start_oss_front tls --store tls-store --tls-cert cert.pem --tls-key key.pem
tls_port=$oss_port oss_port=$start_plain_port
make_artifact disk 5000000
mkdir said

# use WHERE: the keys come from there, and from nowhere else.
use() {
  unset ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_SECURITY_TOKEN AWS_ACCESS_KEY_ID \
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  rm -rf .aliyun .ossutilconfig .aws
  case $1 in
    environment)
      export ALIBABA_CLOUD_ACCESS_KEY_ID=$id ALIBABA_CLOUD_ACCESS_KEY_SECRET=$secret ALIBABA_CLOUD_SECURITY_TOKEN=$token
      export AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token
      ;;
    files)
      mkdir -p .aliyun .aws
      jq -n --arg id "$id" --arg secret "$secret" --arg token "$token" '{current: "default", profiles: [{name: "default",
        mode: "StsToken", access_key_id: $id, access_key_secret: $secret, sts_token: $token}]}' >.aliyun/config.json
      printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n' "$id" "$secret" "$token" >.aws/credentials
      ;;
    broken)
      mkdir -p .aliyun .aws
      printf '{"current": "default", "profiles": [{"name": "default", "mode": "AK", "access_key_secret": "%s"' "$secret" >.aliyun/config.json
      printf '[default]\naws_access_key_id\n%s = %s\n' "$secret" "$token" >.aws/credentials
      ;;
  esac
}

runs=0
# say EXPECTED-CODE COMMAND...: what it prints is kept.
say() {
  local wanted=$1 status=0
  shift
  runs=$((runs + 1))
  "$@" >"said/$runs.out" 2>"said/$runs.err" || status=$?
  cp made/*.json said/ 2>/dev/null || true
  [ "$status" = "$wanted" ] || { cat "said/$runs.err" >&2; fail "exit code $status instead of $wanted: $*"; }
  checks=$((checks + 1))
}
# to_store URL [ENDPOINT [OPTION...]]: what is not given is as usual.
to_store() {
  local url=$1 endpoint=${2:-http://127.0.0.1:$oss_port} usual=()
  shift; [ $# -eq 0 ] || shift
  [[ " $* " == *" --region "* ]] || usual+=(--region cn-hangzhou)
  [[ " $* " == *" --retries "* ]] || usual+=(--retries 1)
  [[ $url == s3:* ]] || usual+=(--part-size 1MiB)
  "$IMGPORT" upload made/disk.manifest.json "$url" --endpoint "$endpoint" --verbose --progress json "${usual[@]}" "$@"
}
# try COMMAND...: the same as say, whatever comes of it.
try() {
  runs=$((runs + 1))
  "$@" >"said/$runs.out" 2>"said/$runs.err" || status=$?
  cp made/*.json said/ 2>/dev/null || true
}

for origin in environment files; do
  use "$origin"
  for signature in v4 v1; do
    say 0 to_store "oss://imgs/$origin-$signature" '' --signature "$signature"
  done
  say 0 to_store "s3://imgs/$origin-s3" ''
  say 0 "$IMGPORT" uploads oss://imgs --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou --verbose
  say 4 to_store "oss://no-such-bucket/$origin"
  say 4 to_store "oss://imgs/$origin" https://no-such-host.invalid
  say 4 to_store "oss://imgs/$origin" "https://127.0.0.1:$tls_port"
  say 4 to_store "oss://imgs/$origin" http://127.0.0.1:1
  say 4 to_store "oss://imgs/$origin" '' --region cn-beijing
  oss_control POST clock '{"offset": 3600}'
  say 4 to_store "oss://imgs/$origin"
  say 4 to_store "s3://imgs/$origin" ''
  oss_control POST clock '{"offset": 0}'
  actions=(HeadObject ListMultipartUploads InitiateMultipartUpload UploadPart CompleteMultipartUpload)
  [ "$origin" = environment ] || [ -n "${IMGPORT_FULL:-}" ] || actions=(UploadPart)
  for action in "${actions[@]}"; do
    for fault in '"kind": "deny"' '"kind": "status", "status": 500' '"kind": "status", "status": 503' '"kind": "drop", "at": 0' \
      '"kind": "cut-reply"' '"kind": "status", "status": 400, "code": "InvalidArgument", "message": "odd"'; do
      oss_control DELETE faults
      plan_fault "{$fault, \"action\": \"$action\", \"times\": 99}"
      for url in "oss://imgs/x" "s3://imgs/y"; do
        try to_store "$url" '' --retries 0
        oss_control DELETE faults
        try "$IMGPORT" upload made/disk.manifest.json --abort
      done
    done
  done
  expect_no_file made/disk.upload.json
done
oss_control DELETE faults

use environment
ALIBABA_CLOUD_ACCESS_KEY_SECRET=An0therSecretThatIsNotShown say 4 to_store oss://imgs/wrong
ALIBABA_CLOUD_SECURITY_TOKEN=An0therTokenThatIsNotShown say 4 to_store oss://imgs/wrong
AWS_SECRET_ACCESS_KEY=An0therSecretThatIsNotShown say 4 to_store s3://imgs/wrong ''
use broken
for url in oss://imgs/broken s3://imgs/broken; do
  status=0
  try to_store "$url"
  [ "$status" -ne 0 ] || fail "keys came from a broken file"
done
# What a user may paste by mistake.
use environment
for url in "oss://imgs/a?OSSAccessKeyId=$id&Signature=$secret" "https://imgs.oss-cn-hangzhou.aliyuncs.com/a/?x=1&Signature=$secret" \
  "https://host.example.com/a?X-Amz-Signature=$secret" "ftp://host/a?Signature=$secret" "https://u:$secret@imgs.oss-cn-hangzhou.aliyuncs.com/a"; do
  say 2 "$IMGPORT" upload made/disk.manifest.json "$url" --verbose
done
say 2 to_store oss://imgs/a "https://u:$secret@host"
for format in text json; do
  say 0 "$IMGPORT" uploads "https://imgs.oss-cn-hangzhou.aliyuncs.com/a?OSSAccessKeyId=$id&Signature=$secret&security-token=$token" \
    --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou --format "$format" --verbose
done

# Under way: the command line, and what would become of a core dump. As another user, /proc tells who may look.
as_user=()
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
  chmod 755 "$work" && chown -R 65534 made && as_user=(setpriv --reuid=65534 --clear-groups)
fi
plan_fault '{"kind": "slow", "action": "UploadPart", "part": 1, "rate": 300000}'
"${as_user[@]}" "$IMGPORT" upload made/disk.manifest.json oss://imgs/slow --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou \
  --part-size 1MiB --verbose >said/slow.out 2>said/slow.err &
pid=$!
for _ in $(seq 200); do
  [ "$(oss_control GET uploads/imgs)" = "[]" ] || break
  sleep 0.05
done
while kill -0 "$pid" 2>/dev/null; do
  for process in $(pgrep -g "$(ps -o pgid= "$$" | tr -d ' ')"); do
    tr '\0' ' ' <"/proc/$process/cmdline" >>said/command-lines 2>/dev/null || true
  done
  if [ ! -s limits ]; then
    cp "/proc/$pid/limits" limits 2>/dev/null && stat -c %u "/proc/$pid/environ" >owner
    cp made/disk.upload.json said/under-way.json
  fi
  sleep 0.2
done
wait "$pid" || { cat said/slow.err >&2; fail "the slow upload failed"; }
expect_text limits '^Max core file size +0 +0 '
[ ${#as_user[@]} -eq 0 ] || expect_equal "who may look into the process" "$(cat owner)" 0
expect_text said/command-lines 'oss://imgs/slow'

# What must show nowhere. The files of this test itself (the front's log, the keys' files) are not what is asked about.
for word in "$id" S3cretThatIsNotShown CAISTokenThatIsNotShown An0ther 'Signature=' Authorization Credential= OSS4-HMAC AWS4-HMAC; do
  if grep -rlF -- "$word" said made >found; then
    xargs grep -F -- "$word" <found | head -n 5 >&2
    fail "$word shows in $(xargs <found)"
  fi
  checks=$((checks + 1))
done
[ "$(cat said/*.err | wc -l)" -gt 100 ] || fail "too little was said for this test to mean anything"
echo "$runs runs"
