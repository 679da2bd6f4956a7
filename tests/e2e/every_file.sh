#!/usr/bin/env bash
# Every regular file of a real Debian, read through ext4, XFS, btrfs, UFS and FAT by the native readers, is byte for
# byte what the tool that packed the filesystem was given.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs python3 mkfs.ext4 mkfs.xfs mkfs.btrfs makefs mkfs.vfat mcopy
[ -x "${TREE_SUMS:=$BUILD_DIR/tests/tree_sums}" ] || skip "$TREE_SUMS was not built"
base=$(find "$TEST_IMAGES/.cache" -maxdepth 1 -name 'base-*.tar' 2>/dev/null | head -n 1)
[ -n "$base" ] || skip "the test images were not built (test-images/build)"

# Owners and devices need root, and are no matter of content. The protofile of XFS holds no name with a colon in front.
mkdir tree
tar -C tree -xf "$base" --no-same-owner --exclude='./dev/*' --exclude='./var/lib/ucf/cache/*'
chmod -R u+rX tree
# What a Debian has none of: holes, in front, within and behind; and bytes that nothing compresses.
truncate -s 3M tree/holes
printf 'in front' | dd of=tree/holes bs=1 seek=1234567 conv=notrunc status=none
head -c $((1 << 20)) /dev/urandom >tree/noise

# sums_in FOLDER: as tree_sums prints them.
sums_in() {
  # -z: without it a name with a backslash is escaped.
  (cd "$1" && find . -type f -printf '%P\0' | xargs -0 sha256sum -z | tr '\0' '\n' | sed 's,  ,  /,') | LC_ALL=C sort -k 2
}

# compare WHAT IMAGE SHOULD
compare() {
  "$TREE_SUMS" "$2" /dev/sda >is 2>err || { cat err >&2; fail "$1: tree_sums failed"; }
  LC_ALL=C sort -k 2 is >is.sorted
  if ! cmp -s is.sorted "$3"; then
    diff is.sorted "$3" | head -n 20 >&2
    fail "$1: files are missing, too many or differ (< read, > packed)"
  fi
  echo "$1: $(wc -l <"$3") files, $(stat -c %s "$2" | numfmt --to=iec) of filesystem"
  checks=$((checks + $(wc -l <"$3")))
  rm "$2"
}

sums_in tree >packed
[ "$(wc -l <packed)" -gt 10000 ] || fail "that is no real system: $(wc -l <packed) files"

truncate -s 1G ext4.raw
mkfs.ext4 -q -F -b 4096 -d tree ext4.raw
compare "ext4" ext4.raw packed
# Blocks of 1 KiB and block maps in place of extents: files with blocks of all three levels of indirection.
truncate -s 1G ext2.raw
mkfs.ext4 -q -F -b 1024 -O ^extents,^64bit,^metadata_csum,^has_journal -d tree ext2.raw
compare "ext4 with block maps" ext2.raw packed

# shellcheck source=../../test-images/lib/xfs.sh
. "$SOURCE_DIR/test-images/lib/xfs.sh"
proto_of tree >proto
truncate -s 1G xfs.raw
mkfs.xfs -q -p proto xfs.raw
compare "XFS" xfs.raw packed

truncate -s 1G btrfs.raw
mkfs.btrfs -q --rootdir tree btrfs.raw >/dev/null
compare "btrfs" btrfs.raw packed

makefs -t ffs -o version=1,bsize=4096,fsize=512 ufs1.raw tree >/dev/null
compare "UFS1" ufs1.raw packed
# Small blocks of inodes are no choice here: makefs forgets a UFS2 inode that it writes more than a block ahead of the
# last one, which is where a directory has many others in it (ffs_write_inode and cg_initediblk; GRUB finds none either).
makefs -t ffs -o version=2,bsize=65536,fsize=8192 ufs2.raw tree >/dev/null
compare "UFS2" ufs2.raw packed

# FAT knows no links, no case and not all names: what is left of the tree.
python3 - <<'PY'
import os
seen = set()
def copy(source, target):
    os.mkdir(target)
    for entry in sorted(os.scandir(source), key=lambda e: e.name):
        name = target + "/" + entry.name
        holds = not any(c in '"*:<>?\\|' or not " " <= c <= "~" for c in entry.name) and entry.name[-1] not in ". "
        if not holds or name.lower() in seen:
            continue
        seen.add(name.lower())
        if entry.is_dir(follow_symlinks=False):
            copy(entry.path, name)
        elif entry.is_file(follow_symlinks=False):
            os.link(entry.path, name)
copy("tree", "fat")
PY
sums_in fat >packed.fat
[ "$(wc -l <packed.fat)" -gt $(($(wc -l <packed) * 9 / 10)) ] || fail "FAT holds only $(wc -l <packed.fat) files"
truncate -s 1G fat.raw
mkfs.vfat -F 32 fat.raw >/dev/null
mcopy -s -Q -i fat.raw fat/* ::
compare "FAT" fat.raw packed.fat
