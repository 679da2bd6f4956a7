// Our readers on disks that are wrong, or that they do not know: every answer is an error with a name.
#include "format/native_disk.hpp"

#include <functional>

#include <fmt/format.h>

#include "format/concatenated_disk.hpp"
#include "format/container.hpp"
#include "format/file_container.hpp"
#include "format/image_builder.hpp"
#include "format/vhd_structure.hpp"
#include "testing/disks.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

// A disk with the file that it is read from.
struct Opened {
    std::unique_ptr<InputFile> file = {};
    Result<std::shared_ptr<Disk>> disk = {};

    std::string error() const
    {
        return disk ? "" : std::string(to_string(disk.error().code)) + ": " + describe(disk.error());
    }
};

// Without a look at what the probe makes of it: a reader must stand on its own.
Opened open_image(const FormatReader &reader, const std::string &path)
{
    Opened opened;
    opened.file = std::make_unique<InputFile>(InputFile::open(path).value());
    FileView view(*opened.file);
    auto const facts = facts_of(reader, view);
    opened.disk = open_native_disk(*opened.file, facts, std::make_shared<ImageCache>());
    return opened;
}

Opened open_image(const FormatReader &reader, const Folder &folder, const ImageBuilder &image)
{
    return open_image(reader, folder.write("image", std::string(text_of(image.bytes()))));
}

// "" for bytes; the error where the range, or the map of it, is broken.
std::string read_error(const Opened &opened, std::uint64_t offset, std::size_t length = 512)
{
    if (!opened.disk)
        return opened.error();
    std::vector<std::byte> bytes(length);
    auto const done = (*opened.disk)->read(offset, bytes);
    return done ? "" : std::string(to_string(done.error().code)) + ": " + describe(done.error());
}

std::string read_text(const Opened &opened, std::uint64_t offset, std::size_t length)
{
    if (!opened.disk)
        return opened.error();
    std::string text(length, '?');
    auto const done = (*opened.disk)->read(offset, std::as_writable_bytes(std::span(text)));
    return done ? text : describe(done.error());
}

constexpr std::uint64_t qcow2_compressed = std::uint64_t{1} << 62;

// Version 3, clusters of 4 KiB: the header, the refcount table, the L1 table, an L2 table, then data.
struct Qcow2 {
    static constexpr std::uint64_t cluster = 4096;
    static constexpr std::uint64_t l1 = 2 * cluster;
    static constexpr std::uint64_t l2 = 3 * cluster;
    static constexpr std::uint64_t data = 4 * cluster;

    ImageBuilder image{8 * cluster};

    Qcow2()
    {
        image.text(0, "QFI\xfb").be<std::uint32_t>(4, 3).be<std::uint32_t>(20, 12).be<std::uint64_t>(24, 1 << 20);
        image.be<std::uint32_t>(36, 1).be<std::uint64_t>(40, l1).be<std::uint64_t>(48, cluster);
        image.be<std::uint32_t>(56, 1).be<std::uint32_t>(96, 4).be<std::uint32_t>(100, 104);
        image.be<std::uint64_t>(l1, l2).text(data, std::string(cluster, 'd'));
    }
    Qcow2 &entry(std::uint64_t number, std::uint64_t value)
    {
        image.be<std::uint64_t>(l2 + number * 8, value);
        return *this;
    }
};

std::string qcow2_error(const ImageBuilder &image, std::uint64_t offset = 0)
{
    Folder const folder;
    return read_error(open_image(qcow2_reader, folder, image), offset);
}

std::string changed_qcow2(const std::function<void(ImageBuilder &)> &change)
{
    Qcow2 made;
    made.entry(0, Qcow2::data);
    change(made.image);
    return qcow2_error(made.image);
}

// An image by qemu-img, with 64 KiB of 'x' at 1 MiB, changed at one place.
std::string patched_error(const FormatReader &reader, const std::string &how, std::uint64_t at, std::string_view bytes)
{
    Folder const folder;
    folder.write("raw", std::string(std::size_t{1} << 20, '\0') + std::string(std::size_t{1} << 16, 'x') +
                            std::string(std::size_t{3} << 20, '\0'));
    run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O " + how + " raw image");
    patch_file(folder / "image", at, bytes);
    return read_error(open_image(reader, folder / "image"), std::uint64_t{1} << 20);
}

}  // namespace

