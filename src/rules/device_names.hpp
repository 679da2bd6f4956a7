// The ways in which fstab and a kernel's command line name a filesystem, and the volume that such a name means.
#pragma once

#include <string>
#include <string_view>

#include <imgport/facts.hpp>

namespace imgport {

enum class DeviceNaming {
    tag,        // UUID=, LABEL=, PARTUUID=, PARTLABEL=, and the same as /dev/disk/by-uuid/...
    mapper,     // /dev/mapper/NAME, /dev/VG/LV: LVM's names, which travel with the disk
    unstable,   // /dev/sda1, /dev/disk/by-path/...: given by the machine, another one in the cloud
    removable,  // /dev/sr0, /dev/cdrom, /dev/fd0
    other,      // proc, tmpfs, host:/share, /swapfile, ...
};

struct DeviceName {
    DeviceNaming naming = DeviceNaming::other;
    std::string kind = {};   // of a tag, in upper case: "UUID"
    std::string value = {};  // of a tag; else the name as written
};

// Quotes around the name or the tag's value are taken off.
DeviceName parse_device_name(std::string_view text);

// The volume of the image that a tag or an LVM name means; nullptr where there is none.
const VolumeFacts *find_volume(const Inspection &inspection, const DeviceName &name);

}  // namespace imgport
