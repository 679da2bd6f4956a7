# shellcheck shell=bash
# A list of images for the tests of batches, read after tests/e2e/lib.sh: small disks that no machine boots from, as data
# disks; every seventh is malformed, every seventh too small for the profile.

# make_batch_list COUNT: disks/d1 to dCOUNT and the lines of a TOML list on them, to standard output.
make_batch_list() {
  local i path
  mkdir -p disks
  truncate -s 6G template.raw
  mkfs.ext4 -q -F template.raw
  head -c 2000000 /dev/urandom | dd of=template.raw bs=4096 seek=40000 conv=notrunc status=none
  printf '[defaults]\nrole = "data"\ninspector = "native"\n'
  for i in $(seq "$1"); do
    path=disks/d$i.raw
    case $((i % 7)) in
      0) # malformed
        printf 'QFI\373\000\000\000\003%0500d' 0 >disks/d"$i".qcow2
        path=disks/d$i.qcow2 ;;
      3) # a finding
        truncate -s 1G "disks/d$i.raw" ;;
      *)
        cp --sparse=always template.raw "disks/d$i.raw"
        # No two are the same.
        printf 'image %d' "$i" | dd of="disks/d$i.raw" bs=4096 seek=700000 conv=notrunc status=none ;;
    esac
    printf '[[image]]\npath = "%s"\nname = "d%d"\n' "$path" "$i"
  done
  sync disks/* # how much is allocated is part of a result, and settles only then
}

# expect_same_results EXPECTED FOLDER: the same artifacts, manifests, results and list, byte for byte. The journal, locks,
# and what a cluster keeps are not compared.
expect_same_results() {
  local folder
  for folder in "$1" "$2"; do
    (cd "$folder" && find . -type f ! -name journal.jsonl ! -name lock ! -path './.imgport-batch/slurm/*' \
      ! -path './.imgport-batch/kubernetes/*' -exec sha256sum {} + | sort -k 2) >"$folder.sums"
  done
  [ "$(wc -l <"$1.sums")" -gt 8 ] || fail "there is little in $1"
  diff "$1.sums" "$2.sums" || fail "the results in $2 differ from those in $1"
  checks=$((checks + 1))
}
