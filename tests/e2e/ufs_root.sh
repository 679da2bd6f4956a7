#!/usr/bin/env bash
# A FreeBSD on UFS is found and looked into without the appliance: in a GPT, and in a slice with a BSD disklabel.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs jq makefs sgdisk sfdisk python3
export LIBGUESTFS_PATH=/nonexistent

mkdir -p root/{etc,bin,boot/kernel,dev,usr/share}
printf '#!/bin/sh\nUSERLAND_VERSION="14.1-RELEASE-p3"\n' >root/bin/freebsd-version
printf 'hostname="beastie"\nsshd_enable="YES"\nifconfig_DEFAULT="DHCP"\n' >root/etc/rc.conf
printf 'root:*:0:0::0:0:Charlie:/root:/bin/sh\n' >root/etc/master.passwd
cp root/etc/master.passwd root/etc/passwd
head -c 3000000 /dev/urandom >root/boot/kernel/kernel

# make_root LABEL DEVICE: the filesystem that calls itself so in its fstab.
make_root() {
  printf '%s\t/\tufs\trw\t1\t1\n' "$2" >root/etc/fstab
  makefs -t ffs -s 60m -o version=2,bsize=32768,fsize=4096 root.ufs root >/dev/null
  # makefs writes no label (fs_volname).
  printf %s "$1" | dd of=root.ufs bs=1 seek=$((8192 + 680)) conv=notrunc status=none
}

# finds DISK ROOT-DEVICE
finds() {
  expect_exit 0 "$IMGPORT" inspect --format json "$1"
  expect_equal "$1: inspector" "$(jq -r .inspector out)" native
  expect_equal "$1: system" "$(jq -r '.guest.os | "\(.id) \(.version)"' out)" "freebsd 14.1"
  expect_equal "$1: root" "$(jq -r '.guest.mountpoints[] | select(.target == "/") | "\(.device) \(.filesystem)"' out)" \
    "$2 ufs"
}

truncate -s 100M gpt.raw
sgdisk -a 8 -n 1:40:+512K -t 1:83BD6B9D-7F41-11DC-BE0B-001560B84F0F -n 2:2048:+60M -t 2:516E7CB6-6ECF-11D6-8FF8-00022D09712B \
  -c 2:rootfs -n 3:0:+8M -t 3:516E7CB5-6ECF-11D6-8FF8-00022D09712B gpt.raw >/dev/null
for device in /dev/vtbd0p2 /dev/ufs/beastie%20root /dev/gpt/rootfs; do
  make_root 'beastie root' "$device"
  dd if=root.ufs of=gpt.raw bs=1M seek=1 conv=notrunc status=none
  finds gpt.raw /dev/sda2
done
expect_equal label "$(jq -r '.volumes[1].filesystem | "\(.type) \(.label) \(.clean)"' out)" "ufs beastie root true"

truncate -s 100M mbr.raw
printf 'label: dos\nstart=63,size=180000,type=a5,bootable\n' | sfdisk -q mbr.raw
make_root beastie /dev/ada0s1a
python3 - <<'END'
import struct
label = bytearray(148 + 8 * 16)
for at, form, value in ((0, "<I", 0x82564557), (40, "<I", 512), (132, "<I", 0x82564557), (138, "<H", 8)):
    struct.pack_into(form, label, at, value)
for entry, value in ((0, (122880, 16, 0, 7)), (1, (16384, 122896, 0, 1)), (2, (180000, 0, 0, 0))):
    struct.pack_into("<IIIB", label, 148 + 16 * entry, *value)
check = 0
for (word,) in struct.iter_unpack("<H", bytes(label)):
    check ^= word
struct.pack_into("<H", label, 136, check)
with open("mbr.raw", "r+b") as disk:
    disk.seek((63 + 1) * 512)
    disk.write(label)
END
dd if=root.ufs of=mbr.raw bs=512 seek=$((63 + 16)) conv=notrunc status=none
finds mbr.raw /dev/sda5
expect_equal "volumes of the slice" "$(jq -r '[.volumes[].device] | join(" ")' out)" "/dev/sda5 /dev/sda6"
