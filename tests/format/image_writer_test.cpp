// The writers by themselves: QEMU says whether what they wrote is sound, and what disk it holds.
#include "format/image_writer.hpp"

#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "format/qcow2_writer.hpp"
#include "format/raw_writer.hpp"
#include "format/reading.hpp"
#include "format/vhd_structure.hpp"
#include "format/vhd_writer.hpp"
#include "support/file.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::Folder;
using imgport::testing::run_tool;

namespace {

class FileOutput final : public ImageWriter::Output {
public:
    explicit FileOutput(const std::string &path) : m_file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {}

    Result<void> write(std::uint64_t at, Bytes bytes) override
    {
        EXPECT_EQ(::pwrite(m_file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)),
                  static_cast<ssize_t>(bytes.size()));
        return {};
    }
    Result<void> resize(std::uint64_t size) override
    {
        EXPECT_EQ(::ftruncate(m_file.get(), static_cast<off_t>(size)), 0);
        return {};
    }

private:
    Fd m_file;
};

// A disk of which only some pieces are there: offset of the piece, and what fills the clusters of it.
struct Content {
    std::uint64_t size;
    std::vector<std::uint64_t> pieces;  // their offsets
};

// Every third cluster is zero, every third compresses, every third does not.
void fill(Piece &piece)
{
    std::minstd_rand random(static_cast<unsigned>(piece.offset / piece_size + 1));
    auto const bytes = piece.bytes.bytes();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        unsigned const kind = at / 65536 % 3;
        bool const inside = at < piece.length;
        bytes[at] = !inside || kind == 0 ? std::byte{0}
                    : kind == 1          ? static_cast<std::byte>(random() % 4)
                                         : static_cast<std::byte>(random() >> 8);
    }
}

void write_with(ImageWriter &writer, const Content &content, Compression compression, const std::string &path,
                const std::string &plain)
{
    FileOutput output(path);
    FileOutput raw(plain);
    ASSERT_TRUE(raw.resize(content.size));
    auto const compressor = std::move(*make_compressor(compression));
    for (auto const offset : content.pieces) {
        Piece piece{.offset = offset,
                    .length = std::min(piece_size, content.size - offset),
                    .bytes = Buffer(piece_size),
                    .packed = Buffer(piece_size)};
        fill(piece);
        ASSERT_TRUE(raw.write(offset, piece.disk_bytes()));
        writer.pack(piece, compressor.get());
        writer.place(piece);
        for (auto const &range : piece.stored)
            ASSERT_TRUE(output.write(range.at, range.bytes));
    }
    ASSERT_TRUE(writer.finish(output));
}

const Content contents[] = {
    {0, {}},
    {512, {0}},
    {65536, {}},
    {3 * piece_size, {piece_size}},
    {5 * piece_size + 1536, {0, piece_size, 5 * piece_size}},
    // Tables far apart: more of them than are kept.
    {std::uint64_t{40} << 30,
     {0, std::uint64_t{1} << 30, std::uint64_t{7} << 30, (std::uint64_t{39} << 30) + piece_size}},
};

}  // namespace

TEST(Qcow2Writer, WritesWhatQemuFindsSoundAndTheSame)
{
    IMGPORT_NEEDS("qemu-img");
    for (auto const compression : {Compression::none, Compression::fast, Compression::small}) {
        for (auto const &content : contents) {
            for (std::size_t const kept : {1U, 64U}) {
                Folder const folder;
                auto const writer =
                    make_qcow2_writer({.size = content.size, .compression = compression, .kept_tables = kept});
                write_with(*writer, content, compression, folder / "a.qcow2", folder / "a.raw");
                run_tool({"qemu-img", "check", "-f", "qcow2", folder / "a.qcow2"});
                run_tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", folder / "a.raw", folder / "a.qcow2"});
            }
        }
    }
}

