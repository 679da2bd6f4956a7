#!/usr/bin/env bash
# Without the appliance a guest that is read natively is judged all the same. What only the appliance could read is
# unknown then, and nothing unknown ever passes: `incomplete`, exit code 4.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq mkfs.f2fs
needs_image bios-ext4

export LIBGUESTFS_PATH=/nonexistent
expect_exit 0 "$IMGPORT" check --format json "$TEST_IMAGES/bios-ext4.raw"
expect_equal inspector "$(jq -r '[.images[0].findings[].inspector | select(.)] | unique | join(" ")' out)" native

many_unknown() {
  expect_equal "$1: rules that could not be judged" \
    "$(jq '[.images[0].findings[] | select(.status == "unknown" and .machine)] | length > 10' out)" true
}
expect_exit 4 "$IMGPORT" check --inspector appliance --format json "$TEST_IMAGES/bios-ext4.raw"
expect_equal verdict "$(jq -r '.images[0].verdict' out)" incomplete
many_unknown appliance

# F2FS is not read natively. (The disk is too small besides, and has no partition table.)
truncate -s 64M f2fs.raw
mkfs.f2fs -q f2fs.raw
expect_exit 1 "$IMGPORT" check --format json f2fs.raw
many_unknown "auto on F2FS"

mkdir target
expect_exit 4 "$IMGPORT" prepare --inspector appliance "$TEST_IMAGES/bios-ext4.raw" --output target
expect_empty_dir target

# What the user accepts is said and goes on.
expect_exit 0 "$IMGPORT" check --inspector appliance --allow-unknown --format json "$TEST_IMAGES/bios-ext4.raw"
