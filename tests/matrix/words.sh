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
    mkdir "$work/initramfs-tree"
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

# xfs_log_dirty: the last record in the log of a new XFS says "unmounted" (its op header's flag XLOG_UNMOUNT_TRANS); now
# it does not.
xfs_log_dirty() {
  local block log
  block=$(superblock_number 4 4) # sb_blocksize
  log=$(superblock_number 48 8)  # sb_logstart: the group's number above sb_agblklog bits
  log=$(((log >> $(superblock_number 124 1)) * $(superblock_number 84 4) + (log & ((1 << $(superblock_number 124 1)) - 1))))
  bytes part_start+log*block+512+9 '\0'
}
superblock_number() { echo $((16#$(xxd -p -s $((part_start + $1)) -l "$2" "$image"))); }

# on_esp COMMAND...: of mtools, on the EFI system partition, which is the first of the disk.
on_esp() { "$1" -i "$image@@1M" "${@:2}"; }

# anew FAMILY [VARIABLE=VALUE...]: the disk made again, with the files that `over` has put over its own. For filesystems
# that nothing here edits.
anew() {
  mkdir -p "$work/files"
  rm "$image"
  env FAMILY_FILES="$work/files" "${@:2}" "$family" "$1" "$image"
  dirty=yes # there is no ext filesystem to prove clean
}

# over PATH: what is on stdin, as a file for `anew`.
over() {
  mkdir -p "$(dirname "$work/files/$1")"
  cat >"$work/files/$1"
}

# windows_with [READ_ONLY_PATH...]: Windows made again, with the registry's keys on stdin set otherwise: a .reg text,
# indented (else [KEY] is a headline), its keys below HKEY_LOCAL_MACHINE.
windows_with() {
  sed -E 's,^ +,,; s,^\[,[HKEY_LOCAL_MACHINE\\,' >"$work/override.reg"
  anew windows WINDOWS_REGISTRY="$work/override.reg" WINDOWS_READ_ONLY="$*"
}

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

# vhd_footer OFFSET TEXT: changes a VHD's footer, in both copies where there are two, with the checksum made right
# (Virtual Hard Disk Image Format Specification, "Hard Disk Footer Format").
vhd_footer() {
  local end image=$result footer=$work/footer
  end=$(($(stat -c %s "$image") - 512))
  tail -c 512 "$image" >"$footer"
  image=$footer bytes "$1" "$2"
  image=$footer bytes 64 '\0\0\0\0'
  image=$footer bytes 64 "$(od -An -v -w1 -tu1 "$footer" | awk '{ sum += $1 } END { sum = 4294967295 - sum
    for (i = 24; i >= 0; i -= 8) printf "\\x%02x", int(sum / 2 ^ i) % 256 }')"
  dd status=none conv=notrunc oflag=seek_bytes seek="$end" if="$footer" of="$image"
  [ "$(head -c 8 "$image" | tr -d '\0')" != conectix ] || dd status=none conv=notrunc if="$footer" of="$image"
}

# What is planted keeps the guest from being looked into: that rules on it cannot be judged is right.
hides_guest() { : >"made/$name.hides"; }

# can_do_without_cloud_init: host keys, and a password for root.
can_do_without_cloud_init() {
  write /etc/ssh/ssh_host_ed25519_key 0600 <<<'-----BEGIN OPENSSH PRIVATE KEY-----'
  write /etc/ssh/ssh_host_rsa_key 0600 <<<'-----BEGIN OPENSSH PRIVATE KEY-----'
  # shellcheck disable=SC2016 # a hash
  edit /etc/shadow 's,^root:[^:]*,root:$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.,'
}

# The filesystem of this case is dirty by intention.
left_dirty() { dirty=yes; }
