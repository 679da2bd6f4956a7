// What the tests of btrfs share: opening images, reading them, and making some with mkfs.btrfs.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filesystem/btrfs_tree.hpp"
#include "filesystem/btrfs_volume.hpp"
#include "filesystem/cached_disk.hpp"
#include "support/digest.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

namespace imgport::testing {

inline std::shared_ptr<Disk> cached(const std::string &image)
{
    return std::make_shared<CachedDisk>(FileDisk::open(image));
}

inline std::string error_of(std::shared_ptr<Disk> disk, const std::string &subvolume = "")
{
    auto const opened = open_btrfs(std::move(disk), subvolume);
    return opened ? "none" : std::string(to_string(opened.error().code)) + ": " + opened.error().message;
}

inline std::unique_ptr<InodeTree> tree_of(std::shared_ptr<Disk> disk, const std::string &subvolume = "")
{
    auto reader = open_btrfs(std::move(disk), subvolume);
    if (!reader) {
        ADD_FAILURE() << describe(reader.error());
        return nullptr;
    }
    return std::make_unique<InodeTree>(std::move(*reader), "/dev/sda1");
}

inline Result<std::string> digest_of(RawTree &tree, const std::string &path)
{
    auto const stream = tree.open(path);
    if (!stream)
        return tl::unexpected(stream.error());
    Sha256 digest;
    std::vector<std::byte> piece(100000);
    for (;;) {
        auto const got = (*stream)->read(piece);
        if (!got)
            return tl::unexpected(got.error());
        if (*got == 0)
            return to_hex(digest.finish());
        digest.update(Bytes(piece).first(*got));
    }
}

inline std::string content_of(RawTree &tree, const std::string &path, FileKind kind)
{
    auto const content = kind == FileKind::regular   ? digest_of(tree, path)
                         : kind == FileKind::symlink ? tree.read_link(path)
                                                     : Result<std::string>("");
    return content ? *content : describe(content.error());
}

inline void expect_same(const std::set<std::string> &ours, const std::set<std::string> &linux)
{
    std::vector<std::string> missing;
    std::vector<std::string> surplus;
    std::set_difference(linux.begin(), linux.end(), ours.begin(), ours.end(), std::back_inserter(missing));
    std::set_difference(ours.begin(), ours.end(), linux.begin(), linux.end(), std::back_inserter(surplus));
    EXPECT_THAT(missing, ::testing::IsEmpty());
    EXPECT_THAT(surplus, ::testing::IsEmpty());
    EXPECT_GT(linux.size(), 40U);
}

// Where the tree node at a logical address lies.
inline btrfs::ChunkMap::Copies copies_of(const std::string &image, std::uint64_t logical)
{
    return btrfs::Volume::open(cached(image)).value()->chunks().find(logical, 4096).value();
}

inline std::uint64_t fs_root_of(const std::string &image)
{
    return btrfs::Volume::open(cached(image)).value()->find_root(btrfs::fs_tree).value()->logical;
}

// A folder with something of everything that mkfs.btrfs can copy, and images of it.
class BtrfsMade : public ::testing::Test {
protected:
    void SetUp() override { IMGPORT_NEEDS("mkfs.btrfs", "sh", "awk", "find", "sort"); }

    std::string folder() const { return m_workshop.path() + "/files"; }

    // Answers the image.
    std::string make(const std::string &options, const std::string &size = "160M") const
    {
        std::string const image = m_workshop.path() + "/img";
        run_shell(
            "mkdir -p '" + folder() + "' && cd '" + folder() +
            "' && { [ -d etc ] || { mkdir -p etc usr/lib empty && echo host > etc/hostname && ln -s ../etc usr/link "
            "&& mkfifo pipe && awk 'BEGIN { for (i = 0; i < 60000; i++) print i }' > large && "
            "truncate -s 3M hole && echo island | dd of=hole bs=1 seek=1500000 conv=notrunc status=none && "
            "for i in 1 2 3 4 5 6 7 8 9; do for j in a b c d e f g h i j k; do "
            "echo $i$j > usr/lib/a-rather-long-name-to-fill-the-leaves-of-the-tree-$i$j; done; done; }; } && rm -f " +
            image + " && truncate -s " + size + " " + image + " && mkfs.btrfs -q --rootdir . " + options + " " + image);
        return image;
    }

    std::set<std::string> files() const
    {
        std::set<std::string> lines;
        std::string const text =
            run_shell("cd '" + folder() +
                      "' && find . -mindepth 1 -type f -printf '%P\\t' -exec sha256sum '{}' ';' | cut -c -999");
        for (auto const line : lines_of(text)) {
            auto const tab = line.find('\t');
            lines.insert(fmt::format("/{}\t{}", line.substr(0, tab), line.substr(tab + 1, 64)));
        }
        return lines;
    }

    static void read_all(RawTree &tree, const std::string &folder, std::set<std::string> &lines)
    {
        auto const entries = tree.list(folder.empty() ? "/" : folder);
        ASSERT_TRUE(entries) << describe(entries.error());
        for (auto const &entry : *entries) {
            std::string const path = folder + "/" + entry.name;
            if (entry.kind == FileKind::regular)
                lines.insert(fmt::format("{}\t{}", path, content_of(tree, path, entry.kind)));
            if (entry.kind == FileKind::directory)
                read_all(tree, path, lines);
        }
    }

    void expect_readable(const std::string &image) const
    {
        auto const tree = tree_of(cached(image));
        ASSERT_TRUE(tree);
        std::set<std::string> lines;
        read_all(*tree, "", lines);
        expect_same(lines, files());
        EXPECT_EQ(tree->read_link("/usr/link").value_or("?"), "../etc");
    }

    Workshop m_workshop;
};

}  // namespace imgport::testing
