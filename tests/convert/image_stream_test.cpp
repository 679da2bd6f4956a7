// An image as a stream: the same bytes as the file, however often a part is asked for again.
#include "convert/image_stream.hpp"

#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "testing/disks.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using imgport::testing::MemoryDisk;

namespace {

constexpr std::uint64_t part_size = 1'000'000;

// Noise, text and zeroes, in shreds; longer than the head when it is compressed, too.
std::shared_ptr<MemoryDisk> make_disk(std::size_t size)
{
    auto disk = std::make_shared<MemoryDisk>(size);
    std::minstd_rand random(5);
    auto &bytes = disk->bytes();
    for (std::size_t at = 0; at < bytes.size();) {
        std::size_t const length = std::min<std::size_t>(random() % 700000 + 1, bytes.size() - at);
        unsigned const kind = random() % 3;
        for (std::size_t i = 0; kind != 2 && i < length; ++i)
            bytes[at + i] =
                kind == 0 ? static_cast<std::byte>(random() >> 8) : static_cast<std::byte>("text and text\n"[i % 14]);
        at += length;
    }
    return disk;
}

struct Case {
    const char *name;
    ConvertOptions options;
};

const Case cases[] = {
    {"raw", {.target = Format::raw}},
    {"qcow2", {.target = Format::qcow2}},
    {"qcow2_fast", {.target = Format::qcow2, .compression = Compression::fast}},
    {"vhd", {.target = Format::vhd}},
    {"vhd_fixed", {.target = Format::vhd, .vhd_type = VhdType::fixed}},
};

class Stream : public ::testing::TestWithParam<Case> {
protected:
    void prepare(std::size_t size)
    {
        m_disk = make_disk(size);
        ImageFacts facts;
        facts.virtual_size = m_disk->size();
        m_plan = plan_conversion(facts, GetParam().options).value();
        Fd const output(::open((m_folder / "file").c_str(), O_RDWR | O_CREAT, 0600));
        auto const digest =
            native_convert(maker(), output.get(), m_plan, GetParam().options, 2, true, silent_progress());
        ASSERT_TRUE(digest) << describe(digest.error());
        m_digest = *digest;
        m_file = m_folder.read("file");
    }
    DiskMaker maker() const
    {
        return [disk = m_disk]() -> Result<std::shared_ptr<Disk>> { return disk; };
    }
    ImageMaking making() const { return {m_plan, GetParam().options, true}; }

