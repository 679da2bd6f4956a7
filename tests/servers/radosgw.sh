#!/usr/bin/env bash
# radosgw.sh DIR: a real S3 server, Ceph's object gateway before a monitor and one OSD, all in DIR and on 127.0.0.1. It
# writes DIR/ready (the gateway's port) when it can be used, and runs until it is told to end or its parent has gone. Any
# user may run it. Keys: AKTEST and SKTEST, region "default"; virtual-hosted names under oss.test.local.
# Some 20 s to start, 250 MB of memory. DIR/size (bytes) may say how much it shall hold, else 6 GiB (sparse).
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: radosgw.sh DIR" >&2; exit 2; }
mkdir -p "$1"
D=$(cd "$1" && pwd)
parent=$PPID
pids=()

# Nothing in here is worth an orderly end, which takes radosgw up to a minute.
cleanup() {
  local status=$?
  trap - EXIT
  [ ${#pids[@]} -eq 0 ] || { kill -KILL "${pids[@]}"; wait "${pids[@]}"; } 2>/dev/null || true
  exit "$status"
}
trap cleanup EXIT
trap 'exit 0' TERM INT

# Each in the foreground, so that it is known by its pid.
serve() {
  local name=$1
  shift
  "$@" -f -c "$D/ceph.conf" >"$D/log/$name.out" 2>&1 &
  pids+=($!)
}

# wait_until SECONDS COMMAND...
wait_until() {
  local tries=$(($1 * 5))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $((tries -= 1)) -le 0 ]; then
      echo "radosgw.sh: never came: $*; see $D/log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

read -r mon_port old_mon_port port < <(python3 - <<'PY'
import socket
taken = [socket.socket() for _ in range(3)]
for one in taken:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in taken))
PY
)
mkdir -p "$D"/{mon,osd,rgw,log,out}
id=$(cat /proc/sys/kernel/random/uuid)
size=$(cat "$D/size" 2>/dev/null || echo $((6 << 30)))
cat >"$D/ceph.conf" <<CONF
[global]
fsid = $id
mon host = [v2:127.0.0.1:$mon_port,v1:127.0.0.1:$old_mon_port]
mon initial members = a
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
osd crush chooseleaf type = 0
run dir = $D/out
pid file = $D/out/\$type.\$id.pid
admin socket = $D/out/\$cluster-\$name.asok
log file = $D/log/\$name.log
mon cluster log file = $D/log/cluster.log
crash dir = $D/log
setuser match path = /nonexistent
ms bind msgr2 = true
ms mon client mode = crc
ms client mode = crc
ms cluster mode = crc
ms service mode = crc
[mon]
mon data = $D/mon
mon data avail crit = 1
mon data avail warn = 2
auth allow insecure global id reclaim = false
[osd]
osd data = $D/osd
osd objectstore = bluestore
bluestore block create = true
bluestore block size = $size
bluestore fsck on mount = false
osd memory target = 939524096
osd class load list = *
osd class default list = *
[client.rgw.a]
rgw data = $D/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw dns name = oss.test.local
rgw thread pool size = 32
rgw gc obj min wait = 5
CONF
export CEPH_CONF=$D/ceph.conf
unset AWS_CA_BUNDLE
monmaptool --create --clobber --fsid "$id" --addv a "[v2:127.0.0.1:$mon_port,v1:127.0.0.1:$old_mon_port]" "$D/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$D/monmap" -c "$D/ceph.conf" >"$D/log/mkfs.out" 2>&1
serve mon ceph-mon -i a
osd=$(cat /proc/sys/kernel/random/uuid)
wait_until 300 timeout 60 ceph -c "$D/ceph.conf" osd new "$osd"
ceph-osd -i 0 --mkfs --osd-uuid "$osd" -c "$D/ceph.conf" >>"$D/log/mkfs.out" 2>&1
serve osd ceph-osd -i 0
serve rgw radosgw -n client.rgw.a
wait_until 300 curl -s -o /dev/null "http://127.0.0.1:$port/"
radosgw-admin -c "$D/ceph.conf" user create --uid=t --display-name=t --access-key=AKTEST --secret-key=SKTEST >"$D/log/user.out" 2>&1
echo "$port" >"$D/ready.new"
mv "$D/ready.new" "$D/ready"
while kill -0 "$parent" 2>/dev/null && kill -0 "${pids[@]}" 2>/dev/null; do sleep 0.5; done
