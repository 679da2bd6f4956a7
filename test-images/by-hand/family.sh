# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031 # make_family is a shell of its own by intention
# From a small tree made by hand (tree.sh) to a disk, without root: 40 GiB virtual, a few MiB allocated.
# A family is a file of these words:
#   title TEXT   one line for a list
#   not_yet WHY  this build of imgport cannot read it
# and one function `make IMAGE`, which fills $tree and ends with one of the disk_* words below.

family_disk_size=$((40 << 30))
family_start=$((1 << 20))    # of the first partition
family_size=$((3 << 30))     # of the root filesystem
family_esp_size=$((64 << 20))

title() { family_title=$1; }
not_yet() { family_not_yet=$1; }

family_names() { ls "$families"; }

load_family() {
  family_title='' family_not_yet=''
  # shellcheck source=/dev/null
  . "$families/$1"
}

# make_family NAME IMAGE: in a subshell, as a family is functions and variables.
make_family() (
  work=$(mktemp -d "$2.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  umask 022
  tree=$work/tree
  mkdir "$tree"
  load_family "$1"
  make "$work/image"
  mv "$work/image" "$2"
)

# family_uuid NAME: the same at each build.
family_uuid() { uuidgen --sha1 --namespace @dns --name "$1.family.imgport.test"; }

# as_root COMMAND...: in a user namespace where the caller is root, so that the files in the image are root's.
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else unshare --map-root-user -- "$@"; fi; }

# fill_filesystem FILE TYPE UUID SIZE [TREE]: with the features that old boot loaders and the cloud stumble over left
# out (rules ext4-64bit and ext4-modern-features).
fill_filesystem() {
  local file=$1 type=$2 uuid=$3 size=$4 from=${5:-$tree}
  truncate -s "$size" "$file"
  case $type in
    ext2 | ext3 | ext4)
      # shellcheck disable=SC2046 # two words or none
      as_root mke2fs -q -F -t "$type" -d "$from" -U "$uuid" -N 8192 -m 1 -E lazy_itable_init=0 \
        -O '^64bit,^metadata_csum,^metadata_csum_seed,^orphan_file' $([ "$type" = ext2 ] || echo -J size=4) "$file" ;;
    xfs)
      # shellcheck disable=SC2016
      as_root bash -c '. "$1"; proto_of "$2"' proto "$families/../lib/xfs.sh" "$from" >"$work/proto"
      as_root mkfs.xfs -q -m "uuid=$uuid" -p "$work/proto" "$file" ;;
    btrfs) as_root mkfs.btrfs -q -U "$uuid" --rootdir "$from" "$file" >/dev/null ;;
    *) echo "no filesystem $type" >&2; return 1 ;;
  esac
}

# place FILE IMAGE OFFSET: then FILE is gone.
place() {
  fallocate --dig-holes "$1"
  # shellcheck source=../lib/disk.sh
  (. "$families/../lib/disk.sh" && copy_into "$@")
  rm "$1"
}

# The boot sectors. GRUB 2's are its own, made by its own tool on the host.

# boot_grub2 IMAGE PREFIX [AT]: AT is the byte offset of a BIOS boot partition; without one the core image lies behind
# the boot sector, where boot.img looks for it.
boot_grub2() {
  local image=$1 prefix=$2 at=${3:-512} core=$work/core.img n
  grub-mkimage --format i386-pc --output "$core" --prefix "$prefix" biosdisk part_msdos part_gpt ext2 xfs btrfs
  dd status=none conv=notrunc if=/usr/lib/grub/i386-pc/boot.img of="$image" bs=440 count=1
  if [ "$at" -ne 512 ]; then
    # GRUB_BOOT_MACHINE_KERNEL_SECTOR in boot.img, and the block list at the end of diskboot.img.
    for n in 0 1 2 3; do
      patch_bytes "$image" $((0x5c + n)) "\\x$(printf %02x $(((at / 512) >> (8 * n) & 255)))"
      patch_bytes "$core" $((0x1f4 + n)) "\\x$(printf %02x $(((at / 512 + 1) >> (8 * n) & 255)))"
    done
  fi
  dd status=none conv=notrunc if="$core" of="$image" bs=512 seek=$((at / 512))
}

