// The native engine: the same bytes however its threads run, and the same disk by QEMU's word.
#include "convert/native.hpp"

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/file.hpp"
#include "testing/disks.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::Folder;
using imgport::testing::MemoryDisk;
using imgport::testing::run_tool;

namespace {

// 20 MiB and an odd tail: noise, text, zeroes that are stored, and holes.
std::shared_ptr<MemoryDisk> make_disk()
{
    auto disk = std::make_shared<MemoryDisk>((20 << 20) + 5 * 512);
    std::minstd_rand random(3);
    auto &bytes = disk->bytes();
    for (std::size_t at = 0; at < bytes.size();) {
        std::size_t const length = std::min<std::size_t>(random() % 300000 + 1, bytes.size() - at);
        unsigned const kind = random() % 4;
        for (std::size_t i = 0; i < length; ++i, ++at)
            bytes[at] = kind == 0   ? static_cast<std::byte>(random() >> 8)
                        : kind == 1 ? static_cast<std::byte>("the same again\n"[i % 15])
                                    : std::byte{0};
    }
    return disk;
}

// Reads of another disk, each after a delay of its own, so that pieces are done in no order.
class DelayedDisk final : public Disk {
public:
    DelayedDisk(std::shared_ptr<Disk> below, unsigned seed) : m_below(std::move(below)), m_random(seed) {}

    std::uint64_t size() const override { return m_below->size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        std::this_thread::sleep_for(std::chrono::microseconds(m_random() % 4000));
        return m_below->read(offset, out);
    }

private:
    std::shared_ptr<Disk> m_below;
    std::minstd_rand m_random;
};

struct Made {
    std::string bytes;
    std::optional<std::string> digest;
};

Made convert_with(const ConvertOptions &options, const std::shared_ptr<Disk> &disk, unsigned threads, bool delayed)
{
    Folder const folder;
    Fd const output(::open((folder / "out").c_str(), O_RDWR | O_CREAT, 0600));
    ImageFacts facts;
    facts.virtual_size = disk->size();
    auto const plan = plan_conversion(facts, options);
    EXPECT_TRUE(plan);
    std::atomic<unsigned> seed{1};
    DiskMaker const maker = [&]() -> Result<std::shared_ptr<Disk>> {
        if (!delayed)
            return disk;
        return std::make_shared<DelayedDisk>(disk, seed++);
    };
    auto const digest = native_convert(maker, output.get(), *plan, options, threads, true, silent_progress());
    EXPECT_TRUE(digest) << describe(digest.error());
    return {folder.read("out"), digest ? *digest : std::nullopt};
}

struct Target {
    const char *name;
    ConvertOptions options;
};

std::vector<Target> targets()
{
    std::vector<Target> all{{"raw", {}},  {"plain", {}},   {"fast", {}}, {"small", {}},
                            {"zstd", {}}, {"dynamic", {}}, {"fixed", {}}};
    all[0].options.target = Format::raw;
    all[2].options.compression = Compression::fast;
    all[3].options.compression = Compression::small;
    all[4].options.compression = Compression::zstd;
    all[5].options.target = all[6].options.target = Format::vhd;
    all[6].options.vhd_type = VhdType::fixed;
    return all;
}

}  // namespace

TEST(NativeEngine, WritesTheSameBytesForAnyNumberOfThreadsAndInAnyOrderOfWork)
{
    auto const disk = make_disk();
    for (auto const &[name, options] : targets()) {
        auto const one = convert_with(options, disk, 1, false);
        for (unsigned const threads : {1U, 2U, 3U, 8U}) {
            auto const other = convert_with(options, disk, threads, true);
            EXPECT_TRUE(other.bytes == one.bytes) << name << " with " << threads << " threads";
            EXPECT_EQ(other.digest, one.digest);
        }
    }
}

TEST(NativeEngine, WritesTheDiskThatItRead)
{
    IMGPORT_NEEDS("qemu-img");
    auto const disk = make_disk();
    Folder const folder;
    folder.write("in.raw", {reinterpret_cast<const char *>(disk->bytes().data()), disk->bytes().size()});
    for (auto const &[name, options] : targets()) {
        folder.write("out", convert_with(options, disk, 2, false).bytes);
        const char *const driver = options.target == Format::vhd   ? "vpc"
                                   : options.target == Format::raw ? "raw"
                                                                   : "qcow2";
        run_tool({"qemu-img", "compare", "-f", "raw", "-F", driver, folder / "in.raw", folder / "out"});
        if (options.target == Format::qcow2)
            run_tool({"qemu-img", "check", "-f", driver, folder / "out"});
    }
}

