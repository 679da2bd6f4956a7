#include "guest/initramfs.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cpio_maker.hpp"
#include "guest.hpp"
#include "guest/kernel.hpp"
#include "support/file.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

Result<InitramfsFacts> read(const std::string &bytes, const std::string &version = "6.1.0")
{
    MemoryStream stream(bytes);
    return read_initramfs(stream, version);
}

std::vector<std::string> names_in(const std::string &bytes)
{
    MemoryStream stream(bytes);
    std::vector<std::string> names;
    auto const walked = walk_initramfs(stream, [&](const CpioMember &m, std::string_view) { names.push_back(m.name); });
    EXPECT_TRUE(walked) << (walked ? "" : describe(walked.error()));
    return names;
}

struct Compressor {
    const char *program;
    std::vector<std::string> arguments;
};

class Compressed : public ::testing::TestWithParam<Compressor> {};

}  // namespace

TEST(ModuleName, IsWhatModprobeCallsIt)
{
    EXPECT_EQ(module_name("kernel/drivers/block/virtio_blk.ko"), "virtio_blk");
    EXPECT_EQ(module_name("lib/modules/5/xen-blkfront.ko.xz"), "xen_blkfront");
    EXPECT_EQ(module_name("nvme.ko.zst"), "nvme");
    EXPECT_EQ(module_name("nvme-core.ko.gz"), "nvme_core");
    EXPECT_EQ(module_name("modules.dep"), "");
    EXPECT_EQ(module_name(".ko"), "");
}

TEST(Initramfs, MicrocodeFirstThenTheRest)
{
    std::string const early = archive(member("kernel/x86/microcode/GenuineIntel.bin", std::string(3000, 'u')));
    std::string const main = archive(member(".", "", 040755) + member("./" + module_path("block/virtio_blk.ko"), "m"));
    EXPECT_EQ(
        names_in(early + std::string(1024, '\0') + main),
        (std::vector<std::string>{"kernel/x86/microcode/GenuineIntel.bin", ".", module_path("block/virtio_blk.ko")}));
}

TEST(Initramfs, ModulesOfAnotherKernelDoNotCount)
{
    auto const facts = read(archive(member(module_path("block/virtio_blk.ko.xz"), "m") +
                                    member("usr/lib/modules/6.1.0/kernel/drivers/nvme/nvme-core.ko.zst", "m") +
                                    member("lib/modules/5.10.0/kernel/drivers/net/virtio_net.ko", "m") +
                                    member("lib/old-style.ko", "m")));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->modules, (std::vector<std::string>{"nvme_core", "old_style", "virtio_blk"}));
    EXPECT_EQ(facts->versions, (std::vector<std::string>{"5.10.0", "6.1.0"}));
}

TEST(Initramfs, VersionsAreOfFoldersWithModules)
{
    auto const facts =
        read(archive(member("lib/modules/5.10.0/modules.dep", "x") + member("lib/modules/loose.ko", "m") +
                     member("xlib/modules/4.0/a.ko", "m") + member("sbin/multipath", "p")));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->versions, std::vector<std::string>{});
    EXPECT_EQ(facts->programs, std::vector<std::string>{});
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += member("lib/modules/" + std::to_string(i) + "/a.ko", "m");
    EXPECT_EQ(read(archive(many + member("usr/sbin/multipathd", "p")))->versions.size(), 64U);
    EXPECT_EQ(read(archive(many + member("usr/sbin/multipathd", "p")))->programs,
              std::vector<std::string>{"multipathd"});
}

TEST(Initramfs, PersistentNetRulesCountWhereTheyBindSomething)
{
    auto const facts =
        read(archive(member("etc/udev/rules.d/70-persistent-net.rules", "SUBSYSTEM==\"net\", NAME=\"eth0\"\n") +
                     member("etc/udev/rules.d/71-persistent-net.rules", "# nothing\n") +
                     member("lib/udev/rules.d/75-persistent-net-generator.rules", "ACTION==\"add\"\n")));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->udev_rules, std::vector<std::string>{"/etc/udev/rules.d/70-persistent-net.rules"});
}

TEST(Initramfs, ASquashedOneIsToldApart)
{
    auto const facts = read(archive(member("squash-root.img", "hsqs")));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->nested_image, "/squash-root.img");
}

