#!/usr/bin/env bash
# Seven kinds of image of the same disk, each to qcow2, vhd and raw: identical by qemu-img compare, and the same size
# to the byte.
. "$SOURCE_DIR/tests/e2e/lib.sh"
needs qemu-img mkfs.ext4 sfdisk jq

small_disk disk.raw
size=$(stat -c %s disk.raw)
qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2
qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on disk.raw fixed.vhd
qemu-img convert -f raw -O vpc -o subformat=dynamic,force_size=on disk.raw dynamic.vhd
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw disk.vmdk
qemu-img convert -f raw -O vhdx disk.raw disk.vhdx
qemu-img convert -f raw -O vdi disk.raw disk.vdi

driver_of() {
  case "$1" in vhd) echo vpc ;; *) echo "$1" ;; esac
}

for source in disk.raw disk.qcow2 fixed.vhd dynamic.vhd disk.vmdk disk.vhdx disk.vdi; do
  for target in qcow2 vhd raw; do
    for extra in "" fixed fast small; do
      case "$target/$extra" in
        vhd/fixed) options=(--vhd-type fixed) ;;
        qcow2/fast | qcow2/small) options=(--compression "$extra") ;;
        */"") options=() ;;
        *) continue ;;
      esac
      output="$source-$extra.$target"
      expect_exit 0 "$IMGPORT" convert "$source" "$output" "${options[@]}"
      if [ "$target/$extra" = vhd/fixed ]; then
        # qemu-img takes a fixed VHD for a raw disk with 512 bytes more; without them it must be the disk.
        expect_equal "$output: file size" "$(stat -c %s "$output")" $((size + 512))
        head -c "$size" "$output" | cmp - disk.raw || fail "$output differs"
      else
        driver=$(driver_of "$target")
        qemu-img compare -q -f raw -F "$driver" disk.raw "$output" || fail "$output is not the same disk"
        expect_equal "$output: virtual size" \
          "$(qemu-img info -f "$driver" --output json "$output" | jq '."virtual-size"')" "$size"
      fi
      expect_equal "$output: our own probe" \
        "$("$IMGPORT" probe --format json "$output" | jq '.images[0].virtual_size')" "$size"
      expect_exit 0 "$IMGPORT" digest "$source" "$output"
      rm "$output"
    done
  done
done