# boot_grub_legacy IMAGE: stage1 of GRUB 0.97 (stage1/stage1.S): the version at 0x3e, the messages behind the code.
boot_grub_legacy() {
  patch_bytes "$1" 0 '\xeb\x48\x90'
  patch_bytes "$1" 0x3e '\x03\x02\xff'
  patch_bytes "$1" 0x17d 'GRUB \0Geom\0Hard Disk\0Read\0 Error\0'
}

# boot_extlinux IMAGE PARTITION_OFFSET: mbr.bin of SYSLINUX (mbr/mbr.S) and its ldlinux.sys boot sector (core/diskstart.inc).
boot_extlinux() {
  patch_bytes "$1" 0 '\x33\xc0\xfa\x8e\xd8'
  patch_bytes "$1" 0x160 'Missing operating system.\r\nOperating system load error.\r\n'
  patch_bytes "$1" "$2" '\xeb\x58\x90EXTLINUX'
}

# write_table_mbr IMAGE [LINE...]: lines of sfdisk(8); by default one active partition.
write_table_mbr() {
  local image=$1
  shift
  [ $# -gt 0 ] || set -- "start=$((family_start / 512)), size=$((family_size / 512)), type=83, bootable"
  truncate -s "$family_disk_size" "$image"
  { printf 'label: dos\nlabel-id: 0x66616d69\n'; printf '%s\n' "$@"; } | sfdisk --quiet --no-reread --no-tell-kernel "$image"
}

# disk_mbr IMAGE FILESYSTEM UUID: one partition; a boot_* word follows.
disk_mbr() {
  write_table_mbr "$1"
  fill_filesystem "$work/root" "$2" "$3" "$family_size"
  place "$work/root" "$1" "$family_start"
}

# disk_gpt IMAGE FILESYSTEM UUID VENDOR [BIOS_PREFIX]: an EFI system partition with the loader under the vendor's path
# and the fallback path, and the root; with BIOS_PREFIX a BIOS boot partition before them and GRUB in it.
disk_gpt() {
  local image=$1 filesystem=$2 uuid=$3 vendor=$4 prefix=${5:-} esp=$work/esp at=$family_start extra=() first=1 efi=x64
  truncate -s "$family_disk_size" "$image"
  if [ -n "$prefix" ]; then
    extra=("--new=1:$((at / 512)):+2048" --typecode=1:ef02 --change-name=1:bios)
    at=$((at + (1 << 20))) first=2
  fi
  local root=$((first + 1)) root_at=$((at + family_esp_size))
  sgdisk --disk-guid="$(family_uuid "$vendor-disk")" "${extra[@]}" \
    "--new=$first:$((at / 512)):+$((family_esp_size / 512))" "--typecode=$first:ef00" "--change-name=$first:EFI System Partition" \
    "--new=$root:$((root_at / 512)):+$((family_size / 512))" "--typecode=$root:8300" "--change-name=$root:root" "$image" >/dev/null
  [ -z "$prefix" ] || boot_grub2 "$image" "$prefix" "$family_start"
  truncate -s "$family_esp_size" "$esp"
  mkfs.vfat -F 32 -s 1 -i 46414d49 -n ESP "$esp" >/dev/null
  grub-mkimage --format x86_64-efi --output "$work/core.efi" --prefix "/EFI/$vendor" part_gpt fat
  if [ "${FAMILY_ARCHITECTURE:-}" = arm64 ]; then # GRUB for arm64 is not installed: its header is what is looked at
    efi=aa64
    patch_bytes "$work/core.efi" $(($(od -An -tu4 -j60 -N4 "$work/core.efi") + 4)) '\x64\xaa'
  fi
  # shellcheck disable=SC2016 # GRUB's variables
  printf 'search.fs_uuid %s root\nset prefix=($root)/boot/%s\nconfigfile $prefix/grub.cfg\n' "$uuid" "${grub_folder:-grub2}" >"$work/esp.cfg"
  mmd -i "$esp" ::/EFI ::/EFI/BOOT "::/EFI/$vendor"
  mcopy -i "$esp" "$work/core.efi" "::/EFI/BOOT/BOOT${efi^^}.EFI"
  mcopy -i "$esp" "$work/core.efi" "::/EFI/$vendor/grub$efi.efi"
  mcopy -i "$esp" "$work/esp.cfg" "::/EFI/$vendor/grub.cfg"
  place "$esp" "$image" "$at"
  fill_filesystem "$work/root" "$filesystem" "$uuid" "$family_size"
  place "$work/root" "$image" "$root_at"
}
esp_uuid=4641-4D49 # what `mkfs.vfat -i` above gives