TEST_P(Compressed, IsReadAlsoBetweenOtherSegments)
{
    std::string body;
    for (int i = 0; i < 3000; ++i)
        body += member(module_path(fmt::format("m{}.ko", i)), fmt::format("{0}{0}{0}", i * 7919));
    body += member(module_path("block/virtio_blk.ko"), std::string(200'000, 'x'));
    std::string const packed = compressed(GetParam().program, GetParam().arguments, archive(body));
    if (packed.empty())
        GTEST_SKIP() << GetParam().program << " is not installed";
    std::string const early = archive(member("early", "cpio"));
    std::string padding(4 - packed.size() % 4 + 512, '\0');
    std::string const late = archive(member(module_path("net/virtio_net.ko"), "m"));

    auto const alone = read(packed);
    ASSERT_TRUE(alone) << describe(alone.error());
    EXPECT_EQ(alone->modules.size(), 3001U);
    auto const between = read(early + packed + padding + late + packed);
    ASSERT_TRUE(between) << describe(between.error());
    EXPECT_EQ(between->modules.size(), 3002U);

    for (std::size_t const cut : {packed.size() / 2, packed.size() - 9})
        EXPECT_FALSE(read(packed.substr(0, cut))) << "cut at " << cut;
    std::string damaged = packed;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
    damaged[damaged.size() / 2 + 1] = static_cast<char>(damaged[damaged.size() / 2 + 1] ^ 0x55);
    auto const broken = read(damaged);
    if (broken) {
        // A format without a checksum may decode to something else of the same shape.
        EXPECT_TRUE(std::string(GetParam().program) == "lz4" || std::string(GetParam().program) == "zstd" ||
                    std::string(GetParam().program) == "lzma");
    }
}

INSTANTIATE_TEST_SUITE_P(Tools, Compressed,
                         ::testing::Values(Compressor{"gzip", {"-9"}}, Compressor{"xz", {"--check=crc32"}},
                                           Compressor{"zstd", {"-q", "-19"}}, Compressor{"zstd", {"-q", "--no-check"}},
                                           Compressor{"lz4", {"-l", "-q"}}, Compressor{"lz4", {"-q"}},
                                           Compressor{"bzip2", {}}, Compressor{"lzma", {}}));

TEST(InitramfsHostile, NoArchiveAtAll)
{
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read(std::string(4096, '\0')));
    EXPECT_FALSE(read("this is no initramfs"));
}

TEST(InitramfsHostile, ATruncatedArchive)
{
    std::string const whole = archive(member("a", std::string(100'000, 'x')) + member("b", "y"));
    for (std::size_t length : {50UL, 109UL, 112UL, 300UL, 99'000UL, 100'300UL})
        EXPECT_FALSE(read(whole.substr(0, length))) << length;
}

TEST(InitramfsHostile, FieldsThatLie)
{
    std::string const good = archive(member("name", "content"));
    struct Case {
        const char *what;
        std::size_t field;
        const char *value;
    };
    constexpr Case cases[] = {{"a name of 4 GiB", 11, "ffffffff"},
                              {"a name of nothing", 11, "00000000"},
                              {"a name of 4097 bytes", 11, "00001001"},
                              {"a file of 4 GiB", 6, "ffffffff"},
                              {"a size that is no number", 6, "zzzzzzzz"}};
    for (auto const &[what, field, value] : cases) {
        std::string bad = good;
        bad.replace(6 + 8 * field, 8, value);
        auto const facts = read(bad);
        ASSERT_FALSE(facts) << what;
        EXPECT_EQ(facts.error().code, ErrorCode::malformed);
    }
}

TEST(InitramfsHostile, TooManyFiles)
{
    std::string members;
    for (int i = 0; i < 1001; ++i)
        members += member("f", "");
    MemoryStream stream(archive(members));
    auto const walked = walk_initramfs(stream, [](const CpioMember &, std::string_view) {}, {1000, 1 << 20});
    ASSERT_FALSE(walked);
    EXPECT_EQ(walked.error().message, "too many files");
}

TEST(InitramfsHostile, ABombIsStoppedAtItsBound)
{
    std::string const piece = compressed("gzip", {"-9"}, archive(member("zeroes", std::string(16 << 20, 'z'))));
    ASSERT_FALSE(piece.empty());
    MemoryStream stream(piece + piece + piece);
    auto const walked = walk_initramfs(stream, [](const CpioMember &, std::string_view) {}, {1000, 40 << 20});
    ASSERT_FALSE(walked);
    EXPECT_NE(walked.error().message.find("more than 40 MiB"), std::string::npos) << walked.error().message;
}

TEST(InitramfsHostile, AWindowThatWouldFillTheMemory)
{
    // RFC 8878: magic, descriptor without content size, window descriptor 0xb0 (4 GiB), a raw last block
    std::string const frame("\x28\xb5\x2f\xfd\x00\xb0\x09\x00\x00x", 10);
    auto const facts = read(frame);
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().field, "Window_Descriptor");
    // .lzma: properties, a dictionary of 4 GiB - 1, size unknown
    std::string const lzma("\x5d\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00", 19);
    EXPECT_FALSE(read(lzma));
    std::string lzma_zero("\x5d\x00\x00\x00\xf0\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00", 19);
    EXPECT_FALSE(read(lzma_zero));
}

TEST(InitramfsHostile, CompressedInsideCompressed)
{
    std::string const once = compressed("gzip", {}, archive(member("a", "b")));
    ASSERT_FALSE(once.empty());
    EXPECT_FALSE(read(compressed("gzip", {}, once)));
}

TEST(InitramfsOracle, ListsWhatLsinitramfsLists)
{
    if (find_program("lsinitramfs").empty())
        GTEST_SKIP() << "lsinitramfs is not installed";
    Command list;
    list.arguments = {"sh", "-c", "ls /boot/initrd.img-* | head -n 1"};
    auto const found = run(list);
    ASSERT_TRUE(found);
    std::string const path(trim(found->out));
    if (path.empty())
        GTEST_SKIP() << "there is no initramfs in /boot";
    Command oracle;
    oracle.arguments = {"lsinitramfs", path};
    auto const wanted = run(oracle);
    ASSERT_TRUE(wanted && wanted->status == 0);
    std::multiset<std::string> expected;
    for (auto const line : lines_of(wanted->out))
        expected.emplace(line);

    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    auto const names = names_in(bytes.str());
    EXPECT_EQ(std::multiset<std::string>(names.begin(), names.end()), expected);
}
