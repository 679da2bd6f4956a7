// The entries of XFS directories, as they lie in an inode (short form) and in data blocks. "XFS Algorithms & Data
// Structures", third edition, chapter "Directories".
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "filesystem/xfs_volume.hpp"

namespace imgport {

// A name in a directory, "." and ".." included where the format stores them.
struct XfsEntry {
    std::string_view name;  // never empty, without '/' and NUL; lives as long as the bytes it was read from
    std::uint64_t inode = 0;
    std::uint8_t type = 0;  // as stored; 0: it does not say
};

// Called with each entry; false ends the walk.
using XfsEntryVisitor = std::function<Result<bool>(const XfsEntry &)>;

// All of these answer malformed without the place of the block, which the caller knows.

// The directory that an inode holds itself. False where the visitor ended it.
Result<bool> visit_short_form(Bytes fork, bool file_types, const XfsEntryVisitor &visit);

enum class XfsDirectoryForm {
    block,  // the only block of its directory: the index is at its end
    data,   // one of several
};

// A block of entries, a whole directory block whose checksum, if it has any, is right.
class XfsDataBlock {
public:
    static Result<XfsDataBlock> of(Bytes block, const XfsGeometry &geometry);

    XfsDirectoryForm form() const { return m_form; }
    // The entry that begins at byte `offset` of the block.
    Result<XfsEntry> entry_at(std::size_t offset) const;
    Result<bool> visit(const XfsEntryVisitor &visit) const;

private:
    // `size`: what it takes of the block.
    struct Placed {
        XfsEntry entry;
        std::size_t size;
    };
    Result<Placed> parse(std::size_t offset) const;

    Bytes m_block;
    std::size_t m_begin = 0;  // of the entries
    std::size_t m_end = 0;
    bool m_file_types = false;
    XfsDirectoryForm m_form = XfsDirectoryForm::data;
};

}  // namespace imgport
