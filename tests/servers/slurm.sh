#!/usr/bin/env bash
# slurm.sh DIR: a Slurm of three nodes on this machine, all in DIR, with a munge of its own and without accounting. It
# writes DIR/ready (the path of its slurm.conf, to be exported as SLURM_CONF) when its nodes are idle, and runs until it
# is told to end or its parent has gone. DIR/node NAME kill|start takes a node away with all that runs on it, or brings
# it back. Any user may run it; jobs are that user's. Some 2 s to start, 40 MB of memory.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: slurm.sh DIR" >&2; exit 2; }
mkdir -p "$1"
D=$(cd "$1" && pwd)
parent=$PPID
nodes=(n1 n2 n3)

cleanup() {
  local status=$?
  trap - EXIT
  for node in "${nodes[@]}"; do "$D/node" "$node" kill || true; done
  for name in slurmctld munged; do
    [ ! -s "$D/$name.pid" ] || kill -KILL "$(cat "$D/$name.pid")" 2>/dev/null || true
  done
  pkill -KILL -f "slurmscriptd.*$D" 2>/dev/null || true
  exit "$status"
}

read -r controller_port first_port < <(python3 - <<'PY'
import socket
def free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
with socket.socket() as one:
    one.bind(("127.0.0.1", 0))
    controller = one.getsockname()[1]
    first = next(p for p in range(17001, 60000, 10) if all(free(p + i) for i in range(3)))
print(controller, first)
PY
)
mkdir -p "$D"/{state,log,run,key}
chmod 755 "$D" "$D/run"
chmod 700 "$D/key"
[ -s "$D/key/munge.key" ] || (umask 377 && head -c 1024 /dev/urandom >"$D/key/munge.key")
host=$(hostname -s)
user=$(id -un)
cat >"$D/slurm.conf" <<CONF
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$D/run/munge.socket
CryptoType=crypto/munge
CredType=cred/munge
SlurmctldPort=$controller_port
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool-%n
SlurmctldPidFile=$D/slurmctld.pid
SlurmdPidFile=$D/slurmd-%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
JobRequeue=1
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=30
InactiveLimit=0
MinJobAge=${SLURM_MIN_JOB_AGE:-300}
KillWait=5
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1
MaxArraySize=${SLURM_MAX_ARRAY:-1001}
SlurmdParameters=config_overrides
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$first_port-$((first_port + 2))] CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=images Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
export SLURM_CONF=$D/slurm.conf

# A node's daemon and its steps' have its log open; what they run has the node's name in its environment.
cat >"$D/node" <<NODE
#!/usr/bin/env bash
set -euo pipefail
export SLURM_CONF=$D/slurm.conf
case \$2 in
  start) exec slurmd -N "\$1" -f "$D/slurm.conf" ;;
  kill)
    {
      find /proc/[0-9]*/fd -lname "$D/log/slurmd-\$1.log"
      grep -Fzxl "SLURMD_NODENAME=\$1" /proc/[0-9]*/environ | xargs -r grep -Fzxl "SLURM_CONF=$D/slurm.conf"
    } 2>/dev/null | cut -d / -f 3 | sort -u | xargs -r kill -KILL 2>/dev/null || true
    ;;
esac
NODE
chmod 755 "$D/node"

trap cleanup EXIT
trap 'exit 0' TERM INT
# --force: root's munged asks for root's folders, which these need not be.
munged --force --key-file="$D/key/munge.key" --socket="$D/run/munge.socket" --pid-file="$D/munged.pid" \
  --log-file="$D/log/munged.log" --seed-file="$D/key/seed"
slurmctld -f "$SLURM_CONF"
for node in "${nodes[@]}"; do "$D/node" "$node" start; done
for _ in $(seq 300); do
  [ "$(sinfo --noheader --format %T | sort -u)" != idle ] || break
  sleep 0.1
done
[ "$(sinfo --noheader --format %T | sort -u)" = idle ] || { echo "slurm.sh: the nodes are not idle" >&2; tail "$D"/log/* >&2; exit 1; }
echo "$SLURM_CONF" >"$D/ready.new"
mv "$D/ready.new" "$D/ready"
while kill -0 "$parent" 2>/dev/null; do sleep 0.5; done
