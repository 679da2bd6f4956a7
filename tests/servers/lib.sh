# shellcheck shell=bash
# Servers for the tests end to end, read after tests/e2e/lib.sh. Each listens on 127.0.0.1 on a port that was free, keeps
# all it has under $work, and ends with the test.

# Where scripts/oracles has put the client libraries that the servers check signatures with.
SERVER_MODULES=${SERVER_MODULES:-$SOURCE_DIR/build/oracles/servers}
server_pids=()

# And whatever else the test left running in the background: it would go on asking them.
stop_servers() {
  local status=$? running
  set +e
  mapfile -t running < <(jobs -p)
  [ ${#running[@]} -eq 0 ] || { kill "${running[@]}"; wait "${running[@]}"; } 2>/dev/null
  return "$status"
}
trap 'stop_servers; finish' EXIT

# needs_oss_front: skips the test where node or the vendor's library is missing.
needs_oss_front() {
  needs node curl jq
  [ -d "$SERVER_MODULES/node_modules/ali-oss" ] ||
    skip "Alibaba Cloud's client library is not in $SERVER_MODULES (scripts/oracles fetches it)"
}

# wait_for WHAT SECONDS COMMAND...: until it succeeds.
wait_for() {
  local what=$1 tries=$(($2 * 10))
  shift 2
  until "$@" 2>/dev/null; do
    [ $((tries -= 1)) -gt 0 ] || fail "$what did not start"
    sleep 0.1
  done
}

# ready_or_gone FILE: whether the server started last has written its port there, or will not do so any more.
ready_or_gone() {
  [ -s "$1" ] || ! kill -0 "${server_pids[-1]}"
}

# start_oss_front NAME OPTION...: sets oss_port; its log is NAME.log (JSON lines), its stderr NAME.err, its keys
# OSS_FRONT_ID and OSS_FRONT_SECRET or, without them, AKTEST and SKTEST; bucket "imgs" is there.
start_oss_front() {
  local name=$1
  shift
  rm -f "$name.ready"
  node "$SOURCE_DIR/tests/servers/oss_front.mjs" --modules "$SERVER_MODULES" --ready "$name.ready" --log "$name.log" \
    --bucket imgs "$@" >"$name.out" 2>"$name.err" &
  server_pids+=($!)
  wait_for "the OSS front" 120 ready_or_gone "$name.ready"
  read -r oss_port <"$name.ready"
}

# oss_control METHOD PATH [JSON]: of the front that was started last.
oss_control() {
  curl -sS --fail-with-body -X "$1" ${3:+--data-binary "$3"} "http://127.0.0.1:$oss_port/__$2"
}

# plan_fault JSON: {"action": "UploadPart", "part": 2, "kind": "drop", "at": 100000, "times": 1}
plan_fault() {
  oss_control POST faults "$1"
}

# expect_no_uploads BUCKET: nothing unfinished lies on the server.
expect_no_uploads() {
  expect_equal "unfinished uploads in $1" "$(oss_control GET "uploads/$1")" "[]"
}

# start_server NAME SECONDS SCRIPT: of this folder, in ./NAME; sets s3_port. The seconds are those of a machine that has
# much else to do.
start_server() {
  local name=$1
  "$SOURCE_DIR/tests/servers/$3" "$name" 2>"$name.err" &
  server_pids+=($!)
  wait_for "$3" "$2" ready_or_gone "$name/ready"
  # shellcheck disable=SC2034 # for the test
  read -r s3_port <"$name/ready"
}

# Ceph's gateway: AKTEST and SKTEST, region "default".
start_radosgw() {
  needs radosgw radosgw-admin ceph ceph-mon ceph-osd monmaptool
  start_server radosgw 600 radosgw.sh
}

# OpenStack Swift: test:tester and testing, region us-east-1.
start_swift() {
  needs swift-proxy-server swift-object-server swift-container-server swift-account-server swift-ring-builder memcached
  start_server swift 600 swift.sh
}

# needs_ecs: skips the test where node or the vendor's library is missing.
needs_ecs() {
  needs node curl jq
  [ -d "$SERVER_MODULES/node_modules/@alicloud/openapi-util" ] ||
    skip "Alibaba Cloud's client library is not in $SERVER_MODULES (scripts/oracles fetches it)"
}

# start_ecs NAME OPTION...: sets ecs_port; its log is NAME.log (JSON lines), its stderr NAME.err, its keys ECS_ID and
# ECS_SECRET or, without them, AKTEST and SKTEST; its region is cn-hangzhou.
start_ecs() {
  local name=$1
  shift
  rm -f "$name.ready"
  node "$SOURCE_DIR/tests/servers/ecs.mjs" --modules "$SERVER_MODULES" --ready "$name.ready" --log "$name.log" "$@" \
    >"$name.out" 2>"$name.err" &
  server_pids+=($!)
  wait_for "the ECS endpoint" 20 test -s "$name.ready"
  # shellcheck disable=SC2034  # for the test
  read -r ecs_port <"$name.ready"
}

# ecs_control METHOD PATH [JSON]
ecs_control() {
  curl -sS --fail-with-body -X "$1" ${3:+--data-binary "$3"} "http://127.0.0.1:$ecs_port/__$2"
}
