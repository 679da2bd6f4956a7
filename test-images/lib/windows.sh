# shellcheck shell=bash
# A disk as Windows lays it out, without a file of Windows: MBR, a small NTFS with the boot configuration, an NTFS with
# the registry hives and empty stand-ins for drivers. What the hives say is in fixtures/windows/*.reg. It does not boot.

windows_fixtures=$here/fixtures/windows
windows_size=$((40 << 30)) windows_reserved=$((64 << 20))

# reg_of HIVE FILE: the part of a .reg file that is that hive's, each key after the ones it is in, as hivexregedit wants
# them.
reg_of() {
  python3 - "$@" <<'PY'
import re, sys
hive, made = "HKEY_LOCAL_MACHINE\\" + sys.argv[1], set()
print("Windows Registry Editor Version 5.00")
inside = False
for line in open(sys.argv[2]):
    key = re.match(r"\[(-?)(.*)\]", line)
    if key:
        inside = key[2].startswith(hive + "\\")
    if key and inside and not key[1]:
        parts = key[2][len(hive) + 1:].split("\\")
        for i in range(1, len(parts)):
            above = "\\".join(parts[:i])
            if above.lower() not in made:
                print("\n[%s\\%s]" % (hive, above))
            made.add(above.lower())
        made.add("\\".join(parts).lower())
    if inside and not line.startswith(";"):
        print(("\n" if key else "") + line.rstrip("\n"))
PY
}

# make_hive HIVE FILE [OVERRIDE.reg]: by hivexregedit, which is not ours.
make_hive() {
  local hive=$1 file=$2 override=${3:-} reg=$work/part.reg
  python3 "$windows_fixtures/empty_hive.py" "$file"
  for source in "$windows_fixtures/$hive.reg" $override; do
    reg_of "$hive" "$source" >"$reg"
    hivexregedit --merge --prefix "HKEY_LOCAL_MACHINE\\$hive" "$file" "$reg"
  done
}

# make_ntfs VOLUME BYTES START_SECTOR LABEL TREE [READ_ONLY_PATH...]
make_ntfs() {
  local volume=$1 bytes=$2 start=$3 label=$4 tree=$5
  shift 5
  rm -f "$volume"
  truncate -s "$bytes" "$volume"
  mkntfs --quiet --fast --force --partition-start "$start" --heads 255 --sectors-per-track 63 \
    --sector-size 512 --cluster-size 4096 --label "$label" "$volume" 2>"$work/mkntfs.log" || { cat "$work/mkntfs.log" >&2; return 1; }
  python3 "$windows_fixtures/ntfs_fill.py" "$volume" "$tree" "$@"
}

# make_windows IMAGE [OVERRIDE.reg [FILES [READ_ONLY_PATH...]]]: a clean Windows Server 2019, less what OVERRIDE.reg
# sets (its keys below HKEY_LOCAL_MACHINE\SYSTEM, SOFTWARE, SAM or BCD), plus the files of the folder FILES; the named
# ones (as Windows/System32/drivers/viostor.sys) are read-only.
make_windows() {
  local image=$1 override=${2:-} files=${3:-} tree=$work/windows boot=$work/windows-boot hive drivers
  local first=2048 second=$(((1 << 20) / 512 + windows_reserved / 512))
  shift $(($# < 3 ? $# : 3))
  rm -rf "$tree" "$boot"
  drivers=$tree/Windows/System32/drivers
  mkdir -p "$tree/Windows/System32/config" "$drivers" "$tree/Users" "$tree/Program Files" "$boot/Boot"
  for hive in SYSTEM SOFTWARE SAM; do make_hive "$hive" "$tree/Windows/System32/config/$hive" "$override"; done
  make_hive BCD "$boot/Boot/BCD" "$override"
  printf 'a stand-in\n' | tee "$boot/bootmgr" "$tree/Windows/System32/winload.exe" "$drivers/ntfs.sys" >"$drivers/stornvme.sys"
  [ -z "$files" ] || cp -r "$files/." "$tree/"

  truncate -s "$windows_size" "$image"
  write_mbr "$image" 0x77696e64 "start=$first, size=$((second - first)), type=7, bootable" "start=$second, type=7"
  # cli; hlt: code that is there, and stops.
  printf '\xfa\xf4\xeb\xfd' | dd status=none conv=notrunc of="$image" bs=1
  make_ntfs "$work/reserved.ntfs" $(((second - first) * 512)) "$first" 'System Reserved' "$boot"
  make_ntfs "$work/windows.ntfs" $((windows_size - second * 512)) "$second" Windows "$tree" "$@"
  copy_into "$work/reserved.ntfs" "$image" $((first * 512))
  copy_into "$work/windows.ntfs" "$image" $((second * 512))
  rm -rf "$tree" "$boot" "$work/reserved.ntfs" "$work/windows.ntfs"
}
