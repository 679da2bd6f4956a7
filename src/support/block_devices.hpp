// What a machine's kernel says of its block devices: whether a disk is in use while it is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace imgport {

struct BlockDevice {
    std::string name;                       // the kernel's: "sda1", "dm-0"
    std::string number = {};                // "8:1"
    std::string disk = {};                  // of a partition: the disk it is on
    std::vector<std::string> made_of = {};  // of a volume or an array: the devices below it
};

// The kernel's own tables, as text: /proc/self/mountinfo and /proc/swaps.
struct BlockDevices {
    std::vector<BlockDevice> all = {};
    std::string mounts = {};
    std::string swaps = {};
};

// Of this machine. What cannot be read is left out.
BlockDevices local_block_devices(const std::string &root = "");

// The same of another machine, out of the sections "devices", "partitions", "slaves", "mounts" and "swaps", each begun
// by a line "MARK NAME".
BlockDevices parse_block_devices(std::string_view text, std::string_view mark);

// What stands in the way of taking one device for a whole disk that rests.
struct DeviceUse {
    std::string disk = {};               // of a partition: the name of the disk it is on
    std::vector<std::string> uses = {};  // "/dev/sda1 is mounted on /"

    // "/dev/sda1 is mounted on /; /dev/sda2 is used for swapping; and 3 more"
    std::string text() const;
};

// The device itself, its partitions, and whatever was made of them.
DeviceUse use_of(const BlockDevices &devices, const std::string &name);

}  // namespace imgport
