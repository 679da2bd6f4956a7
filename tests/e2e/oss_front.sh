#!/usr/bin/env bash
# The test server itself (tests/servers/oss_front.mjs): that it checks, answers and fails as other tests rely on. Asked by
# Alibaba Cloud's client library, and by AWS's command line for the S3 half.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs_oss_front

start_oss_front folder --store data
expect_exit 0 node "$SOURCE_DIR/tests/servers/check_front.mjs" "$SERVER_MODULES" "$oss_port"
expect_text out 'keeps its word'
[ ! -s folder.err ] || fail "the front complained: $(cat folder.err)"

# AWS's client, in parts; its signature is checked by code of our own there, so a wrong secret must be noticed.
if aws=$(type -P /usr/bin/aws aws | head -n 1) && [ -n "$aws" ]; then
  export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST AWS_DEFAULT_REGION=cn-hangzhou AWS_EC2_METADATA_DISABLED=true
  export AWS_CONFIG_FILE=/dev/null AWS_REQUEST_CHECKSUM_CALCULATION=when_required
  unset AWS_CA_BUNDLE
  head -c 20000000 /dev/urandom >noise
  oss_control POST users '[{"id": "AKTEST", "secret": "SKTEST"}]'
  oss_control DELETE log
  expect_exit 0 "$aws" --endpoint-url "http://127.0.0.1:$oss_port" s3 cp --quiet noise "s3://imgs/a b/noise+"
  expect_equal "parts by AWS's client" "$(oss_control GET log | jq '[.[] | select(.action == "UploadPart" and .signature == "aws")] | length')" 3
  curl -sS "http://127.0.0.1:$oss_port/__object/imgs/a%20b/noise+" | cmp - noise || fail "what AWS's client sent is not what lies there"
  AWS_SECRET_ACCESS_KEY=wrong expect_exit 1 "$aws" --endpoint-url "http://127.0.0.1:$oss_port" s3 cp --no-progress noise s3://imgs/wrong
  expect_text err SignatureDoesNotMatch
else
  echo "not checked here: the S3 half, as there is no aws"
fi
