#!/usr/bin/env bash
# Uploads to object stores, read back by an independent client: by OSS's two signatures, by S3's, bucket in the path and in
# the host's name, temporary keys, an odd name. In normal mode a small artifact goes to the OSS front on a folder and to
# OpenStack Swift; with IMGPORT_FULL one of 1 GiB goes to Ceph's gateway through the front (OSS V4 and V1), and to Ceph and
# Swift by s3://.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
needs_oss_front
needs openssl
aws=$(type -P /usr/bin/aws aws | head -n 1) || skip "aws is not installed"
# The servers' keys, and nothing else that happens to be here.
export HOME=$work AWS_CONFIG_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export ALIBABA_CLOUD_ACCESS_KEY_ID=AKTEST ALIBABA_CLOUD_ACCESS_KEY_SECRET=SKTEST
unset AWS_CA_BUNDLE AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION ALIBABA_CLOUD_SECURITY_TOKEN OSS_ACCESS_KEY_ID \
  OSS_ACCESS_KEY_SECRET OSS_SESSION_TOKEN http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

size=$((24 * 1048576 + 512 * 77))
[ -z "${IMGPORT_FULL:-}" ] || size=$((1 << 30))
head -c "$size" /dev/zero | openssl enc -aes-128-ctr -nosalt -pass pass:disk -pbkdf2 >disk.img
expect_exit 0 "$IMGPORT" prepare disk.img --output made --to raw --verify structure --fail-on never --allow-unknown \
  --inspector native --quiet
rm disk.img
wanted=$(jq -r .artifact.sha256 made/disk.manifest.json)
key='images/a b+镜像 (1)!.raw'

# send DEST OPTION...: the artifact, as if for the first time.
send() {
  rm -f made/disk.receipt.json
  local started=$EPOCHREALTIME
  expect_exit 0 "$IMGPORT" upload made/disk.manifest.json "$@"
  awk -v from="$started" -v to="$EPOCHREALTIME" -v size="$size" -v what="$*" \
    'BEGIN { printf "%.1f s, %.0f MB/s: %s\n", to - from, size / 1e6 / (to - from), what }'
  expect_equal "the receipt's digest" "$(jq -r .upload.sha256 made/disk.receipt.json)" "$wanted"
  expect_equal "the receipt's size" "$(jq -r .upload.size made/disk.receipt.json)" "$size"
}

# s3_client ID SECRET REGION ARG...: AWS's command line at the server on s3_port.
s3_client() {
  AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 AWS_DEFAULT_REGION=$3 "$aws" --endpoint-url "http://127.0.0.1:$s3_port" "${@:4}"
}

# expect_there KEY ID SECRET REGION: AWS's client reads the same bytes, and finds nothing unfinished.
expect_there() {
  s3_client "${@:2:3}" s3api get-object --bucket imgs --key "$1" back >/dev/null
  expect_equal "$1 as it was read back" "$(sha256sum <back)" "$wanted  -"
  rm back
  expect_equal "unfinished uploads" \
    "$(s3_client "${@:2:3}" s3api list-multipart-uploads --bucket imgs --output json | jq -s '.[0].Uploads // [] | length')" 0
}

# odd_names ID SECRET REGION: small objects with names that are hard to write down, each in one signed request by curl; AWS's
# client sees the same names.
odd_names() {
  local names=('a b' 'c+d' '镜像/é' "q'!()*~" 'x%2Fy' 'p&q=r' 'h#s?t' '@:,;$^|' '../up' './here' 'a//b' '"<>' '{[`]}\z')
  jq -nc --arg host "127.0.0.1:$s3_port" --arg id "$1" --arg secret "$2" --arg region "$3" --args \
    '$ARGS.positional[] | {scheme: "aws-v4", method: "PUT", $host, bucket: "imgs", in_path: true, key: ("odd/" + .), query: [],
      $id, $secret, $region, headers: [["x-amz-meta-note", "  two   blanks "]], payload: "UNSIGNED-PAYLOAD", time: (now | floor)}' \
    -- "${names[@]}" | "$SIGN_REQUEST" >requests
  jq -r --arg server "http://127.0.0.1:$s3_port" '"next", "url = \($server + .target | @json)", "request = PUT", "path-as-is",
    "data-binary = x", "write-out = \"%{http_code}\\n\"", "header = \"Content-Type:\"", "output = refused",
    (.headers[] | "header = \(.[0] + ": " + .[1] | @json)")' requests | tail -n +2 >curl.config
  expect_equal "answers to odd names" "$(curl -sS -K curl.config | sort | uniq -c | xargs)" "${#names[@]} 200"
  expect_equal "odd names" "$(s3_client "$@" s3api list-objects --bucket imgs --prefix odd/ --output json | jq -r '.Contents[].Key' | sort)" \
    "$(printf 'odd/%s\n' "${names[@]}" | sort)"
}

