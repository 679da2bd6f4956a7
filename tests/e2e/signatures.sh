#!/usr/bin/env bash
# Our signatures against those of other libraries, on requests made from a seed: odd keys, Unicode, blanks, parameters
# without a value, tokens. OSS V1 and V4, ACS3 and RPC V1: Alibaba Cloud's own; S3's V4: AWS's. What the libraries do
# otherwise than the documents say stands in tests/tools/signature_oracle.mjs.
# 300 of each, or 5000 with IMGPORT_FULL; IMGPORT_SEED=N tries another seed.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs node python3
needs_oss_front
tools=$SOURCE_DIR/tests/tools
seed=${IMGPORT_SEED:-1}
count=300
[ -z "${IMGPORT_FULL:-}" ] || count=5000

node "$tools/signature_oracle.mjs" "$SERVER_MODULES" "$seed" "$count" requests wanted
expect_exit 0 "$SIGN_REQUEST" <requests
mv out ours
expect_exit 0 node "$tools/signature_compare.mjs" requests wanted ours
cat out
for scheme in oss-v1 oss-v4 acs3 rpc-v1; do
  [ "$(sed -nE "s/.*$scheme ([0-9]+).*/\1/p" out)" -ge "$count" ] || fail "fewer than $count requests of $scheme"
  checks=$((checks + 1))
done

# The comparison can fail.
sed '$ s/Signature=[^&", ]/Signature=./' ours >spoilt
expect_exit 1 node "$tools/signature_compare.mjs" requests wanted spoilt

python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" "$tools/aws_signatures.py" "$seed" 1 requests wanted 2>err; then
    python=$candidate
    break
  fi
done
if [ -n "$python" ]; then
  "$python" "$tools/aws_signatures.py" "$seed" "$count" requests wanted
  expect_exit 0 "$SIGN_REQUEST" <requests
  mv out ours
  expect_exit 0 node "$tools/signature_compare.mjs" requests wanted ours
  expect_equal "requests to S3" "$(cat out)" "aws-v4 $count"
  cat out
else
  echo "not checked here: S3's signatures, as there is no botocore (Debian's awscli has it): $(tail -n 1 err)"
fi