TEST(Qcow2Disk, EntriesThatLeadNowhereAreMalformed)
{
    EXPECT_EQ(qcow2_error(Qcow2().entry(0, Qcow2::data).image), "");
    EXPECT_THAT(qcow2_error(Qcow2().entry(0, Qcow2::data + 512).image), HasSubstr("not at a cluster"));
    EXPECT_THAT(qcow2_error(Qcow2().entry(0, std::uint64_t{1} << 50).image), HasSubstr("malformed"));
    EXPECT_THAT(qcow2_error(Qcow2().entry(3, 64 * Qcow2::cluster).image, 3 * Qcow2::cluster),
                HasSubstr(fmt::format("offset {}", Qcow2::l2 + 24)));
    EXPECT_THAT(qcow2_error(Qcow2().entry(0, qcow2_compressed | (std::uint64_t{1} << 40)).image),
                HasSubstr("a compressed cluster lies at"));
}

TEST(Qcow2Disk, DamagedCompressedClustersAreMalformed)
{
    // 'dddd' is no deflate stream; zeroes are an empty stored block, and so too short.
    EXPECT_THAT(qcow2_error(Qcow2().entry(0, qcow2_compressed | Qcow2::data).image), HasSubstr("damaged"));
    EXPECT_THAT(qcow2_error(Qcow2().entry(0, qcow2_compressed | (5 * Qcow2::cluster)).image), HasSubstr("malformed"));
    // A final block of fixed codes with nothing in it.
    Qcow2 empty;
    empty.entry(0, qcow2_compressed | Qcow2::data).image.byte(Qcow2::data, 3).byte(Qcow2::data + 1, 0);
    EXPECT_THAT(qcow2_error(empty.image), HasSubstr("only 0 bytes were compressed"));
    auto const zstd = changed_qcow2([](ImageBuilder &image) {
        image.be<std::uint64_t>(Qcow2::l2, qcow2_compressed | Qcow2::data).be<std::uint64_t>(72, 8);
        image.be<std::uint32_t>(100, 112).byte(104, 1);
    });
    EXPECT_THAT(zstd, HasSubstr("damaged"));
}

TEST(Qcow2Disk, TablesThatContainThemselvesEnd)
{
    Qcow2 made;
    made.image.be<std::uint64_t>(Qcow2::l1, Qcow2::l1);
    Folder const folder;
    auto const opened = open_image(qcow2_reader, folder, made.image);
    // The L1 entry is also the first L2 entry, and leads to the L1 table as data.
    EXPECT_EQ(read_text(opened, 0, 8), std::string("\0\0\0\0\0\0\x20\0", 8));
}

TEST(Qcow2Disk, ZeroClustersNeedVersion3)
{
    Qcow2 made;
    made.entry(0, 1).entry(1, Qcow2::data | 1).entry(2, Qcow2::data);
    Folder const folder;
    auto const opened = open_image(qcow2_reader, folder, made.image);
    EXPECT_EQ(read_text(opened, 2 * Qcow2::cluster - 1, 2), std::string("\0d", 2));
    auto const extents = (*opened.disk)->extents(0, 4 * Qcow2::cluster);
    ASSERT_TRUE(extents);
    EXPECT_EQ(*extents, (std::vector<Extent>{{0, 4096, ExtentKind::hole},
                                             {4096, 4096, ExtentKind::zero},
                                             {8192, 4096, ExtentKind::data},
                                             {12288, 4096, ExtentKind::hole}}));
    made.image.be<std::uint32_t>(4, 2);
    EXPECT_THAT(qcow2_error(made.image), HasSubstr("zeroes in an image of version 2"));
}

TEST(Qcow2Disk, ALastClusterThatIsCutOffReadsAsZeroes)
{
    Qcow2 made;
    made.entry(0, 4 * Qcow2::cluster).image.size(4 * Qcow2::cluster + 700);
    Folder const folder;
    auto const opened = open_image(qcow2_reader, folder, made.image);
    EXPECT_EQ(read_text(opened, 698, 4), std::string("dd\0\0", 4));
    EXPECT_EQ(read_text(opened, 4000, 2), std::string("\0\0", 2));
}

