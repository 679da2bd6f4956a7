# shellcheck shell=bash
# An XFS filesystem full of files without mounting one: mkfs.xfs fills it from a "protofile".
# A protofile knows no names with blanks or with a colon in front, no sticky bit, no times, no
# hard links and no extended attributes. Such names are refused, hard links become copies, and
# the sticky bits are set afterwards with xfs_db.

# proto_of TREE: the protofile on stdout.
proto_of() {
  python3 - "$1" <<'PY'
import os, stat, sys

def mode_of(info):
    kinds = {stat.S_IFDIR: "d", stat.S_IFREG: "-", stat.S_IFLNK: "l", stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFIFO: "p"}
    mode = info.st_mode
    return "%s%s%s%03o %d %d" % (kinds[stat.S_IFMT(mode)], "u" if mode & stat.S_ISUID else "-",
                                 "g" if mode & stat.S_ISGID else "-", mode & 0o777, info.st_uid, info.st_gid)

def walk(folder):
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if any(c.isspace() for c in entry.name) or entry.name[0] in ":$":
            sys.exit("a protofile cannot hold the name " + repr(entry.path))
        info = entry.stat(follow_symlinks=False)
        line = entry.name + " " + mode_of(info)
        if stat.S_ISDIR(info.st_mode):
            print(line)
            walk(entry.path)
            print("$")
        elif stat.S_ISREG(info.st_mode):
            print(line, entry.path)
        elif stat.S_ISLNK(info.st_mode):
            print(line, os.readlink(entry.path))
        elif stat.S_ISFIFO(info.st_mode):
            print(line)
        else:
            print(line, os.major(info.st_rdev), os.minor(info.st_rdev))

print("/\n0 0\n" + mode_of(os.stat(sys.argv[1])))
walk(sys.argv[1])
print("$")
PY
}

# restore_sticky FILESYSTEM TREE
restore_sticky() {
  local filesystem=$1 tree=$2 path mode commands=()
  while read -r mode path; do
    commands+=(-c "path /$path" -c "write core.mode 0$((40000 + mode))")
  done < <(find "$tree" -type d -perm -1000 -printf '%m %P\n')
  xfs_db -x "${commands[@]}" "$filesystem" >/dev/null
}

# make_xfs FILESYSTEM TREE BYTES UUID [MKFS_OPTION...]: FILESYSTEM is a file of its own. xfs_repair
# proves it clean.
make_xfs() {
  local filesystem=$1 tree=$2 bytes=$3 uuid=$4
  shift 4
  rm -f "$tree"/var/lib/ucf/cache/:* # a colon in front is more than a protofile can hold; ucf lives without
  proto_of "$tree" >"$work/proto"
  truncate -s "$bytes" "$filesystem"
  mkfs.xfs -q -m "uuid=$uuid" "$@" -p "$work/proto" "$filesystem"
  restore_sticky "$filesystem" "$tree"
  xfs_repair -n -f "$filesystem" 2>"$work/xfs_repair.log" >&2 || { cat "$work/xfs_repair.log" >&2; return 1; }
}
