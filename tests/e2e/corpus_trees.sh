#!/usr/bin/env bash
# Every filesystem of the foreign images is listed with all its files read, or refused by name; the damaged ones too,
# without a crash, in 10 s and 256 MiB each.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs python3
[ -f "${IMGPORT_CORPUS:-}/MANIFEST.tsv" ] || skip "IMGPORT_CORPUS is not set"

python3 - "$TREE_SUMS" "$IMGPORT_CORPUS" <<'PY'
import os, resource, signal, sys, time

program, corpus = sys.argv[1:]
listed = refused = bad = 0
slowest, largest = (0, ""), (0, "")
for line in open(os.path.join(corpus, "MANIFEST.tsv")):
    path = os.path.join(corpus, line.split("\t")[0])
    if not os.path.isfile(path):
        continue  # the heading
    read, write = os.pipe()
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        signal.alarm(10)
        os.execv(program, [program, path])
    os.close(write)
    said = os.fdopen(read, errors="replace").read()
    _, status, usage = os.wait4(child, 0)
    seconds, peak = time.monotonic() - begin, usage.ru_maxrss // 1024
    name = os.path.relpath(path, corpus)
    slowest, largest = max(slowest, (seconds, name)), max(largest, (peak, name))
    if os.WIFSIGNALED(status) or os.WEXITSTATUS(status) not in (0, 3) or peak > 256 or not (said or status == 0):
        bad += 1
        print("WRONG %s: status %d, %d MiB: %s" % (name, status, peak, said[:300]))
    for what in said.splitlines():
        listed += what.endswith(" files")
        refused += ": refused: " in what or what.startswith("tree_sums: ")
        if what.startswith("/dev/"):
            print("%-50s %s" % (name, what[:160]))
print("%d filesystems listed, %d refused by name, %d wrong; slowest %.1f s (%s), peak %d MiB (%s)" %
      (listed, refused, bad, *slowest, *largest))
sys.exit(bad != 0 or listed < 15)
PY
checks=1