TEST(Qcow2Disk, SubclustersMustNotContradictThemselves)
{
    auto const extended = [](std::uint64_t entry, std::uint64_t bitmap) {
        return changed_qcow2([&](ImageBuilder &image) {
            // Clusters of 16 KiB: the L1 table has moved by that.
            image.be<std::uint32_t>(20, 14).be<std::uint64_t>(72, 16).be<std::uint64_t>(40, 32768);
            image.be<std::uint64_t>(48, 16384).size(6 * 16384).be<std::uint64_t>(32768, 49152);
            image.be<std::uint64_t>(49152, entry).be<std::uint64_t>(49160, bitmap);
        });
    };
    EXPECT_EQ(extended(65536, 1), "");
    EXPECT_EQ(extended(0, std::uint64_t{1} << 32), "");
    EXPECT_THAT(extended(65536, 1 | std::uint64_t{1} << 32), HasSubstr("contradict"));
    EXPECT_THAT(extended(0, 1), HasSubstr("contradict"));
}

TEST(Qcow2Disk, WhatIsNotKnownIsUnsupportedByName)
{
    using Change = std::function<void(ImageBuilder &)>;
    for (auto const &[change, name] :
         {std::pair<Change, const char *>([](ImageBuilder &i) { i.be<std::uint32_t>(32, 2); }, "encrypted"),
          std::pair<Change, const char *>([](ImageBuilder &i) { i.be<std::uint64_t>(72, 4); }, "external data file"),
          std::pair<Change, const char *>([](ImageBuilder &i) { i.be<std::uint64_t>(72, 1 << 20); }, "features"),
          std::pair<Change, const char *>([](ImageBuilder &i) { i.be<std::uint64_t>(72, 16); }, "subclusters"),
          std::pair<Change, const char *>(
              [](ImageBuilder &i) { i.be<std::uint64_t>(72, 8).be<std::uint32_t>(100, 112).byte(104, 9); },
              "compression type 9"),
          std::pair<Change, const char *>(
              [](ImageBuilder &i) { i.be<std::uint64_t>(8, 200).be<std::uint32_t>(16, 4).text(200, "base"); },
              "without its backing file")}) {
        auto const error = changed_qcow2(change);
        EXPECT_THAT(error, HasSubstr("unsupported"));
        EXPECT_THAT(error, HasSubstr(name));
    }
}

// A small file can describe more extents than any memory holds: its L1 entries all lead to one table.
TEST(Qcow2Disk, ADiskInShredsHasABoundedMap)
{
    ImageBuilder image(0);
    constexpr std::uint64_t entries = 1 << 16;  // of L1, each for 32 KiB
    image.text(0, "QFI\xfb").be<std::uint32_t>(4, 3).be<std::uint32_t>(20, 9).be<std::uint64_t>(24, entries << 15);
    image.be<std::uint32_t>(36, entries).be<std::uint64_t>(40, 2048).be<std::uint64_t>(48, 512);
    image.be<std::uint32_t>(56, 1).be<std::uint32_t>(96, 4).be<std::uint32_t>(100, 104);
    for (std::uint64_t i = 0; i < entries; ++i)
        image.be<std::uint64_t>(2048 + i * 8, 1024);
    for (std::uint64_t i = 0; i < 64; i += 2)
        image.be<std::uint64_t>(1024 + i * 8, 1536);
    Folder const folder;
    auto const opened = open_image(qcow2_reader, folder, image);
    ASSERT_TRUE(opened.disk) << opened.error();
    auto const extents = (*opened.disk)->extents(0, (*opened.disk)->size());
    ASSERT_TRUE(extents);
    EXPECT_LE(extents->size(), 1'000'002U);
    EXPECT_GE(extents->size(), 1'000'000U);
    EXPECT_EQ(extents->back().offset + extents->back().length, entries << 15);
}

