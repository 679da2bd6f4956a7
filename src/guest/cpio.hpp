// cpio archives of the "newc" and "crc" formats, as the Linux kernel unpacks them
// (Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "guest/byte_reader.hpp"

namespace imgport {

struct CpioMember {
    std::string name;        // without a leading "./" or "/"
    std::uint32_t mode = 0;  // with the file type, as in stat(2)
    std::uint64_t size = 0;  // bytes
};

// Called once for each member. `content` is given for files of at most 64 KiB and is empty for longer ones.
using CpioVisitor = std::function<void(const CpioMember &member, std::string_view content)>;

// How many members may still come, of all archives together.
struct CpioBudget {
    std::uint64_t members = 0;
};

bool is_cpio(Bytes head);

// Reads one archive, from its first header to its trailer. Offsets in errors count from the start of `in`.
Result<void> read_cpio(ByteReader &in, const CpioVisitor &visit, CpioBudget &budget);

}  // namespace imgport
