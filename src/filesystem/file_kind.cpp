#include "filesystem/file_kind.hpp"

namespace imgport {

std::optional<FileKind> kind_of_mode(std::uint32_t mode)
{
    switch (mode & 0170000) {
    case 0010000: return FileKind::fifo;
    case 0020000: return FileKind::character;
    case 0040000: return FileKind::directory;
    case 0060000: return FileKind::block;
    case 0100000: return FileKind::regular;
    case 0120000: return FileKind::symlink;
    case 0140000: return FileKind::socket;
    default: return std::nullopt;
    }
}

std::optional<FileKind> kind_of_type(std::uint8_t type)
{
    switch (type) {
    case 1: return FileKind::regular;
    case 2: return FileKind::directory;
    case 3: return FileKind::character;
    case 4: return FileKind::block;
    case 5: return FileKind::fifo;
    case 6: return FileKind::socket;
    case 7: return FileKind::symlink;
    default: return std::nullopt;
    }
}

}  // namespace imgport