TEST(VhdDisk, BadBlocksAreMalformed)
{
    IMGPORT_NEEDS("qemu-img");
    // The block allocation table of QEMU lies behind the header, at 1536; one block holds it all.
    EXPECT_EQ(patched_error(vhd_reader, "vpc", 2040, "x"), "");
    EXPECT_THAT(patched_error(vhd_reader, "vpc", 1536, std::string_view("\0\xff\xff\xff", 4)),
                HasSubstr("offset 1536, block allocation table"));
    EXPECT_THAT(patched_error(vhd_reader, "vpc", 512, "x"), HasSubstr("cxsparse"));
}

// Like QEMU, by which the same disk would be converted.
TEST(VhdDisk, TheBitmapOfSectorsIsNotConsulted)
{
    IMGPORT_NEEDS("qemu-img");
    EXPECT_EQ(patched_error(vhd_reader, "vpc", 2048, std::string(512, '\0')), "");
    Folder const folder;
    folder.write("raw", std::string(std::size_t{1} << 20, 'x'));
    run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O vpc -o force_size=on raw image");
    patch_file(folder / "image", 2048, std::string(512, '\0'));
    EXPECT_EQ(read_text(open_image(vhd_reader, folder / "image"), 5000, 3), "xxx");
    run_shell("cd '" + folder.path() + "' && qemu-img compare -f raw -F vpc raw image");
}

TEST(VhdDisk, FixedDisksEndBeforeTheirFooter)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("raw", std::string(std::size_t{1} << 20, 'x'));
    run_shell("cd '" + folder.path() +
              "' && qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on raw image");
    // Virtual PC before 2004 left the last byte of the footer out.
    for (auto const length : {(1 << 20) + 512, (1 << 20) + 511}) {
        run_shell(fmt::format("truncate -s {} '{}'", length, folder / "image"));
        auto const opened = open_image(vhd_reader, folder / "image");
        ASSERT_TRUE(opened.disk) << opened.error();
        EXPECT_EQ((*opened.disk)->size(), 1U << 20);
        EXPECT_EQ(read_text(opened, (1 << 20) - 2, 2), "xx");
        EXPECT_THAT(read_error(opened, (1 << 20) - 2), HasSubstr("malformed"));
    }
}

TEST(VmdkDisk, BadGrainsAreMalformed)
{
    IMGPORT_NEEDS("qemu-img");
    // QEMU: the grain directory in sector 26, its only table in sector 27 or, compressed, the same; grain 16 is at 1
    // MiB.
    Folder const folder;
    folder.write("raw", std::string(std::size_t{1} << 20, '\0') + std::string(std::size_t{1} << 16, 'x'));
    for (std::string const kind : {"monolithicSparse", "streamOptimized"}) {
        std::string const path = folder / kind;
        run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O vmdk -o subformat=" + kind + " raw " +
                  kind);
        std::string const bytes = folder.read(kind);
        auto const at = [&](std::size_t offset) { return load_le<std::uint32_t>(bytes_of(bytes), offset); };
        std::size_t const directory = std::size_t{at(56)} * 512;
        std::size_t const entry = std::size_t{at(directory)} * 512 + 16 * 4;
        std::size_t const grain = std::size_t{at(entry)} * 512;
        ASSERT_NE(grain, 0U);
        EXPECT_EQ(read_text(open_image(vmdk_reader, path), 1 << 20, 2), "xx");
        if (kind == "streamOptimized") {
            patch_file(path, grain + 8, "\xff\xff\xff");
            EXPECT_THAT(read_error(open_image(vmdk_reader, path), 1 << 20), HasSubstr("no compressed grain"));
            patch_file(path, grain + 8, std::string_view(bytes).substr(grain + 8, 3));
            patch_file(path, grain + 14, "\xff\xff\xff");
            EXPECT_THAT(read_error(open_image(vmdk_reader, path), 1 << 20), HasSubstr("damaged"));
            // Without the flag for markers.
            patch_file(path, 8, std::string_view("\x03\0\x01", 3));
            EXPECT_THAT(open_image(vmdk_reader, path).error(), HasSubstr("unsupported"));
        }
        patch_file(path, 8, std::string_view(bytes).substr(8, 3));
        patch_file(path, entry, "\xff\xff\xff");
        EXPECT_THAT(read_error(open_image(vmdk_reader, path), 1 << 20), HasSubstr("malformed"));
        patch_file(path, directory, "\xff\xff\xff");
        EXPECT_THAT(read_error(open_image(vmdk_reader, path), 1 << 20), HasSubstr("malformed"));
    }
}

