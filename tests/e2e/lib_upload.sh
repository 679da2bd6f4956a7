# shellcheck shell=bash
# What the tests of uploads share, read after lib.sh and tests/servers/lib.sh.

: "${work:?lib.sh comes first}" "${SOURCE_DIR:?}"
oss_port=${oss_port:-}

# The front's keys, and no others that happen to be here.
export ALIBABA_CLOUD_ACCESS_KEY_ID=AKTEST ALIBABA_CLOUD_ACCESS_KEY_SECRET=SKTEST
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST AWS_EC2_METADATA_DISABLED=true
unset ALIBABA_CLOUD_SECURITY_TOKEN OSS_ACCESS_KEY_ID OSS_ACCESS_KEY_SECRET OSS_SESSION_TOKEN AWS_SESSION_TOKEN AWS_PROFILE \
  AWS_REGION AWS_DEFAULT_REGION OSS_REGION ALIBABA_CLOUD_REGION_ID http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY \
  CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR AWS_CA_BUNDLE
export HOME=$work

# make_artifact NAME BYTES [SEED]: made/NAME.raw, noise, and its manifest.
make_artifact() {
  head -c "$2" /dev/zero | openssl enc -aes-128-ctr -nosalt -pass "pass:${3:-$1}" -pbkdf2 >"$1.img"
  "$IMGPORT" prepare "$1.img" --output made --to raw --verify none --fail-on never --allow-unknown --inspector native \
    --overwrite --quiet >prepared 2>&1 || { cat prepared >&2; fail "no artifact could be made"; }
  rm "$1.img"
}

# oss_upload NAME KEY [OPTION...]: of made/NAME to the front; output goes to out.txt and err.txt, which has errors only.
oss_upload() {
  local name=$1 key=$2
  shift 2
  "$IMGPORT" upload "made/$name.manifest.json" "oss://imgs/$key" --endpoint "http://127.0.0.1:$oss_port" \
    --region cn-hangzhou --part-size 1MiB --retries 3 "$@"
}

# expect_uploaded NAME KEY: the object is the artifact, nothing is unfinished, and that is what the papers say.
expect_uploaded() {
  expect_equal "the object $2" "$(curl -sS "http://127.0.0.1:$oss_port/__object/imgs/$2" | sha256sum)" \
    "$(sha256sum <"made/$1.raw")"
  expect_no_uploads imgs
  expect_no_file "made/$1.upload.json"
  expect_equal "the receipt of $2" "$(jq -r '.upload.destination + " " + .upload.sha256' "made/$1.receipt.json")" \
    "oss://imgs/$2 $(jq -r .artifact.sha256 "made/$1.manifest.json")"
}

# expect_not_called_done NAME KEY: neither an object nor a receipt.
expect_not_called_done() {
  expect_equal "the object $2" "$(oss_control GET objects/imgs | jq -r --arg k "$2" '.[] | select(.key == $k) | .key')" ""
  expect_no_file "made/$1.receipt.json"
}

# expect_one_line REGEX: the error is a line of its own, and says that.
expect_one_line() {
  expect_equal "lines of the error" "$(wc -l <err)" 1
  expect_text err "^imgport: .*$1"
}

# parts_sent: the numbers of the parts that the front stored, in order.
parts_sent() {
  oss_control GET log | jq -r '.[] | select(.action == "UploadPart" and .status == 200) | .part' | sort -n | xargs
}
