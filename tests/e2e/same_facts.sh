#!/usr/bin/env bash
# The native readers and the appliance tell the same of every recipe: equal JSON but for the inspector's name.
#
# Emulated, the appliance takes 15 to 25 s an image, so two run at a time, and what it said is kept beside the images. It
# is asked again as soon as anything changes that it could depend on: the image, the recipe it was made by, a single
# byte of the program or of its library, libguestfs, or the kernel that is inside the appliance. So a kept answer only
# ever spares a second run of the very same program.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq sha256sum

# One for each kind of filesystem and of volume; the full run asks about all of them.
short=(bios-ext4 uefi-xfs fragmented-xfs btrfs-subvolumes lvm-root windows-2019)
wanted() {
  local image
  while read -r image; do
    [ -z "${IMGPORT_FULL:-}" ] && [[ " ${short[*]} " != *" $(basename "$image" .raw) "* ]] || echo "$image"
  done
}
mapfile -t images < <(find "$TEST_IMAGES" -maxdepth 1 -name '*.raw' | sort | wanted)
[ "${#images[@]}" -gt 0 ] || skip "no test image was built (test-images/build)"

kept=$TEST_IMAGES/.cache/appliance-facts
mkdir -p "$kept" 2>/dev/null && [ -w "$kept" ] || kept=$work/appliance-facts
mkdir -p "$kept"

# What the program is made of, the appliance included, as one digest.
program_key() {
  {
    sha256sum <"$IMGPORT"
    find "$BUILD_DIR/imgport" -name '*.so' -exec sha256sum {} +
    ldd "$IMGPORT" | sed -n 's/.* => \(.*libimgport[^ ]*\|.*libguestfs[^ ]*\) .*/\1/p' | sort | xargs -r sha256sum
    find /boot /lib/modules -maxdepth 1 -printf '%f %T@\n' 2>/dev/null | sort
    printf '%s\n' "${LIBGUESTFS_BACKEND:-}" "${LIBGUESTFS_PATH:-}"
  } | sha256sum | cut -d' ' -f1
}

# image_key IMAGE: its place in time and on the disk stands for its 8 GiB of bytes.
image_key() {
  local stamp
  stamp=$TEST_IMAGES/.cache/$(basename "$1" .raw).recipe
  { stat -c '%n %s %b %Y %Z %i' "$1"; [ ! -e "$stamp" ] || cat "$stamp"; } | sha256sum | cut -c1-32
}

# ask_appliance IMAGE FILE: FILE only appears when all went well.
ask_appliance() {
  local name
  name=$(basename "$1" .raw)
  if "$IMGPORT" inspect --inspector appliance --format json "$1" >"$name.part" 2>"$name.err"; then
    mv "$name.part" "$2"
  else
    echo "$name: the appliance: exit code $?" >&2
    cat "$name.err" >&2
  fi
}

program=$(program_key)
declare -A answers
asked=0
for image in "${images[@]}"; do
  name=$(basename "$image" .raw)
  answers[$image]=$kept/$name.$program.$(image_key "$image").json
  [ ! -e "${answers[$image]}" ] || continue
  rm -f "$kept/$name".*.json
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
  ask_appliance "$image" "${answers[$image]}" &
  asked=$((asked + 1))
done
wait
echo "the appliance was asked about $asked of ${#images[@]} images"

comparable='del(.inspector)'
for image in "${images[@]}"; do
  name=$(basename "$image" .raw)
  [ -e "${answers[$image]}" ] || fail "$name: the appliance gave no answer"
  expect_exit 0 "$IMGPORT" inspect --inspector native --format json "$image"
  expect_equal "$name: the first inspector" "$(jq -r .inspector out)" native
  expect_equal "$name: the second inspector" "$(jq -r .inspector "${answers[$image]}")" appliance
  expect_equal "$name: a guest was found" "$(jq '.guest != null' out)" true
  jq -S "$comparable" out >native.json
  jq -S "$comparable" "${answers[$image]}" >appliance.json
  if ! diff -U 3 appliance.json native.json >difference; then
    head -n 60 difference >&2
    fail "$name: the inspectors differ (- appliance, + native)"
  fi
  checks=$((checks + 1))
done