TEST(VdiDisk, BadBlocksAreMalformed)
{
    IMGPORT_NEEDS("qemu-img");
    // QEMU puts the block map at 512; the disk's second block is the file's first.
    EXPECT_EQ(patched_error(vdi_reader, "vdi", 516, std::string_view("\0\0\0\0", 4)), "");
    EXPECT_THAT(patched_error(vdi_reader, "vdi", 516, "\x7f"), HasSubstr("offset 516, block map"));
    EXPECT_THAT(patched_error(vdi_reader, "vdi", 380, "\x01"), HasSubstr("unsupported"));
    EXPECT_THAT(patched_error(vdi_reader, "vdi", 76, "\x04"), HasSubstr("unsupported"));
    EXPECT_THAT(patched_error(vdi_reader, "vdi", 440, "\x04"), HasSubstr("with a parent"));
}

TEST(VhdxDisk, BadBlocksAreMalformed)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("raw", std::string(std::size_t{1} << 20, 'x'));
    run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O vhdx raw image");
    // Of the region table: the entry whose GUID begins as that of the BAT does.
    std::string const bytes = folder.read("image");
    std::size_t const entry = bytes.find("\x66\x77\xc2\x2d", 192 * 1024);
    ASSERT_NE(entry, std::string::npos);
    auto const bat = load_le<std::uint64_t>(bytes_of(bytes), entry + 16);
    EXPECT_EQ(read_text(open_image(vhdx_reader, folder / "image"), 5, 2), "xx");
    patch_file(folder / "image", bat, "\x07");
    EXPECT_THAT(read_error(open_image(vhdx_reader, folder / "image"), 0), HasSubstr("partially present"));
    patch_file(folder / "image", bat, std::string_view("\x06\0\0\0\xff", 5));
    EXPECT_THAT(read_error(open_image(vhdx_reader, folder / "image"), 0), HasSubstr("leaves the file"));
    patch_file(folder / "image", bat, "\x03");
    EXPECT_EQ(read_text(open_image(vhdx_reader, folder / "image"), 5, 2), std::string("\0\0", 2));
}

TEST(ConcatenatedDisk, ReadsAndMapsCrossFromPartToPart)
{
    std::vector<std::shared_ptr<Disk>> parts;
    for (std::size_t const size : {3, 0, 5, 2}) {
        auto const part = std::make_shared<MemoryDisk>(size);
        for (std::size_t i = 0; i < size; ++i)
            part->put(i, std::string_view("12345").substr(i, 1));
        parts.push_back(part);
    }
    auto const disk = concatenate(parts);
    ASSERT_TRUE(disk);
    EXPECT_EQ((*disk)->size(), 10U);
    std::string text(8, '?');
    ASSERT_TRUE((*disk)->read(1, std::as_writable_bytes(std::span(text))));
    EXPECT_EQ(text, "23123451");
    EXPECT_FALSE((*disk)->read(3, std::as_writable_bytes(std::span(text))));
    EXPECT_EQ((*disk)->extents(1, 9), (std::vector<Extent>{{1, 9, ExtentKind::data}}));
    EXPECT_FALSE((*disk)->extents(1, 10));
}

TEST(NativeDisk, OtherFormatsAreUnsupportedByName)
{
    Folder const folder;
    auto const file = InputFile::open(folder.write("a", "text"));
    ASSERT_TRUE(file);
    ImageFacts facts;
    facts.format = Format::dmg;
    auto const disk = open_native_disk(*file, facts, std::make_shared<ImageCache>());
    ASSERT_FALSE(disk);
    EXPECT_EQ(disk.error().code, ErrorCode::unsupported);
    EXPECT_THAT(disk.error().message, HasSubstr("dmg"));
}
