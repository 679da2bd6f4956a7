# shellcheck shell=bash
# Editing the files of a finished image with debugfs: no mount, and only the planted change.

root_of() { echo "$1?offset=$part_start"; }

# debugfs exits 0 whatever goes wrong; anything on stderr beyond its banner counts as an error here.
run_debugfs() {
  local image=$1 errors
  errors=$(debugfs -w -f - "$(root_of "$image")" 2>&1 >/dev/null | sed 1d)
  [ -z "$errors" ] || { echo "debugfs: $errors" >&2; return 1; }
}

# read_file IMAGE PATH: the content on stdout.
read_file() { debugfs -R "cat $2" "$(root_of "$1")" 2>/dev/null; }

# write_file IMAGE PATH [MODE]: replaces or creates a file of root's with what comes on stdin.
write_file() {
  local image=$1 path=$2 mode=${3:-0644} content="$work/content"
  cat >"$content"
  remove_file "$image" "$path"
  printf '%s\n' "write $content $path" "sif $path mode 010$mode" "sif $path uid 0" "sif $path gid 0" | run_debugfs "$image"
}

# remove_file IMAGE PATH...: a file or a symbolic link; nothing happens where there is none.
remove_file() {
  local image=$1 path
  shift
  for path in "$@"; do
    [ -z "$(debugfs -R "stat $path" "$(root_of "$image")" 2>/dev/null)" ] || echo "rm $path" | run_debugfs "$image"
  done
}

# edit_file IMAGE PATH COMMAND...: pipes the content through COMMAND, which has to change it.
edit_file() {
  local image=$1 path=$2 before="$work/before" after="$work/after" mode
  shift 2
  mode=$(debugfs -R "stat $path" "$(root_of "$image")" 2>/dev/null | sed -n 's/.*Mode: *\([0-7]*\).*/\1/p')
  read_file "$image" "$path" >"$before"
  "$@" <"$before" >"$after"
  ! cmp -s "$before" "$after" || { echo "$path: nothing changed" >&2; return 1; }
  write_file "$image" "$path" "$mode" <"$after"
}

# prove_clean IMAGE: the edits left a consistent filesystem.
prove_clean() {
  e2fsck -fn "$(root_of "$1")" >"$work/e2fsck.log" 2>&1 || { cat "$work/e2fsck.log" >&2; return 1; }
}
