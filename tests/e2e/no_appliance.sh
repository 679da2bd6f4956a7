#!/usr/bin/env bash
# Nothing unknown ever passes: without the appliance a clean guest is `incomplete`, exit code 4.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq
needs_image bios-ext4

export LIBGUESTFS_PATH=/nonexistent
expect_exit 4 "$IMGPORT" check --format json "$TEST_IMAGES/bios-ext4.raw"
expect_equal verdict "$(jq -r '.images[0].verdict' out)" incomplete
expect_equal "rules that could not be judged" \
  "$(jq '[.images[0].findings[] | select(.status == "unknown")] | length > 10' out)" true

mkdir target
expect_exit 4 "$IMGPORT" prepare "$TEST_IMAGES/bios-ext4.raw" --output target
expect_empty_dir target

# What the user accepts is said and goes on.
expect_exit 0 "$IMGPORT" check --allow-unknown --format json "$TEST_IMAGES/bios-ext4.raw"
