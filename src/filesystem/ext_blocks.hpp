// Where the blocks of a file lie on an ext volume: by its extent tree or its block map.
#pragma once

#include <memory>
#include <optional>

#include "filesystem/ext_fs.hpp"
#include "filesystem/extent_stream.hpp"

namespace imgport {

// The runs of that file, which may outlive everything else: holes and blocks that were only reserved read as zeroes.
// Not for inline data. An error (malformed) where the extent tree cannot be one.
Result<ExtentMap> map_ext_blocks(const std::shared_ptr<ExtFs> &fs, const ExtInode &inode);

// The blocks of directories, links and the journal, which have no holes.
class ExtBlocks {
public:
    static Result<ExtBlocks> open(std::shared_ptr<ExtFs> fs, const ExtInode &inode);

    // Fills `out`, which lies inside one block, from `offset` of the file, both bytes.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out);
    // The run of the file's bytes that starts at `offset`, `at` being set.
    Result<FileExtent> run_at(std::uint64_t offset);

private:
    ExtBlocks(std::shared_ptr<ExtFs> fs, std::uint32_t number, ExtentMap map)
        : m_fs(std::move(fs)), m_number(number), m_map(std::move(map))
    {}

    std::shared_ptr<ExtFs> m_fs;
    std::uint32_t m_number;
    ExtentMap m_map;
    FileExtent m_run;
};

}  // namespace imgport
