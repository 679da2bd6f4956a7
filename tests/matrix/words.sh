# shellcheck shell=bash
# The words of the *.case files: each changes $image, a copy of a clean guest. The files of the guest lie in its last
# partition, an ext filesystem.
# shellcheck source=../../test-images/lib/edit.sh
. "$SOURCE_DIR/test-images/lib/edit.sh"

disk_size=$((40 << 30))

# there PATH: whether the guest has it.
there() { [ -n "$(debugfs -R "stat $1" "$(root_of "$image")" 2>/dev/null)" ]; }

make_folder() {
  local path=$1
  { [ "$path" = / ] || there "$path"; } && return 0
  make_folder "$(dirname "$path")"
  echo "mkdir $path" | run_debugfs "$image"
}

# write PATH [MODE]: with what is on stdin; folders are made as needed.
write() {
  make_folder "$(dirname "$1")"
  write_file "$image" "$@"
}

# append PATH
append() {
  cat >"$work/more"
  edit_file "$image" "$1" cat - "$work/more"
}

# edit PATH SED_SCRIPT: which has to change it.
edit() { edit_file "$image" "$1" sed -E "$2"; }

# remove PATH...: each has to be there.
remove() {
  local path
  for path in "$@"; do
    there "$path" || { echo "remove: no $path" >&2; return 1; }
    remove_file "$image" "$path"
  done
}

# symlink TARGET PATH
symlink() {
  make_folder "$(dirname "$2")"
  remove_file "$image" "$2"
  echo "symlink $2 $1" | run_debugfs "$image"
}

# rename FROM TO
rename() { printf '%s\n' "ln $1 $2" "unlink $1" | run_debugfs "$image"; }

# flags PATH VALUE: the inode's flags; EXT4_EXTENTS_FL is 0x80000.
flags() { echo "sif $1 flags $2" | run_debugfs "$image"; }

# enable UNIT [TARGET]: with a unit file where there is none.
enable() {
  there "/usr/lib/systemd/system/$1" || printf '[Service]\nExecStart=/usr/bin/true\n' | write "/usr/lib/systemd/system/$1"
  symlink "/usr/lib/systemd/system/$1" "/etc/systemd/system/${2:-multi-user.target}.wants/$1"
}

# disable UNIT [TARGET]
disable() { remove "/etc/systemd/system/${2:-multi-user.target}.wants/$1"; }

# program PATH [MACHINE]: an ELF header; MACHINE is e_machine, 62 for x86-64.
program() {
  { printf '\x7fELF\x02\x01\x01'; head -c 9 /dev/zero; printf '%b' "\\x02\\0\\x$(printf %02x "${2:-62}")"; head -c 45 /dev/zero; } |
    write "$1" 0755
}

# initramfs_with PATH VERSION COMPRESSOR MODULE...: a new one, with those modules only.
initramfs_with() {
  local path=$1
  (
    tree=$work/initramfs-tree
    # shellcheck source=../../test-images/by-hand/tree.sh
    . "$SOURCE_DIR/test-images/by-hand/tree.sh"
    initramfs "$2" image "$3" "${@:4}"
  )
  write "$path" 0600 <"$work/initramfs-tree/image"
}

# bytes OFFSET TEXT: on the disk; TEXT in printf's notation.
bytes() { printf '%b' "$2" | dd status=none conv=notrunc bs=1 seek=$(($1)) of="$image"; }

# zeroes OFFSET LENGTH: on the disk.
zeroes() { dd status=none conv=notrunc iflag=count_bytes oflag=seek_bytes if=/dev/zero count=$(($2)) seek=$(($1)) of="$image"; }

# on_esp COMMAND...: of mtools, on the EFI system partition, which is the first of the disk.
on_esp() { "$1" -i "$image@@1M" "${@:2}"; }

# becomes FILE: what is checked instead of the disk; made from it or beside it.
becomes() { result=$1; }

# as_qcow2 [OPTIONS], as_vhd [SUBFORMAT]: the disk in another container.
as_qcow2() {
  qemu-img convert -f raw -O qcow2 ${1:+-o "$1"} "$image" "$work/$name.qcow2"
  becomes "$work/$name.qcow2"
}
as_vhd() {
  qemu-img convert -f raw -O vpc -o "subformat=${1:-dynamic},force_size=on" "$image" "$work/$name.vhd"
  becomes "$work/$name.vhd"
}

# The filesystem of this case is dirty by intention.
left_dirty() { dirty=yes; }
