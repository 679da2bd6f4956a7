// QEMU is the oracle: our readers give the bytes that it gives, and find data where it does.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "format/source.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

// 36 MiB and a bit: noise and text in pieces that begin and end anywhere, then much of nothing, the last byte set.
std::string sample_disk()
{
    std::string disk((std::size_t{36} << 20) + 3 * 512, '\0');
    std::mt19937 random(7);
    for (std::size_t at = 0; at < (std::size_t{12} << 20); at += 700'000) {
        std::size_t const length = 3000 + random() % 150'000;
        bool const text = random() % 2 == 0;
        for (std::size_t i = 0; i < length; ++i)
            disk[at + i] = text ? static_cast<char>('a' + i / 7 % 20) : static_cast<char>(random());
    }
    disk.back() = 'x';
    return disk;
}

std::string compared(std::string_view actual, std::string_view expected)
{
    if (actual == expected)
        return "same";
    auto const first = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end()).first;
    return fmt::format("{} bytes, other from {} on", actual.size(), first - actual.begin());
}

std::string read_file(const std::string &path)
{
    auto const file = InputFile::open(path);
    EXPECT_TRUE(file) << describe(file.error());
    std::string text(file ? file->size() : 0, '?');
    EXPECT_TRUE(file && file->read(0, std::as_writable_bytes(std::span(text))));
    return text;
}

std::string read_part(Disk &disk, std::uint64_t offset, std::size_t length)
{
    std::string text(length, '?');
    auto const done = disk.read(offset, std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(done) << describe(done.error());
    return text;
}

void expect_bytes(Disk &disk, const std::string &expected)
{
    ASSERT_EQ(disk.size(), expected.size());
    EXPECT_EQ(compared(read_part(disk, 0, expected.size()), expected), "same");
    std::mt19937_64 random(1);
    for (int i = 0; i < 100; ++i) {
        std::size_t const most = i % 10 == 0 ? 2'000'000 : i % 3 == 0 ? 100'000 : 700;
        std::size_t const offset = random() % expected.size();
        std::size_t const length = std::min(random() % most, expected.size() - offset);
        ASSERT_EQ(compared(read_part(disk, offset, length), std::string_view(expected).substr(offset, length)), "same")
            << length << " bytes at " << offset;
    }
    std::byte one{};
    EXPECT_FALSE(disk.read(disk.size(), std::span(&one, 1)));
}

// In order, without gaps, joined, and nothing but zeroes where there is no data. One letter for each sector: 'd' is
// data.
std::string sectors_of(Disk &disk, std::uint64_t offset, std::uint64_t length, const std::string &expected)
{
    auto const extents = disk.extents(offset, length);
    EXPECT_TRUE(extents) << describe(extents.error());
    std::string sectors;
    std::uint64_t at = offset;
    for (std::size_t i = 0; extents && i < extents->size(); ++i) {
        Extent const &extent = (*extents)[i];
        EXPECT_EQ(extent.offset, at);
        EXPECT_GT(extent.length, 0U);
        EXPECT_TRUE(i == 0 || (*extents)[i - 1].kind != extent.kind);
        at += extent.length;
        bool const data = extent.kind == ExtentKind::data;
        auto const part = std::string_view(expected).substr(extent.offset, extent.length);
        EXPECT_TRUE(data || part.find_first_not_of('\0') == std::string_view::npos) << "data at " << extent.offset;
        sectors.append(extent.length / 512, data ? 'd' : '.');
    }
    EXPECT_EQ(at, offset + length);
    return sectors;
}

// Of QEMU's map, which says of each range whether it has data.
std::string sectors_by_qemu(const std::string &file, const std::string &driver)
{
    auto const text = run_tool({"qemu-img", "map", "--output=json", "-f", driver, file});
    auto const map = nlohmann::json::parse(text, nullptr, false);
    std::string sectors;
    for (auto const &entry : map)
        sectors.append(entry.value("length", std::uint64_t{0}) / 512, entry.value("zero", false) ? '.' : 'd');
    return sectors;
}

// QEMU says nothing of the holes of a VHDX, and looks for those of fixed disks in the file.
enum class Map { same, ours };

void expect_like_qemu(const Folder &folder, const std::string &name, const std::string &driver, const Map map,
                      const SourceOptions &options = {})
{
    std::string const path = folder / name;
    auto const source = Source::open(path, probe(path, {options.allowed}), options, silent_progress());
    ASSERT_TRUE(source) << describe(source.error());
    auto const disk = open_native_disk(*source);
    ASSERT_TRUE(disk) << describe(disk.error());
    run_tool({"qemu-img", "convert", "-f", driver, "-O", "raw", path, folder / "out"});
    std::string const expected = read_file(folder / "out");
    expect_bytes(**disk, expected);
    std::string const sectors = sectors_of(**disk, 0, expected.size(), expected);
    if (map == Map::same)
        EXPECT_EQ(compared(sectors, sectors_by_qemu(path, driver)), "same");
    else
        EXPECT_NE(sectors.find('.'), std::string::npos) << "no hole was found";
    // Any window of it says the same.
    std::mt19937_64 random(2);
    for (int i = 0; i < 10; ++i) {
        std::uint64_t const first = random() % (expected.size() / 512);
        std::uint64_t const count = random() % (expected.size() / 512 - first) + 1;
        EXPECT_EQ(sectors_of(**disk, first * 512, count * 512, expected), sectors.substr(first, count));
    }
    std::filesystem::remove(path);
}

struct Case {
    std::string driver;
    std::string options;  // of -o
    std::string more = "";
    Map map = Map::same;
};

// A chain, or what was written to in place: the commands, and the image that is left.
struct Script {
    std::string driver;
    std::string commands;
    std::vector<std::string> backing = {};
};

}  // namespace

