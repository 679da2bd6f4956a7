#!/usr/bin/env bash
# swift.sh DIR: a second real S3 server, independent of Ceph: OpenStack Swift with its S3 interface, all in DIR (a
# filesystem with extended attributes) and on 127.0.0.1. It writes DIR/ready (the port) when it can be used, and runs
# until it is told to end or its parent has gone. Any user may run it. Key "test:tester", secret "testing", region
# us-east-1. Some 8 s to start, 270 MB of memory.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: swift.sh DIR" >&2; exit 2; }
mkdir -p "$1"
D=$(cd "$1" && pwd)
parent=$PPID
pids=()

cleanup() {
  local status=$?
  trap - EXIT
  # A server's workers are its group's.
  for pid in "${pids[@]}"; do kill -KILL -- "-$pid" "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  exit "$status"
}
trap cleanup EXIT
trap 'exit 0' TERM INT

read -r account_port container_port object_port cache_port port < <(python3 - <<'PY'
import socket
taken = [socket.socket() for _ in range(5)]
for one in taken:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in taken))
PY
)
user=$(id -un)
mkdir -p "$D"/{etc,node/d1,cache,log}
cat >"$D/etc/swift.conf" <<CONF
[swift-hash]
swift_hash_path_suffix = tests
swift_hash_path_prefix = tests
[storage-policy:0]
name = gold
default = yes
CONF
ring() {
  (cd "$D/etc" && swift-ring-builder "$@" >>"$D/log/rings.out")
}
for server in "account $account_port" "container $container_port" "object $object_port"; do
  read -r name own_port <<<"$server"
  cat >"$D/etc/$name.conf" <<CONF
[DEFAULT]
swift_dir = $D/etc
devices = $D/node
mount_check = false
disable_fallocate = true
bind_ip = 127.0.0.1
bind_port = $own_port
workers = 0
user = $user
fallocate_reserve = 0
log_address = /nonexistent
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
CONF
  ring "$name.builder" create 4 1 0
  ring "$name.builder" add "r1z1-127.0.0.1:$own_port/d1" 1
  ring "$name.builder" rebalance
done
cat >"$D/etc/proxy.conf" <<CONF
[DEFAULT]
swift_dir = $D/etc
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $user
log_address = /nonexistent
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats s3api tempauth copy slo dlo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = oss.test.local
min_segment_size = 102400
allow_multipart_uploads = true
s3_acl = false
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$cache_port
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
CONF

as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(-u root)
setsid memcached "${as_user[@]}" -l 127.0.0.1 -p "$cache_port" -m 32 >"$D/log/memcached.out" 2>&1 &
pids+=($!)
# The servers' own programs read /etc/swift/swift.conf whatever swift_dir says.
for name in account container object proxy; do
  setsid /usr/bin/python3 - "$D/etc" "$D/etc/$name.conf" "$name-server" >"$D/log/$name.out" 2>&1 <<'PY' &
import sys

from swift.common import utils

etc, config, server = sys.argv[1:]
utils.set_swift_dir(etc)
from swift.common.wsgi import run_wsgi

sys.exit(run_wsgi(config, server))
PY
  pids+=($!)
done
tries=1500
until curl -s -m 2 -o /dev/null "http://127.0.0.1:$port/info"; do
  if [ $((tries -= 1)) -le 0 ]; then
    echo "swift.sh: it does not start; see $D/log" >&2
    exit 1
  fi
  sleep 0.2
done
echo "$port" >"$D/ready.new"
mv "$D/ready.new" "$D/ready"
while kill -0 "$parent" 2>/dev/null && kill -0 "${pids[@]}" 2>/dev/null; do sleep 0.5; done