TEST(Qcow2Writer, GivesEveryClusterItsPlaceWhereThatIsAsked)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    Content const content{(std::uint64_t{1} << 30) + 512, {piece_size, std::uint64_t{600} << 20}};
    auto const writer = make_qcow2_writer({.size = content.size, .preallocate = true, .kept_tables = 1});
    write_with(*writer, content, Compression::none, folder / "a.qcow2", folder / "a.raw");
    auto const said = run_tool({"qemu-img", "check", "-f", "qcow2", folder / "a.qcow2"});
    EXPECT_NE(said.find("16385/16385 = 100.00% allocated"), std::string::npos) << said;
    run_tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", folder / "a.raw", folder / "a.qcow2"});
}

TEST(Qcow2Writer, CountsMoreClustersThanOneBlockOfRefcountsHolds)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    // 2 GiB of clusters have their place, which is what one refcount block counts; nothing of them is written.
    for (std::size_t const kept : {1U, 64U}) {
        Content const content{std::uint64_t{5} << 30, {}};
        auto const writer = make_qcow2_writer({.size = content.size, .preallocate = true, .kept_tables = kept});
        write_with(*writer, content, Compression::none, folder / "a.qcow2", folder / "a.raw");
        run_tool({"qemu-img", "check", "-f", "qcow2", folder / "a.qcow2"});
    }
}

TEST(VhdWriter, WritesWhatQemuTakesForTheSameDisk)
{
    IMGPORT_NEEDS("qemu-img");
    for (bool const fixed : {false, true}) {
        for (auto const &content : contents) {
            if (content.size == 0)
                continue;  // QEMU opens no VHD of no bytes
            Folder const folder;
            auto const writer = make_vhd_writer({.size = content.size, .fixed = fixed});
            write_with(*writer, content, Compression::none, folder / "a.vhd", folder / "a.raw");
            run_tool({"qemu-img", "compare", "-f", "raw", "-F", "vpc", folder / "a.raw", folder / "a.vhd"});
        }
    }
}

TEST(VhdWriter, SaysInTheFooterWhatTheSpecificationAsksFor)
{
    Folder const folder;
    std::uint64_t const size = 20 * piece_size;
    auto const writer = make_vhd_writer({.size = size, .created = 0x01020304});
    std::array<std::byte, 16> id{};
    id.fill(std::byte{0x42});
    writer->identify(id);
    FileOutput output(folder / "a.vhd");
    ASSERT_TRUE(writer->finish(output));
    auto const text = folder.read("a.vhd");
    ASSERT_EQ(text.size(), 512U + 1024 + 512 + 512);
    Bytes const footer = bytes_of(text).last(512);
    EXPECT_TRUE(std::ranges::equal(footer, bytes_of(text).first(512))) << "the copy at the start";
    EXPECT_EQ(load_be<std::uint32_t>(footer, 24), 0x01020304U);
    EXPECT_EQ(load_be<std::uint64_t>(footer, 68), 0x4242424242424242U);
    auto const parsed = parse_vhd_footer(footer);
    EXPECT_TRUE(parsed.checksum_valid);
    EXPECT_EQ(vhd_virtual_size(parsed).bytes, size);
    // The specification's calculation for 40960 sectors: 17 sectors a track, 4 heads, 602 cylinders.
    EXPECT_EQ(parsed.sectors_per_track, 17);
    EXPECT_EQ(parsed.heads, 4);
    EXPECT_EQ(parsed.cylinders, 602);
}

TEST(RawWriter, LeavesZeroesOut)
{
    Folder const folder;
    Content const content{4 * piece_size, {2 * piece_size}};
    auto const writer = make_raw_writer(content.size);
    write_with(*writer, content, Compression::none, folder / "b.raw", folder / "a.raw");
    EXPECT_EQ(folder.read("a.raw"), folder.read("b.raw"));
    auto const file = InputFile::open(folder / "b.raw");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size(), content.size);
    EXPECT_LE(file->allocated_size(), 11 * 65536U) << "five of sixteen clusters are zero";
}