TEST(NativeDiskAgainstQemu, WhatQemuImgConverts)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("source.raw", sample_disk());
    for (auto const &[driver, options, more, map] : {Case{"qcow2", "compat=1.1"},
                                                     Case{"qcow2", "compat=0.10"},
                                                     Case{"qcow2", "compat=0.10", "-c"},
                                                     Case{"qcow2", "cluster_size=512"},
                                                     Case{"qcow2", "cluster_size=512", "-c"},
                                                     Case{"qcow2", "cluster_size=2M"},
                                                     Case{"qcow2", "cluster_size=2M", "-c"},
                                                     Case{"qcow2", "compat=1.1", "-c"},
                                                     Case{"qcow2", "compression_type=zstd", "-c"},
                                                     Case{"qcow2", "compression_type=zstd,cluster_size=4k", "-c"},
                                                     Case{"qcow2", "extended_l2=on"},
                                                     Case{"qcow2", "extended_l2=on,cluster_size=16k"},
                                                     Case{"qcow2", "extended_l2=on,cluster_size=2M"},
                                                     Case{"qcow2", "extended_l2=on", "-c"},
                                                     Case{"qcow2", "lazy_refcounts=on,refcount_bits=1"},
                                                     Case{"vpc", "force_size=on"},
                                                     Case{"vpc", "subformat=dynamic"},
                                                     Case{"vpc", "subformat=fixed,force_size=on", "", Map::ours},
                                                     Case{"vmdk", "subformat=monolithicSparse"},
                                                     Case{"vmdk", "subformat=streamOptimized"},
                                                     Case{"vdi", "static=off"},
                                                     Case{"vhdx", "subformat=dynamic", "", Map::ours},
                                                     Case{"vhdx", "block_size=1M", "", Map::ours},
                                                     Case{"vhdx", "block_size=16M", "", Map::ours}}) {
        SCOPED_TRACE(driver + " " + options + " " + more);
        run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O " + driver + " " + more + " -o " + options +
                  " source.raw image");
        expect_like_qemu(folder, "image", driver, map);
    }
}

// The blocks of a fixed disk are all there, whether or not there is something in them.
TEST(NativeDiskAgainstQemu, FixedDisks)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    std::string const disk = sample_disk();
    folder.write("source.raw", disk);
    for (auto const &[driver, options] : {std::pair("vdi", "static=on"), std::pair("vhdx", "subformat=fixed"),
                                          std::pair("qcow2", "preallocation=full")}) {
        SCOPED_TRACE(driver);
        std::string const path = folder / driver;
        run_tool({"qemu-img", "convert", "-f", "raw", "-O", driver, "-o", options, folder / "source.raw", path});
        auto const source = Source::open(path, probe(path), {}, silent_progress());
        ASSERT_TRUE(source) << describe(source.error());
        auto const opened = open_native_disk(*source);
        ASSERT_TRUE(opened) << describe(opened.error());
        expect_bytes(**opened, disk);
        sectors_of(**opened, 0, disk.size(), disk);
    }
}

TEST(NativeDiskAgainstQemu, SplitDisks)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    folder.write("source.raw", sample_disk());
    SourceOptions options;
    options.allowed.extents = {"image-flat.vmdk", "image-s001.vmdk", "image-f001.vmdk"};
    for (auto const &[kind, map] : {std::pair("monolithicFlat", Map::ours), std::pair("twoGbMaxExtentFlat", Map::ours),
                                    std::pair("twoGbMaxExtentSparse", Map::same)}) {
        SCOPED_TRACE(kind);
        run_shell("cd '" + folder.path() + "' && qemu-img convert -f raw -O vmdk -o subformat=" + kind +
                  " source.raw image.vmdk");
        expect_like_qemu(folder, "image.vmdk", "vmdk", map, options);
    }
}

