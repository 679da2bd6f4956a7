// What an LVM2 physical volume says of itself: its label, and the metadata texts that it keeps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// lvm2: lib/label/label.h and lib/format_text/layout.h.
struct Lvm2PhysicalVolume {
    std::string uuid;          // 32 characters, without dashes
    std::uint64_t length = 0;  // bytes, as the label says
    // The committed text of each metadata area that is in use and whole. A physical volume may have no area, and an
    // area of one that is in no group has no text.
    std::vector<std::string> texts = {};
    std::vector<Error> problems = {};  // why other areas were left out
};

// malformed: there is no label with a right sum in the first four sectors. unreadable: the disk could not be read.
Result<Lvm2PhysicalVolume> read_lvm2_label(Disk &volume);

// lvm2's own sum: CRC-32 with a start value of its own, and not inverted at the end.
std::uint32_t lvm2_crc(std::string_view bytes);

// "abcdef-ghij-klmn-opqr-stuv-wxyz-012345".
std::string lvm2_uuid_text(std::string_view uuid);

}  // namespace imgport
