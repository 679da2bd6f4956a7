#!/usr/bin/env bash
# A batch on a real Slurm of three nodes (tests/servers/slurm.sh): the results are those of a run on this machine, whatever
# happens to nodes, to tasks, and to the run that follows them.
. "$SOURCE_DIR/tests/e2e/lib.sh"
. "$SOURCE_DIR/tests/servers/lib.sh"
. "$SOURCE_DIR/tests/e2e/lib_batch.sh"
needs qemu-img jq slurmctld slurmd munged sbatch squeue

images=30
# An upload that ends only when it may, so that something is under way when a node or a run dies, however slow the machine
# is; and a worker that crashes.
printf '#!/bin/sh\nuntil [ -e %s/may_end ]; do sleep 0.1; done\n' "$work" >slow.sh
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\nkill -SEGV "$PPID"\nsleep 5\n' >crash.sh
chmod +x slow.sh crash.sh
hold() { rm -f may_end; }
let_go() { touch may_end; }
{
  make_batch_list "$images"
  printf '[[image]]\npath = "disks/d1.raw"\nname = "crash"\nupload = "command:%s/crash.sh"\n' "$work"
} | sed "s|^path = \"disks/d[24568].raw\"|&\nupload = \"command:$work/slow.sh\"|" >jobs.toml

let_go
status=0
"$IMGPORT" batch run jobs.toml --output here >out 2>err || status=$?
expect_equal "exit code of the run here" "$status" 4
rest=$(tail -n 1 out)

# 15 tasks an array at most: the list needs three.
SLURM_MAX_ARRAY=16 "$SOURCE_DIR/tests/servers/slurm.sh" slurm >slurm.out 2>&1 &
server_pids+=($!)
wait_for "Slurm" 60 ready_or_gone slurm/ready
SLURM_CONF=$(cat slurm/ready)
export SLURM_CONF

on_slurm() { "$IMGPORT" batch run jobs.toml --output "$1" --on slurm "${@:2}"; }
# in_background LIST NAME [OPTION...]: sets run, the process itself.
in_background() {
  rm -f out err
  "$IMGPORT" batch run "$1" --output "$2" --on slurm "${@:3}" >out 2>err &
  run=$!
}
# expect_run STATUS: how the run in the background ends.
expect_run() {
  local status=0
  wait "$run" || status=$?
  expect_equal "exit code of the run on the cluster" "$status" "$1"
}
kill_run() {
  kill -9 "$run"
  wait "$run" 2>/dev/null || true
}
journal() { jq -rn "[inputs] | $2" "$1/.imgport-batch/journal.jsonl"; }
# wait_until WHAT SECONDS COMMAND...
wait_until() {
  local tries=$(($2 * 5))
  until "${@:3}"; do
    [ $((tries -= 1)) -gt 0 ] || fail "$1"
    sleep 0.2
  done
}

# -------------------------------------------------------------------------------- one node is killed in the middle
hold
in_background jobs.toml cluster --jobs 6
# shellcheck disable=SC2317 # called by wait_until
slow_one_on_n1() {
  # The slow ones are the second, fourth, fifth, sixth and eighth of the list.
  local place
  place=$(squeue --noheader --array --states=RUNNING --format='%N %K' | sed -En 's/^n1 ([24568])$/\1/p' | head -n 1)
  [ -n "$place" ] && grep -q "d$place: started" err
}
wait_until "nothing ran on n1" 120 slow_one_on_n1
slurm/node n1 kill
let_go
expect_run 4
expect_equal "the sum" "$(tail -n 1 out)" "$rest"
expect_same_results here cluster
expect_equal "lost with its node, and done again" "$(journal cluster \
  'map(select(.event == "stopped" and (.reason // "" | test("n1 was lost")))) | length > 0')" true
expect_equal "done on nodes" "$(journal cluster 'map(select(.event == "start").host) | unique - ["n1", "n2", "n3"] | length')" 0
expect_equal "finished images that were done twice" "$(journal cluster \
  'map(select(.event == "done") | .job) | (length - (unique | length))')" 0
slurm/node n1 start

expect_equal "again and again" "$(journal cluster 'map(select(.event == "start").job) | length <= 40')" true

# Again: nothing is left to do.
before=$(journal cluster 'map(select(.event == "start")) | length')
status=0
on_slurm cluster >out 2>err || status=$?
expect_equal "exit code" "$status" 4
expect_equal "nothing is done twice" "$(journal cluster 'map(select(.event == "start")) | length')" "$before"