TEST(NativeDiskAgainstQemu, WhatWasWrittenToInPlace)
{
    IMGPORT_NEEDS("qemu-img", "qemu-io");
    std::string const writes = "-c 'write -P 1 5000 70000' -c 'write -P 2 1M 3k' -c 'write -z 1M 512' -c 'write -z 2M "
                               "192k' -c 'write -P 3 2100k 1000' -c 'write -P 4 5M 1M' -c 'discard 5200k 300k' -c "
                               "'write -z -u 5800k 64k' ";
    std::string const more = "-c 'write -P 5 0 100' -c 'write -P 6 2500k 200k' -c 'write -z 1100k 128k' ";
    auto const io = [](const std::string &file, const std::string &commands, const std::string &driver = "qcow2") {
        return "qemu-io -f " + driver + " " + commands + file + " >/dev/null && ";
    };
    for (auto const &[driver, commands, backing] :
         {Script{"qcow2", "qemu-img create -q -f qcow2 image 8M && " + io("image", writes)},
          Script{"qcow2", "qemu-img create -q -f qcow2 -o cluster_size=1k image 8M && " + io("image", writes)},
          Script{"qcow2", "qemu-img create -q -f qcow2 -o compat=0.10 image 8M && " + io("image", writes)},
          Script{"qcow2", "qemu-img create -q -f qcow2 -o extended_l2=on image 8M && " + io("image", writes)},
          Script{"qcow2", "qemu-img create -q -f qcow2 -o preallocation=metadata,extended_l2=on image 8M && " +
                              io("image", writes)},
          Script{"vpc", "qemu-img create -q -f vpc -o force_size=on image 8M && " + io("image", more, "vpc")},
          Script{"vmdk", "qemu-img create -q -f vmdk -o zeroed_grain=on image 8M && " + io("image", writes, "vmdk")},
          Script{"vdi", "qemu-img create -q -f vdi image 8M && " + io("image", more, "vdi")},
          // An internal snapshot keeps the old clusters; the active disk has others.
          Script{"qcow2", "qemu-img create -q -f qcow2 image 8M && " + io("image", writes) +
                              "qemu-img snapshot -c one image && " + io("image", more)},
          // A base that is shorter than what lies on it, one that is longer, and one of each kind.
          Script{"qcow2",
                 "qemu-img create -q -f raw base 5300k && " + io("base", "-c 'write -P 9 0 5300k' ", "raw") +
                     "qemu-img create -q -f qcow2 -b base -F raw middle 6M && " + io("middle", more) +
                     "qemu-img create -q -f qcow2 -o extended_l2=on -b middle -F qcow2 image 8M && " +
                     io("image", writes),
                 {"base", "middle"}},
          Script{"qcow2",
                 "qemu-img create -q -f qcow2 base 12M && " + io("base", writes) +
                     "qemu-img convert -c -f qcow2 -O qcow2 base middle && "
                     "qemu-img create -q -f qcow2 -o cluster_size=4k -b middle -F qcow2 image 7M && " +
                     io("image", more),
                 {"middle"}},
          Script{"qcow2",
                 "qemu-img create -q -f vmdk base 8M && " + io("base", more, "vmdk") +
                     "qemu-img create -q -f qcow2 -b base -F vmdk image 8M && " +
                     io("image", "-c 'write -P 7 3M 70k' "),
                 {"base"}}}) {
        SCOPED_TRACE(commands);
        Folder const folder;
        run_shell("cd '" + folder.path() + "' && " + commands + "true");
        SourceOptions options;
        options.allowed.backing = backing;
        expect_like_qemu(folder, "image", driver, Map::same, options);
    }
}

TEST(NativeDiskAgainstQemu, LargeEmptyDisksCostNothing)
{
    IMGPORT_NEEDS("qemu-img", "qemu-io");
    Folder const folder;
    for (auto const &[driver, size] : {std::pair("qcow2", "60T"), std::pair("vpc", "2000G"), std::pair("vmdk", "1100G"),
                                       std::pair("vhdx", "16T"), std::pair("vdi", "2T")}) {
        SCOPED_TRACE(driver);
        std::string const path = folder / driver;
        run_tool({"qemu-img", "create", "-q", "-f", driver, path, size});
        run_tool({"qemu-io", "-f", driver, "-c", "write -P 1 1000G 64k", path});
        auto const source = Source::open(path, probe(path), {}, silent_progress());
        ASSERT_TRUE(source) << describe(source.error());
        auto const disk = open_native_disk(*source);
        ASSERT_TRUE(disk) << describe(disk.error());
        auto const start = std::chrono::steady_clock::now();
        auto const extents = (*disk)->extents(0, (*disk)->size());
        ASSERT_TRUE(extents) << describe(extents.error());
        EXPECT_EQ(extents->size(), 3U);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
        EXPECT_EQ(read_part(**disk, (std::uint64_t{1000} << 30) - 2, 4), std::string("\0\0\1\1", 4));
        EXPECT_EQ(read_part(**disk, (*disk)->size() - 1, 1), std::string(1, '\0'));
    }
}
