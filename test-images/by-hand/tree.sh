# shellcheck shell=bash
# The words with which test-images/families writes a small guest by hand, as files below $tree. Programs are ELF
# headers without a program, kernels a boot header without a kernel: enough to be told apart, too little to run.

# put PATH [MODE]: what comes on stdin.
put() {
  [[ $1 != */* ]] || [ -d "$tree/${1%/*}" ] || mkdir -p "$tree/${1%/*}"
  cat >"$tree/$1"
  [ $# -eq 1 ] || chmod "$2" "$tree/$1"
}

# add PATH: the same, behind what is there.
add() { cat >>"$tree/$1"; }

empty() {
  local path
  for path in "$@"; do put "$path" </dev/null; done
}

folder() {
  local path
  for path in "$@"; do mkdir -p "$tree/$path"; done
}

# link TARGET PATH
link() {
  mkdir -p "$tree/$(dirname "$2")"
  ln -s "$1" "$tree/$2"
}

# program PATH...: System V ABI, "ELF Header": 64 bits, little endian, an executable for x86-64, or for arm64 (e_machine
# 183) where FAMILY_ARCHITECTURE says so.
program() {
  local path machine='\x3e'
  [ "${FAMILY_ARCHITECTURE:-}" != arm64 ] || machine='\xb7'
  for path in "$@"; do
    { printf '\x7fELF\x02\x01\x01'; head -c 9 /dev/zero; printf '%b' "\\x02\\0$machine\\0\\x01\\0\\0\\0"; head -c 40 /dev/zero; } | put "$path" 0755
  done
}

script() {
  local path
  for path in "$@"; do put "$path" 0755 <<<'#!/bin/sh'; done
}

# merged_usr: hier(7) as every systemd distribution has it by now.
merged_usr() {
  local name
  folder usr/bin usr/sbin usr/lib usr/lib64
  for name in bin sbin lib lib64; do link "usr/$name" "$name"; done
}

# linux_tree NAME: what every Linux has, with a root account and nobody else's.
linux_tree() {
  local name=$1
  folder boot dev etc home mnt opt proc root run srv sys tmp usr/local/bin usr/share var/lib var/log var/tmp
  chmod 0700 "$tree/root"
  chmod 1777 "$tree/tmp" "$tree/var/tmp"
  [ -e "$tree/bin" ] || folder bin sbin lib lib64 usr/bin usr/sbin usr/lib
  program bin/bash usr/bin/passwd usr/sbin/useradd usr/sbin/chpasswd
  link bash bin/sh
  put etc/passwd <<'PASSWD'
root:x:0:0:root:/root:/bin/bash
bin:x:1:1:bin:/bin:/sbin/nologin
sshd:x:74:74:Privilege-separated SSH:/var/empty:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
PASSWD
  put etc/shadow 0600 <<'SHADOW'
root:*:19000:0:99999:7:::
bin:*:19000:0:99999:7:::
sshd:!!:19000::::::
nobody:*:19000:0:99999:7:::
SHADOW
  printf 'root:x:0:\nbin:x:1:\nsshd:x:74:\nnobody:x:65534:\n' | put etc/group
  printf 'root:*::\nbin:*::\nsshd:!::\nnobody:*::\n' | put etc/gshadow 0600
  put etc/hostname <<<"$name"
  printf '127.0.0.1 localhost\n::1 localhost\n' | put etc/hosts
}

# kernel VERSION IMAGE [MODULE...]: "The Linux/x86 Boot Protocol", version 2.15, 64 bits, with its version string;
# the modules in modules.dep, the rest of what a guest needs built in.
kernel() {
  local version=$1 image=$2 name
  shift 2
  head -c 16384 /dev/zero >"$work/kernel"
  if [ "${FAMILY_ARCHITECTURE:-}" = arm64 ]; then
    patch_bytes "$work/kernel" 56 'ARM\x64' # Documentation/arm64/booting.rst
  else
    patch_bytes "$work/kernel" 0x1fe '\x55\xaa'
    patch_bytes "$work/kernel" 0x202 'HdrS\x0f\x02'
    patch_bytes "$work/kernel" 0x20e '\x00\x10' # the version string lies at 0x200 + this
    patch_bytes "$work/kernel" 0x236 '\x01'     # XLF_KERNEL_64
    patch_bytes "$work/kernel" 0x1200 "$version (build@host) #1 SMP"
  fi
  put "$image" <"$work/kernel"
  printf 'kernel/%s.ko\n' fs/ext4/ext4 fs/xfs/xfs | put "lib/modules/$version/modules.builtin"
  empty "lib/modules/$version/modules.dep"
  for name in "$@"; do echo "kernel/drivers/$name.ko:"; done >"$tree/lib/modules/$version/modules.dep"
}

virtio_modules=(virtio/virtio virtio/virtio_ring virtio/virtio_pci block/virtio_blk net/virtio_net)
modern_modules=("${virtio_modules[@]}" virtio/virtio_pci_modern_dev virtio/virtio_pci_legacy_dev nvme/host/nvme nvme/host/nvme-core)

# initramfs VERSION IMAGE COMPRESSOR MODULE...: a cpio archive ("newc") with nothing but modules in it.
initramfs() {
  local version=$1 image=$2 compressor=$3 name
  shift 3
  rm -rf "$work/initramfs"
  for name in "$@"; do
    name=$work/initramfs/lib/modules/$version/kernel/drivers/$name.ko
    mkdir -p "$(dirname "$name")"
    : >"$name"
  done
  (cd "$work/initramfs" && find . | sed 's,^\./,,' | cpio --quiet -o -H newc) | $compressor | put "$image" 0600
}

# kernel_with_initramfs VERSION IMAGE MODULE...: links an initramfs with those modules into the kernel that lies there.
# usr/Makefile (compressed), vmlinux.lds.h (INIT_RAM_FS: at a multiple of 4, its size behind it); "The Linux/x86 Boot
# Protocol": setup_sects, payload_offset, payload_length, and the size at the end of the payload.
kernel_with_initramfs() {
  local version=$1 image=$2 vmlinux=$work/vmlinux payload=$work/payload size name
  shift 2
  initramfs "$version" "$image.cpio" 'gzip -nc' "$@"
  { printf '\x7fELF\x02\x01\x01'; head -c 8185 /dev/zero; cat "$tree/$image.cpio"; } >"$vmlinux"
  truncate -s %8 "$vmlinux"
  size=$(stat -c %s "$tree/$image.cpio")
  rm "$tree/$image.cpio"
  le32 "$size" >>"$vmlinux"
  head -c 4096 /dev/zero >>"$vmlinux"
  { gzip -nc "$vmlinux"; le32 "$(stat -c %s "$vmlinux")"; } >"$payload"
  { cat "$tree/$image"; head -c 1024 /dev/zero; cat "$payload"; } >"$work/kernel"
  patch_bytes "$work/kernel" 0x1f1 '\x1f' # 31 sectors follow the first: the kernel begins at 16384
  patch_bytes "$work/kernel" 0x248 '\x00\x04\x00\x00'
  for name in 0 1 2 3; do
    patch_bytes "$work/kernel" $((0x24c + name)) "\\x$(printf %02x $(($(stat -c %s "$payload") >> (8 * name) & 255)))"
  done
  put "$image" <"$work/kernel"
}

# le32 NUMBER: its four bytes.
le32() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"; }

# systemd_unit UNIT [TARGET]: enabled for TARGET as systemctl(1) does it; without one only installed.
systemd_unit() {
  local file=usr/lib/systemd/system/$1
  [ -e "$tree/usr/lib/systemd" ] || [ ! -e "$tree/lib/systemd" ] || file=lib/systemd/system/$1
  printf '[Unit]\nDescription=%s\n' "$1" | put "$file"
  [ $# -lt 2 ] || link "/$file" "etc/systemd/system/$2.wants/$1"
}

# cloud_init VERSION PYTHON [SYSTEMD_TARGET]: the package with its own cloud.cfg (config/cloud.cfg.tmpl), with what the
# cloud's page on it asks for; PYTHON is the folder below /usr/lib.
cloud_init() {
  local version=$1 python=$2 target=${3:-} stage
  program usr/bin/cloud-init
  empty "usr/lib/$python/cloudinit/__init__.py"
  printf '__VERSION__ = "%s"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n' "$version" | put "usr/lib/$python/cloudinit/version.py"
  put etc/cloud/cloud.cfg <<'CLOUD'
users:
   - default
disable_root: false
ssh_pwauth: true
ssh_deletekeys: true
preserve_hostname: false
datasource_list: [ AliYun, None ]
cloud_init_modules:
 - migrator
 - seed_random
 - bootcmd
 - write-files
 - growpart
 - resizefs
 - set_hostname
 - update_hostname
 - update_etc_hosts
 - users-groups
 - ssh
cloud_config_modules:
 - locale
 - set-passwords
 - ntp
 - timezone
 - runcmd
cloud_final_modules:
 - scripts-user
 - ssh-authkey-fingerprints
 - final-message
system_info:
   default_user:
     name: root
     lock_passwd: false
CLOUD
  program usr/bin/growpart
  [ -n "$target" ] || return 0
  for stage in cloud-init-local cloud-init cloud-config cloud-final; do systemd_unit "$stage.service" "$target"; done
}

# kernel_args [MORE...]: what the cloud's pages ask for.
kernel_args() { echo "console=tty0 console=ttyS0,115200n8 net.ifnames=0 biosdevname=0 nvme_core.io_timeout=4294967295 $*"; }

# patch_bytes FILE OFFSET TEXT: TEXT in printf's notation.
patch_bytes() { printf '%b' "$3" | dd status=none conv=notrunc bs=1 seek=$(($2)) of="$1"; }

# more_files: those below the folder FAMILY_FILES, where it is set, over what is there. For the families whose filesystem
# nothing edits afterwards.
more_files() { [ -z "${FAMILY_FILES:-}" ] || cp -r "$FAMILY_FILES/." "$tree/"; }