# ---------------------------------------------- the run itself is killed: its tasks go on, and the next one follows them
hold
# Of the user's own squeue, scancel and sbatch; a run looks for itself.
export SQUEUE_PARTITION=nowhere SQUEUE_STATES=FAILED SQUEUE_QOS=none SQUEUE_LICENSES=none SCANCEL_NAME=none SBATCH_WAIT=1
in_background jobs.toml killed
wait_until "nothing was submitted" 120 grep -qs "Slurm job" err
kill_run
in_background jobs.toml killed
wait_until "its tasks are not followed" 120 grep -qs 'tasks of an earlier run' err
let_go
expect_run 4
expect_equal "the sum" "$(tail -n 1 out)" "$rest"
expect_same_results here killed
expect_equal "arrays of the second run" "$(grep -c 'Slurm job' err || true)" 2
expect_equal "tasks" "$(find killed/.imgport-batch/slurm/log -type f | wc -l)" $((images + 1))

unset SQUEUE_PARTITION SQUEUE_STATES SQUEUE_QOS SQUEUE_LICENSES SBATCH_WAIT

# What was changed meanwhile is done again, and the tasks on their way do not count for it.
{
  printf '[defaults]\nrole = "data"\n'
  printf '[[image]]\npath = "disks/d%d.raw"\nname = "d%d"\nupload = "command:%s/slow.sh"\n' 1 1 "$work" 2 2 "$work" 4 4 "$work"
} >few.toml
hold
in_background few.toml changed
wait_until "nothing ran" 120 grep -qs 'd4: started' err
kill_run
sed -i 's|^path = "disks/d2.raw"$|&\nto = "vhd"|' few.toml
in_background few.toml changed/
wait_until "its tasks are not followed" 120 grep -qs 'tasks of an earlier run' err
let_go
expect_run 0
expect_exit 0 "$IMGPORT" batch run few.toml --output unchanged
expect_same_results unchanged changed

# ------------------------------------------------------------------------------ told to stop; and taken up again later
hold
in_background jobs.toml stopped --jobs 2
wait_until "nothing ran" 120 grep -qs started err
expect_exit 0 "$IMGPORT" batch cancel stopped
expect_run 130
unset SCANCEL_NAME
expect_equal "nothing is left in the queue" "$(squeue --noheader --array --states=PENDING,RUNNING | wc -l)" 0
[ "$(journal stopped 'map(select(.event == "done")) | length')" -lt 20 ] || fail "it was not stopped"
let_go
status=0
# What the nodes' own clocks end, and what goes on after it: here on this machine.
"$IMGPORT" batch run --output stopped >out 2>err || status=$?
expect_equal "exit code after the stop" "$status" 4
expect_same_results here stopped

# ------------------------------------------------------------------------------------------------------- other tries
# A worker that something kills is tried again: this one twice, that one to the bound.
# shellcheck disable=SC2016 # for the scripts
printf '#!/bin/sh\nprintf . >>%s/counted\n[ "$(wc -c <%s/counted)" -gt 2 ] || kill -KILL "$PPID"\n' "$work" "$work" >flaky.sh
# shellcheck disable=SC2016
printf '#!/bin/sh\nkill -KILL "$PPID"\n' >killed.sh
chmod +x flaky.sh killed.sh
{
  printf '[defaults]\nrole = "data"\n'
  for name in flaky killed; do
    printf '[[image]]\npath = "disks/d1.raw"\nname = "%s"\nupload = "command:%s/%s.sh"\n' "$name" "$work" "$name"
  done
} >tries.toml
status=0
"$IMGPORT" batch run tries.toml --output tries --on slurm >out 2>err || status=$?
expect_equal "exit code" "$status" 4
expect_equal "tries" "$(journal tries 'map(select(.event == "start").job) | group_by(.) | map("\(.[0]):\(length)") | join(" ")')" \
  "flaky:3 killed:3"
expect_equal "in the end" "$("$IMGPORT" batch status tries --format json | jq -r '[.jobs[].state] | join(" ")')" "done failed"

# One that its time limit ends is told a minute before, and leaves nothing half-done. (Slurm looks at the clock twice a
# minute.)
if [ -n "${IMGPORT_FULL:-}" ]; then
  printf '#!/bin/sh\nsleep 300\n' >hang.sh
  chmod +x hang.sh
  printf '[[image]]\npath = "disks/d1.raw"\nname = "hang"\nrole = "data"\nupload = "command:%s/hang.sh"\n' "$work" >hang.toml
  status=0
  "$IMGPORT" batch run hang.toml --output hang --on slurm --sbatch=--time=1 >out 2>err || status=$?
  expect_equal "exit code of what cannot end in time" "$status" 4
  expect_equal "submissions" "$(grep -c 'Slurm job' err)" 3
  expect_text out 'without a result'
  expect_equal "files left" "$(find hang -maxdepth 1 -type f ! -name 'hang.*' | wc -l)" 0
fi

# --------------------------------------------------------------------------------------------------- what goes wrong
expect_exit 4 "$IMGPORT" batch run jobs.toml --output nothing --on slurm --sbatch=--partition=nowhere
expect_text err 'sbatch failed'
expect_exit 2 "$IMGPORT" batch run jobs.toml --output nothing --on slrum
mkdir empty
PATH=$work/empty expect_exit 4 "$IMGPORT" batch run jobs.toml --output nothing --on slurm
expect_text err 'scontrol'
