#!/usr/bin/env bash
# Every compressed cluster that we write inflates within 4 KiB of window, which qemu itself does not notice; metadata
# lies in few places and data in the disk's order. First that the tool which says so finds what is planted.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img python3 mkfs.ext4 sfdisk
clusters=("$SOURCE_DIR/tests/tools/qcow2_clusters.py")

# What the tool has to find, in an image that qemu-img calls clean.
head -c 1M /dev/urandom >noise.raw
qemu-img convert -f raw -O qcow2 noise.raw noise.qcow2
planted() {
  cp noise.qcow2 planted.qcow2
  python3 "$SOURCE_DIR/tests/tools/qcow2_plant.py" "$1" planted.qcow2
  expect_exit 0 qemu-img check -f qcow2 planted.qcow2
}
planted none
expect_exit 0 "${clusters[@]}" planted.qcow2
planted window
# qemu-img reads it, and what comes out is what went in.
qemu-img convert -f qcow2 -O raw planted.qcow2 planted.raw
expect_equal "what qemu reads repeats itself" "$(head -c 20480 planted.raw | sha256sum)" \
  "$(tail -c +20481 planted.raw | head -c 20480 | sha256sum)"
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 0 .*does not inflate with 12 window bits after [0-9]+ bytes: .*too far back'
planted short
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 0 .*: 64536 bytes come out, not a cluster'
planted long
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 0 .*: more than a cluster comes out'
planted cut
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 0 .*: the stream does not end'
planted overlap
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 1 .* lies over the one before'
planted large
expect_exit 1 "${clusters[@]}" planted.qcow2
expect_text err 'compressed cluster 0 is no smaller than a plain one'

# Tables here and there, and data in the order in which it was written.
qemu-img create -q -f qcow2 scattered.qcow2 4G
for at in 3 1 2 0; do qemu-io -f qcow2 -c "write ${at}G 64k" scattered.qcow2 >/dev/null; done
expect_exit 0 "${clusters[@]}" scattered.qcow2
expect_exit 1 "${clusters[@]}" --max-runs 3 scattered.qcow2
expect_text err 'metadata runs: [0-9]+, at most 3'
expect_exit 1 "${clusters[@]}" --max-seeks 3 scattered.qcow2
expect_exit 1 "${clusters[@]}" --in-order scattered.qcow2

# What we write.
[ "$engine" != native ] || clusters+=(--max-runs 3 --max-seeks 3 --in-order)
small_disk disk.raw
truncate -s 3T large.raw # 96 tables, if each were where it is needed first
for gigabyte in 0 700 1400 2100 2800; do
  dd if=disk.raw of=large.raw bs=1M seek=$((gigabyte * 1024)) conv=notrunc,sparse status=none
done
sources=(disk.raw large.raw noise.raw)
if [ -f "$TEST_IMAGES/bios-ext4.raw" ]; then
  sources+=("$TEST_IMAGES/bios-ext4.raw")
else
  echo "not checked here: a whole system's disk, as test-images/build has not made one"
fi
for source in "${sources[@]}"; do
  kinds=(none fast small zstd)
  # The tool takes some seconds for a whole system.
  [ -n "${IMGPORT_FULL:-}" ] || [ "$source" != "$TEST_IMAGES/bios-ext4.raw" ] || kinds=(fast)
  for compression in "${kinds[@]}"; do
    expect_exit 0 native_convert "$source" disk.qcow2 --compression "$compression"
    expect_exit 0 qemu-img check -f qcow2 disk.qcow2
    expect_exit 0 "${clusters[@]}" --json disk.qcow2
    if [ "$compression/$source" != none/noise.raw ]; then
      case "$compression" in
        none) expect_text out '"compressed": 0,' ;;
        zstd) expect_text out '"compression": "zstd"' ;;
        *) expect_text out '"compression": "zlib"' ;;
      esac
    fi
    # Compressed clusters of our own and of qemu's, moved or made anew.
    if [ "$compression" = fast ]; then
      expect_exit 0 native_convert disk.qcow2 again.qcow2 --compression fast
      expect_exit 0 qemu-img check -f qcow2 again.qcow2
      expect_exit 0 "${clusters[@]}" again.qcow2
      rm again.qcow2
    fi
    rm disk.qcow2
  done
done

# A stream that refers back too far is not moved as it is.
planted window
expect_exit 0 native_convert planted.qcow2 mended.qcow2 --compression fast
expect_exit 0 "${clusters[@]}" mended.qcow2
expect_exit 0 qemu-img compare -f qcow2 -F qcow2 planted.qcow2 mended.qcow2
