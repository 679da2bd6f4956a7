// A stream that is sent while it is made, to a store in memory.
#include "handoff/stream_upload.hpp"

#include <random>

#include <gtest/gtest.h>

#include "handoff/fake_store.hpp"
#include "handoff/upload_journal.hpp"
#include "testing/disks.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using namespace imgport::testing;
using namespace std::chrono_literals;

namespace {

// A raw disk of 12 MiB, which is its image.
class StreamUploadTest : public ::testing::Test {
protected:
    StreamUploadTest()
    {
        std::mt19937 random(3);
        std::ranges::generate(disk->bytes(), [&] { return static_cast<std::byte>(random()); });
        ImageFacts facts;
        facts.virtual_size = disk->size();
        plan = plan_conversion(facts, options).value();
    }

    std::string content() const { return {reinterpret_cast<const char *>(disk->bytes().data()), disk->bytes().size()}; }

    Result<StreamedObject> run()
    {
        ImageStream stream(
            ImageMaking(plan, options, true), [this]() -> Result<std::shared_ptr<Disk>> { return disk; }, options, 2,
            settings.part_size);
        return upload_stream(path, stream, destination, store, settings, silent_progress());
    }

    Folder folder;
    std::string path = folder / "a.manifest.json";
    std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>(12 << 20);
    ConvertOptions options{.target = Format::raw};
    ConversionPlan plan;
    ObjectDestination destination{.store = {.dialect = StoreDialect::oss, .bucket = "bucket", .region = "cn-hangzhou"},
                                  .key = "folder/key"};
    FakeStore store;
    StreamUploadSettings settings{.part_size = 1 << 20,
                                  .disk_size = 12 << 20,
                                  .retry = {.attempts = 3, .first_wait = 1ms, .longest_wait = 4ms},
                                  .first_contact = {.attempts = 2, .first_wait = 1ms, .longest_wait = 1ms},
                                  .head_is_final = true,
                                  .check_source = [] { return Result<void>(); }};
};

}  // namespace

TEST_F(StreamUploadTest, IsTheImage)
{
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(store.objects["folder/key"] == content());
    EXPECT_TRUE(store.uploads.empty());
    EXPECT_EQ(done->crc64, crc64_ecma(0, disk->bytes()));
    EXPECT_EQ(done->sha256, hex_digest("SHA256", disk->bytes()));
}

// The upload was cut off and has expired. What is there is what was to be replaced, and no trace of a completion.
TEST_F(StreamUploadTest, ThatReplacesAnObjectReplacesItWhereTheUnfinishedOneExpired)
{
    store.objects["folder/key"] = "old";
    settings.overwrite = true;
    store.before_part = [](std::uint32_t number) {
        return number == 4 ? std::optional(refusal(403, "AccessDenied")) : std::nullopt;
    };
    ASSERT_FALSE(run());
    EXPECT_EQ(store.uploads.size(), 1U);
    store.uploads.clear();
    store.before_part = [](auto) { return std::nullopt; };
    settings.overwrite = false;  // what was begun so goes on so
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(store.objects["folder/key"] == content());
    EXPECT_TRUE(store.uploads.empty());
    EXPECT_EQ(done->sha256, hex_digest("SHA256", disk->bytes()));
    EXPECT_EQ(done->parts.size(), 8U);
}

TEST_F(StreamUploadTest, ThatReplacesNothingSaysWhatDoes)
{
    store.before_part = [](std::uint32_t number) {
        return number == 4 ? std::optional(refusal(403, "AccessDenied")) : std::nullopt;
    };
    ASSERT_FALSE(run());
    store.uploads.clear();
    store.before_part = [](auto) { return std::nullopt; };
    store.objects["folder/key"] = "precious";
    for (int i = 0; i < 2; ++i) {
        auto const refused = run();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().hint, "--overwrite-object replaces it");
        EXPECT_FALSE(read_journal(path).value());
    }
    EXPECT_EQ(store.objects["folder/key"], "precious");
    settings.overwrite = true;
    EXPECT_TRUE(run());
}

TEST_F(StreamUploadTest, OfASourceThatChangesBetweenTwoTriesIsNeverCompleted)
{
    bool changed = false;
    store.before_part = [&](std::uint32_t number) -> std::optional<StoreFailure> {
        // The part's beginning lies in the middle of a piece of the image, and so does what changes.
        if (number != 3 || std::exchange(changed, true))
            return std::nullopt;
        auto const other = std::make_shared<MemoryDisk>(disk->size());
        other->bytes() = disk->bytes();
        for (std::size_t i = 0; i < (1 << 20); i += 4096)
            other->bytes()[(5 << 20) + i] ^= std::byte{1};
        disk = other;  // for whoever opens it from now on
        return refusal(500, "InternalError", true);
    };
    settings.part_size = 1'000'000;
    auto const done = run();
    ASSERT_FALSE(done);
    EXPECT_NE(describe(done.error()).find("changed while it was read"), std::string::npos);
    EXPECT_FALSE(store.objects.contains("folder/key"));
}
