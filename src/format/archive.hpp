// zip and tar, member by member, by libarchive; from a stream, never from a path, and nothing is created by name.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "format/byte_stream.hpp"
#include "format/wrapper.hpp"

namespace imgport {

enum class MemberKind {
    file,
    directory,
    link,     // symbolic or hard
    special,  // a device, a FIFO, a socket
};

struct Member {
    std::string name = {};                   // as stored; empty where it cannot be read
    std::optional<std::uint64_t> size = {};  // bytes, unpacked; nullopt where the archive does not say in advance
    MemberKind kind = MemberKind::file;
    bool encrypted = false;
    bool hungry = false;  // packed by a method that remembers all it has unpacked: LZMA and the like in a zip
};

class ArchiveReader {
public:
    // `kind` is zip or tar. Of a stream that can seek, a zip is read by its central directory, and the data of a
    // member that nobody reads are stepped over. The base must outlive it.
    static Result<std::unique_ptr<ArchiveReader>> open(Wrapper kind, ByteStream &base);
    ArchiveReader(const ArchiveReader &) = delete;
    ArchiveReader &operator=(const ArchiveReader &) = delete;
    ~ArchiveReader();

    // The next member; nullopt at the end.
    Result<std::optional<Member>> next();
    // The bytes of the member that next() gave last; valid until next() is called again.
    ByteStream &data();

private:
    struct State;
    explicit ArchiveReader(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

// bzip2 and zstd. The base must outlive it.
Result<std::unique_ptr<ByteStream>> open_filtered(Wrapper filter, ByteStream &base);

// Whether a member's name stays inside the folder it would be unpacked to: relative, without "..", not empty, not
// longer than 4096 bytes, without a drive letter; a backslash counts as a slash.
bool is_safe_name(std::string_view name);
// Without "./" and doubled slashes, so that two spellings of one name are equal.
std::string normal_name(std::string_view name);

}  // namespace imgport