TEST(NativeEngine, GivesEveryClusterAPlaceWhereThatIsAsked)
{
    IMGPORT_NEEDS("qemu-img");
    auto const disk = make_disk();
    Folder const folder;
    folder.write("in.raw", {reinterpret_cast<const char *>(disk->bytes().data()), disk->bytes().size()});
    for (auto const engine : {Engine::native, Engine::qemu}) {
        ConvertOptions options;
        options.engine = engine;
        options.preallocation = Preallocation::metadata;
        auto const made =
            convert(folder / "in.raw", probe(folder / "in.raw"), folder / "out.qcow2", options, silent_progress());
        ASSERT_TRUE(made) << describe(made.error());
        auto const said = run_tool({"qemu-img", "check", "-f", "qcow2", folder / "out.qcow2"});
        EXPECT_NE(said.find("= 100.00% allocated"), std::string::npos) << said;
        run_tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", folder / "in.raw", folder / "out.qcow2"});
        std::filesystem::remove(folder / "out.qcow2");
        options.compression = Compression::fast;
        auto const refused =
            convert(folder / "in.raw", probe(folder / "in.raw"), folder / "b.qcow2", options, silent_progress());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::usage);
    }
}

TEST(NativeEngine, GivesUpWithTheErrorOfTheSource)
{
    auto const disk = make_disk();
    disk->make_unreadable(7 << 20);
    Folder const folder;
    Fd const output(::open((folder / "out").c_str(), O_RDWR | O_CREAT, 0600));
    ImageFacts facts;
    facts.virtual_size = disk->size();
    ConvertOptions const options;
    for (unsigned const threads : {1U, 4U}) {
        auto const result = native_convert([&] { return disk; }, output.get(), *plan_conversion(facts, options),
                                           options, threads, false, silent_progress());
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::unreadable);
    }
}

TEST(NativeEngine, SaysThatTheOutputCannotBeWritten)
{
    auto const disk = make_disk();
    Fd const full(::open("/dev/full", O_RDWR));
    ASSERT_TRUE(full);
    ImageFacts facts;
    facts.virtual_size = disk->size();
    ConvertOptions const options;
    auto const result = native_convert([&] { return disk; }, full.get(), *plan_conversion(facts, options), options, 2,
                                       false, silent_progress());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::environment);
}

TEST(NativeEngine, MovesCompressedClustersAsTheyAre)
{
    IMGPORT_NEEDS("qemu-img");
    auto const disk = make_disk();
    Folder const folder;
    folder.write("in.raw", {reinterpret_cast<const char *>(disk->bytes().data()), disk->bytes().size()});
    run_tool({"qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", folder / "in.raw", folder / "in.qcow2"});
    auto const convert_to = [&](const std::string &from, const std::string &to, Compression compression) {
        ConvertOptions options;
        options.compression = compression;
        auto const result = convert(from, probe(from), to, options, silent_progress());
        ASSERT_TRUE(result) << describe(result.error());
        EXPECT_EQ(result->engine, "native");
    };
    convert_to(folder / "in.qcow2", folder / "moved.qcow2", Compression::fast);
    convert_to(folder / "in.raw", folder / "packed.qcow2", Compression::fast);
    run_tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", folder / "in.raw", folder / "moved.qcow2"});
    // zlib's clusters in a file of ours: the first of them lies behind the header.
    auto const source = folder.read("in.qcow2");
    auto const moved = folder.read("moved.qcow2");
    EXPECT_NE(source.find(moved.substr(65536, 4096)), std::string::npos);
    EXPECT_EQ(source.find(folder.read("packed.qcow2").substr(65536, 4096)), std::string::npos);
    // And ours stay what they are, to the byte.
    convert_to(folder / "packed.qcow2", folder / "again.qcow2", Compression::fast);
    EXPECT_TRUE(folder.read("packed.qcow2") == folder.read("again.qcow2"));
}
