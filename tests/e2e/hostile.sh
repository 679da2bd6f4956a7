#!/usr/bin/env bash
# Unsafe and malformed images: the promised exit code from check, convert and prepare, nothing written, and no file
# beyond the image opened for it.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img jq strace python3

"$SOURCE_DIR/test-images/hostile" "$work/hostile"

# Opens of other files that were caused by the image: everything that is not the program's own.
opened_beyond() {
  grep -oE 'open(at)?\([^"]*"[^"]*"' "$1" | sed -E 's/.*"([^"]*)"$/\1/' |
    grep -vE '\.so(\.[0-9]+)*$' | grep -vE '^(/etc/ld\.so|/lib|/usr/lib|/usr/local/lib|/usr/share|/proc/|/sys/|/dev/(null|urandom)|/etc/(ssl|nsswitch|localtime)|/usr/ssl)' |
    grep -vxF -e "$2" -e target -e "$work/target" -e . || true
}

while IFS=$'\t' read -r name code hazard _; do
  case "$name" in "#"*) continue ;; esac
  image="$work/hostile/$name"
  [ -e "$image" ] || fail "$name was not made"
  if [ "$code" -eq 3 ]; then
    mkdir -p target
    for verb in "check --format json" "convert" "prepare --output target"; do
      arguments=("$image")
      [ "$verb" != convert ] || arguments+=(target/out.qcow2)
      # shellcheck disable=SC2086  # several words
      expect_exit 3 strace -f -qq -e trace=open,openat,execve -o trace "$IMGPORT" $verb "${arguments[@]}"
      expect_equal "$name: files that $verb opened beyond the image" "$(opened_beyond trace "$image")" ""
      expect_equal "$name: programs that $verb started" "$(grep -c 'execve(' trace)" 1
      expect_empty_dir target
      [ "$verb" = "check --format json" ] || continue
      expect_equal "$name: verdict" "$(jq -r '.images[0].verdict' out)" refused
    done
  fi
  "$IMGPORT" probe --format json "$image" >out 2>err || true
  if [ -n "$hazard" ] && [ "$hazard" != - ]; then
    jq -e --arg hazard "$hazard" '.images[0] | any(.hazards[]; .id == $hazard)' out >/dev/null ||
      { jq '.images[0] | {hazards, error}' out >&2; fail "$name: the hazard $hazard is not named"; }
    checks=$((checks + 1))
  fi
done <"$work/hostile/MANIFEST.tsv"
