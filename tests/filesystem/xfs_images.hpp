// XFS filesystems for the tests: mkfs.xfs fills them from a "protofile", so nothing is mounted.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "filesystem/cached_disk.hpp"
#include "filesystem/xfs_tree.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

namespace imgport::testing {

inline constexpr std::uint64_t xfs_image_size = std::uint64_t{320} << 20;

// A protofile. It knows no names with blanks.
class Proto {
public:
    explicit Proto(const Workshop &shop) : m_shop(shop) {}

    Proto &begin(const std::string &name, const std::string &mode = "d--755 0 0")
    {
        m_text += name + " " + mode + "\n";
        return *this;
    }
    Proto &end()
    {
        m_text += "$\n";
        return *this;
    }
    Proto &file(const std::string &name, const std::string &content, const std::string &mode = "---644 0 0")
    {
        std::string const source = fmt::format("{}/source{}", m_shop.path(), m_files++);
        std::ofstream(source, std::ios::binary) << content;
        m_text += name + " " + mode + " " + source + "\n";
        return *this;
    }
    Proto &link(const std::string &name, const std::string &target)
    {
        m_text += name + " l--777 0 0 " + target + "\n";
        return *this;
    }
    // A device, a fifo.
    Proto &special(const std::string &name, const std::string &rest)
    {
        m_text += name + " " + rest + "\n";
        return *this;
    }
    // Small enough for the short form: none of it takes a block of its own.
    Proto &links(const std::string &prefix, int count)
    {
        for (int i = 0; i < count; ++i)
            link(prefix + std::to_string(i), std::to_string(i));
        return *this;
    }

    // The filesystem, as a file.
    std::string make(const std::string &options) const
    {
        std::ofstream(m_shop.path() + "/proto") << "/\n0 0\nd--755 0 0\n" << m_text << "$\n";
        auto const image = m_shop.image("xfs.img", xfs_image_size);
        run_shell("mkfs.xfs -q -p " + m_shop.path() + "/proto " + options + " " + image);
        return image;
    }

private:
    const Workshop &m_shop;
    std::string m_text;
    int m_files = 0;
};

inline Result<std::unique_ptr<InodeTree>> open_xfs_image(const std::string &file)
{
    auto reader = open_xfs(std::make_shared<CachedDisk>(FileDisk::open(file)));
    if (!reader)
        return fail(reader.error());
    return std::make_unique<InodeTree>(std::move(*reader), "/dev/sda1");
}

inline std::string content_of(RawTree &tree, const std::string &path)
{
    auto const stream = tree.open(path);
    if (!stream) {
        ADD_FAILURE() << path << ": " << stream.error().message;
        return "";
    }
    std::string text;
    std::vector<std::byte> piece(10000);  // no multiple of a block
    for (;;) {
        auto const got = (*stream)->read(piece);
        if (!got) {
            ADD_FAILURE() << path << ": " << got.error().message;
            return text;
        }
        if (*got == 0)
            return text;
        text.append(reinterpret_cast<const char *>(piece.data()), *got);
    }
}

inline std::string fixture(const std::string &name)
{
    return (std::filesystem::path(__FILE__).parent_path() / "fixtures" / name).string();
}

// What xfs_db prints for one field: "core.size = 12" gives "12".
inline std::string xfs_field(const std::string &image, const std::string &where, const std::string &field)
{
    auto const said = run_tool({"xfs_db", "-r", "-c", where, "-c", "print " + field, image});
    auto const at = said.find(" = ");
    return at == std::string::npos ? "" : std::string(trim(said.substr(at + 3)));
}
inline std::uint64_t xfs_number(const std::string &image, const std::string &where, const std::string &field)
{
    return std::stoull(xfs_field(image, where, field), nullptr, 0);
}

}  // namespace imgport::testing