    Folder m_folder;
    std::shared_ptr<MemoryDisk> m_disk;
    ConversionPlan m_plan;
    std::optional<std::string> m_digest;
    std::string m_file;
};

std::string text_from(Bytes bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// Up to `limit` bytes of the part.
std::string read_part(ImageStream &stream, std::size_t limit = SIZE_MAX)
{
    std::string text;
    std::vector<std::byte> buffer(100'001);
    while (text.size() < limit) {
        auto const n = stream.read(std::span(buffer).first(std::min(buffer.size(), limit - text.size())));
        EXPECT_TRUE(n) << describe(n.error());
        if (!n || *n == 0)
            break;
        text += text_from(Bytes(buffer).first(*n));
    }
    return text;
}

}  // namespace

TEST_P(Stream, IsTheFile)
{
    prepare((24 << 20) + 5 * 512);
    ASSERT_GT(m_file.size(), image_head_size + 2 * part_size);
    for (unsigned const threads : {1U, 2U, 3U}) {
        ImageStream stream(making(), maker(), GetParam().options, threads, part_size);
        std::string text;
        for (;;) {
            auto const more = stream.next_part();
            ASSERT_TRUE(more) << describe(more.error());
            if (!*more)
                break;
            EXPECT_EQ(stream.part_offset(), image_head_size + text.size());
            text += read_part(stream);
        }
        EXPECT_EQ(stream.image().size, m_file.size());
        EXPECT_EQ(stream.image().content_digest, m_digest);
        EXPECT_TRUE(text_from(stream.image().head) + text == m_file) << threads << " threads";
    }
}

TEST_P(Stream, GivesAPartAgainAndAgain)
{
    prepare((24 << 20) + 5 * 512);
    std::minstd_rand random(11);
    ImageStream stream(making(), maker(), GetParam().options, 2, part_size);
    std::string text;
    for (;;) {
        auto const more = stream.next_part();
        ASSERT_TRUE(more);
        if (!*more)
            break;
        std::string const whole = m_file.substr(stream.part_offset(), part_size);
        for (unsigned tries = random() % 3; tries > 0; --tries) {
            std::size_t const length = random() % part_size;
            EXPECT_TRUE(read_part(stream, length) == whole.substr(0, length));
            ASSERT_TRUE(stream.part_again());
        }
        auto const known = stream.part_length();
        auto const part = read_part(stream);
        EXPECT_EQ(known.value_or(part.size()), part.size());
        EXPECT_TRUE(part == whole) << "at " << stream.part_offset();
        // At its end as well, where the next part has begun.
        if (random() % 2 == 0) {
            ASSERT_TRUE(stream.part_again());
            EXPECT_TRUE(read_part(stream) == whole) << "once more";
        }
        text += part;
    }
    EXPECT_TRUE(text_from(stream.image().head) + text == m_file);
}

// As on a disk that is in use: a part that is made again from other bytes would not fit the one before it. What has
// changed far before it or behind it does not matter.
TEST_P(Stream, FailsWhereTheSourceHasChangedBeforeAPartThatIsMadeAgain)
{
    prepare(24 << 20);
    std::minstd_rand random(7);
    std::ranges::generate(m_disk->bytes(), [&] { return static_cast<std::byte>(random() >> 8); });
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    std::size_t failures = 0;
    for (std::size_t changed = 0; changed < m_disk->size(); changed += mebibyte) {
        // Who opens it after the change sees another disk.
        std::shared_ptr<Disk> now = m_disk;
        ImageStream stream(
            making(), [&]() -> Result<std::shared_ptr<Disk>> { return now; }, GetParam().options, 2, part_size);
        ASSERT_TRUE(*stream.next_part());
        read_part(stream);
        ASSERT_TRUE(*stream.next_part());
        read_part(stream);
        auto const other = std::make_shared<MemoryDisk>(m_disk->size());
        other->bytes() = m_disk->bytes();
        for (std::size_t i = 0; i < mebibyte; i += 4096)
            other->bytes()[changed + i] ^= std::byte{0xff};
        now = other;
        ASSERT_TRUE(stream.part_again());
        std::vector<std::byte> buffer(1);
        auto const again = stream.read(buffer);
        if (again)
            continue;
        EXPECT_EQ(again.error().code, ErrorCode::unreadable);
        ++failures;
    }
    EXPECT_GE(failures, 1U);
    EXPECT_LE(failures, 3U);
}

TEST_P(Stream, StartsAgain)
{
    prepare((24 << 20) + 5 * 512);
    ImageStream stream(making(), maker(), GetParam().options, 2, part_size);
    for (unsigned const parts : {0U, 3U, 1000U}) {
        stream.from_the_start();
        std::string text;
        for (unsigned i = 0; i < parts && *stream.next_part(); ++i)
            text += read_part(stream);
        EXPECT_TRUE(m_file.substr(image_head_size, text.size()) == text) << parts;
    }
    EXPECT_TRUE(text_from(stream.image().head) == m_file.substr(0, image_head_size));
}

TEST_P(Stream, GoesOverAPartThatNobodyReads)
{
    prepare(24 << 20);
    ImageStream stream(making(), maker(), GetParam().options, 2, part_size);
    ASSERT_TRUE(*stream.next_part());
    EXPECT_EQ(read_part(stream, 1000).size(), 1000U);
    ASSERT_TRUE(*stream.next_part());
    EXPECT_TRUE(read_part(stream) == m_file.substr(image_head_size + part_size, part_size));
}

TEST_P(Stream, OfASmallImageIsItsHead)
{
    prepare(512 * 100);
    ImageStream stream(making(), maker(), GetParam().options, 2, part_size);
    auto const more = stream.next_part();
    ASSERT_TRUE(more);
    EXPECT_FALSE(*more);
    EXPECT_TRUE(text_from(stream.image().head) == m_file);
    EXPECT_EQ(stream.image().size, m_file.size());
}

TEST_P(Stream, CanBeMeasuredBefore)
{
    prepare((24 << 20) + 5 * 512);
    auto const image = measure_image(making(), maker(), GetParam().options, 2, silent_progress());
    ASSERT_TRUE(image);
    EXPECT_EQ(image->size, m_file.size());
    EXPECT_EQ(image->content_digest, m_digest);
    EXPECT_TRUE(text_from(image->head) == m_file.substr(0, image_head_size));
}

TEST_P(Stream, EndsWithTheSourcesError)
{
    prepare(24 << 20);
    m_disk->make_unreadable(20 << 20);
    ImageStream stream(making(), maker(), GetParam().options, 2, part_size);
    Result<bool> more = true;
    while (more && *more)
        more = stream.next_part();
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::unreadable);
}

INSTANTIATE_TEST_SUITE_P(Formats, Stream, ::testing::ValuesIn(cases),
                         [](const auto &one) { return std::string(one.param.name); });