# oss_and_back: by oss:// to the front started last, with V4 and with V1.
oss_and_back() {
  local signature
  for signature in v4 v1; do
    oss_control DELETE log
    send "oss://imgs/$signature/$key" --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou --signature "$signature"
    expect_equal "signatures that were used" "$(oss_control GET log | jq -r '[.[].signature] | unique | join(" ")')" "$signature"
    expect_no_uploads imgs
    # The front has counted on its own, part by part.
    expect_equal "the checksum at the server" "$(oss_control GET objects/imgs | jq -r --arg k "$signature/$key" '.[] | select(.key == $k) | .crc // empty')" \
      "$front_crc"
  done
}

# s3_and_back ID SECRET REGION: by s3:// to the server on s3_port.
s3_and_back() {
  s3_client "$@" s3 mb s3://imgs >/dev/null
  odd_names "$@"
  AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 send "s3://imgs/s3/$key" --endpoint "http://127.0.0.1:$s3_port" --region "$3"
  expect_there "s3/$key" "$@"
}

if [ -z "${IMGPORT_FULL:-}" ]; then
  front_crc=$(jq -r .artifact.crc64ecma made/disk.manifest.json)
  start_oss_front front --store store
  oss_and_back
  # Its S3 half, and its AWS client.
  s3_port=$oss_port
  AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST send "s3://imgs/s3/$key" --endpoint "http://127.0.0.1:$oss_port" --region cn-hangzhou
  for name in v1 s3; do expect_there "$name/$key" AKTEST SKTEST cn-hangzhou; done

  # The bucket in the host's name, as the real service wants it. (libcurl knows every name that ends in .localhost.)
  start_oss_front hosted --store hosted --no-path-style --domain oss.localhost
  send "oss://imgs/$key" --endpoint "http://oss.localhost:$oss_port" --region cn-hangzhou
  expect_equal "requests to the bucket's own host" "$(oss_control GET log | jq '[.[] | .hosted] | all')" true
  expect_equal "what lies there" "$(oss_control GET objects/imgs | jq -r .[0].crc)" "$front_crc"

  # A domain of the bucket's own.
  start_oss_front cname --store cname --no-path-style --cname images.localhost=imgs
  send "oss://imgs/$key" --endpoint "http://images.localhost:$oss_port" --cname --region cn-hangzhou
  expect_equal "what lies there" "$(oss_control GET objects/imgs | jq -r .[0].crc)" "$front_crc"

  # Temporary keys, by both signatures.
  export OSS_FRONT_ID=STS.TEST OSS_FRONT_SECRET=temporary OSS_FRONT_TOKEN=token/of+a=role
  export ALIBABA_CLOUD_ACCESS_KEY_ID=STS.TEST ALIBABA_CLOUD_ACCESS_KEY_SECRET=temporary ALIBABA_CLOUD_SECURITY_TOKEN=token/of+a=role
  start_oss_front temporary --store temporary
  oss_and_back
else
  start_radosgw
  front_crc=$(jq -r .artifact.crc64ecma made/disk.manifest.json)
  start_oss_front front --behind "http://127.0.0.1:$s3_port"
  # What the gateway lists has no checksum: it is HEAD that is asked for it.
  front_crc=
  oss_and_back
  for name in v4 v1; do expect_there "$name/$key" AKTEST SKTEST default; done
  s3_and_back AKTEST SKTEST default
  stop_servers
  server_pids=()
fi

start_swift
s3_and_back test:tester testing us-east-1
