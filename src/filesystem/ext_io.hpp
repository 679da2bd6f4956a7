// The door through which libext2fs reads: an io_manager over a Disk. It never writes: every call that would is refused.
#pragma once

#include <memory>
#include <optional>

#include <ext2fs/ext2fs.h>

#include <imgport/disk.hpp>

namespace imgport {

// What libext2fs is given to open: the disk, and the error that the disk gave last, since a number is all that comes
// through libext2fs.
struct ExtSource {
    std::shared_ptr<Disk> disk;
    std::optional<Error> error = {};
};

// ext2fs_open2() with `flags` on that source, which must outlive the filesystem.
errcode_t open_through(ExtSource &source, int flags, ext2_filsys *out);

}  // namespace imgport
