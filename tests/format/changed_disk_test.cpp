#include "format/changed_disk.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/disks.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

// A disk of bytes that knows of its extents, in units of 16 bytes: each unit of one kind.
class UnitDisk final : public Disk {
public:
    static constexpr std::uint64_t unit = 16;
    explicit UnitDisk(std::vector<ExtentKind> kinds, std::uint64_t size) : m_kinds(std::move(kinds)), m_bytes(size) {}

    std::uint64_t size() const override { return m_bytes.size(); }
    std::byte &at(std::uint64_t offset) { return m_bytes.at(offset); }
    ExtentKind kind_at(std::uint64_t offset) const { return m_kinds.at(offset / unit); }
    const std::vector<std::byte> &bytes() const { return m_bytes; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), size()))
            return fail(ErrorCode::malformed, "outside the disk below");
        std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }
    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (!range_inside(offset, length, size()))
            return fail(ErrorCode::malformed, "outside the disk below");
        std::vector<Extent> out;
        for (std::uint64_t at = offset; at < offset + length;) {
            std::uint64_t const next = std::min(offset + length, (at / unit + 1) * unit);
            out.push_back({at, next - at, kind_at(at)});
            at = next;
        }
        return out;
    }

private:
    std::vector<ExtentKind> m_kinds;
    std::vector<std::byte> m_bytes;
};

std::shared_ptr<MemoryDisk> full_disk(std::size_t size)
{
    auto disk = std::make_shared<MemoryDisk>(size);
    std::fill(disk->bytes().begin(), disk->bytes().end(), std::byte{0xaa});
    return disk;
}

std::shared_ptr<Disk> with(std::shared_ptr<Disk> disk, DiskChanges changes)
{
    return changed(std::move(disk), std::make_shared<const DiskChanges>(std::move(changes)));
}

std::vector<std::byte> filled(std::size_t size, int with)
{
    return std::vector<std::byte>(size, static_cast<std::byte>(with));
}

std::vector<std::byte> read(Disk &disk, std::uint64_t offset, std::size_t length)
{
    std::vector<std::byte> out(length, std::byte{0x55});
    auto const done = disk.read(offset, out);
    EXPECT_TRUE(done) << describe(done.error());
    return out;
}

// What the changed disk should be, byte by byte.
struct Model {
    std::vector<std::byte> bytes;
    std::vector<ExtentKind> kinds;
};

Model model_of(const UnitDisk &disk, const DiskChanges &changes)
{
    Model model{disk.bytes(), {}};
    for (std::uint64_t i = 0; i < disk.size(); ++i)
        model.kinds.push_back(disk.kind_at(i));
    model.bytes.resize(std::max(disk.size(), changes.size), std::byte{0});
    model.kinds.resize(model.bytes.size(), ExtentKind::hole);
    for (auto const &hole : changes.holes) {
        for (std::uint64_t i = hole.offset; i < hole.offset + hole.length; ++i) {
            model.bytes.at(i) = std::byte{0};
            model.kinds.at(i) = ExtentKind::hole;
        }
    }
    for (auto const &patch : changes.patches) {
        for (std::uint64_t i = 0; i < patch.bytes.size(); ++i) {
            model.bytes.at(patch.offset + i) = patch.bytes[i];
            model.kinds.at(patch.offset + i) = ExtentKind::data;
        }
    }
    return model;
}

class Dice {
public:
    explicit Dice(std::uint32_t seed) : m_engine(seed) {}
    // 0 to `most`.
    std::uint64_t upto(std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>(0, most)(m_engine); }

private:
    std::mt19937 m_engine;
};

std::shared_ptr<UnitDisk> random_disk(Dice &dice)
{
    std::uint64_t const size = dice.upto(600);
    std::vector<ExtentKind> kinds(size / UnitDisk::unit + 1);
    for (auto &kind : kinds)
        kind = static_cast<ExtentKind>(dice.upto(2));
    auto disk = std::make_shared<UnitDisk>(kinds, size);
    for (std::uint64_t i = 0; i < size; ++i) {
        if (disk->kind_at(i) == ExtentKind::data)
            disk->at(i) = static_cast<std::byte>(1 + dice.upto(254));
    }
    return disk;
}

// Ranges on a disk of that size, in order and apart; some touch.
std::vector<ByteRange> random_ranges(Dice &dice, std::uint64_t size)
{
    std::vector<ByteRange> out;
    for (std::uint64_t at = dice.upto(60); at < size;) {
        std::uint64_t const length = std::min(1 + dice.upto(50), size - at);
        out.push_back({at, length});
        at += length + (dice.upto(3) == 0 ? 0 : dice.upto(100));
    }
    return out;
}

DiskChanges random_changes(Dice &dice, std::uint64_t old_size)
{
    DiskChanges changes;
    if (dice.upto(2) != 0)
        changes.size = old_size + dice.upto(300);
    std::uint64_t const size = std::max(old_size, changes.size);
    if (dice.upto(3) != 0)
        changes.holes = random_ranges(dice, size);
    if (dice.upto(3) != 0) {
        for (auto const &range : random_ranges(dice, size)) {
            BytePatch patch{range.offset, {}};
            for (std::uint64_t i = 0; i < range.length; ++i)
                patch.bytes.push_back(static_cast<std::byte>(dice.upto(255)));
            changes.patches.push_back(std::move(patch));
        }
    }
    return changes;
}

// Without gap or overlap, no two alike in a row, and each byte of the kind that it should be.
void expect_extents(Disk &disk, const Model &model, std::uint64_t offset, std::uint64_t length)
{
    auto const found = disk.extents(offset, length);
    ASSERT_TRUE(found) << describe(found.error());
    std::uint64_t at = offset;
    std::optional<ExtentKind> last;
    for (auto const &extent : *found) {
        ASSERT_EQ(extent.offset, at);
        ASSERT_GT(extent.length, 0U);
        ASSERT_NE(extent.kind, last);
        last = extent.kind;
        for (; at < extent.offset + extent.length; ++at)
            ASSERT_EQ(extent.kind, model.kinds.at(at)) << "at " << at;
    }
    ASSERT_EQ(at, offset + length);
}

}  // namespace

TEST(ChangedDisk, IsTheDiskItselfWhereNothingChanges)
{
    auto const disk = full_disk(64);
    EXPECT_EQ(with(disk, {}), disk);
    EXPECT_TRUE(DiskChanges{}.empty());
    EXPECT_FALSE(DiskChanges{.size = 1}.empty());
    EXPECT_FALSE((DiskChanges{.holes = {{0, 1}}}.empty()));
    EXPECT_FALSE((DiskChanges{.patches = {{0, filled(1, 0)}}}.empty()));
}

TEST(ChangedDisk, GrowsWithAHole)
{
    auto const disk = with(full_disk(100), {.size = 200});
    EXPECT_EQ(disk->size(), 200U);
    EXPECT_EQ(read(*disk, 99, 2), (std::vector{std::byte{0xaa}, std::byte{0}}));
    EXPECT_THAT(disk->extents(90, 110).value(),
                ElementsAre(Extent{90, 10, ExtentKind::data}, Extent{100, 100, ExtentKind::hole}));
}

TEST(ChangedDisk, APatchWinsOverAHoleAndOverTheDisk)
{
    auto const disk =
        with(full_disk(100), {.holes = {{20, 40}}, .patches = {{10, filled(20, 1)}, {50, filled(20, 2)}}});
    auto wanted = filled(100, 0xaa);
    std::fill_n(wanted.begin() + 20, 40, std::byte{0});
    std::fill_n(wanted.begin() + 10, 20, std::byte{1});
    std::fill_n(wanted.begin() + 50, 20, std::byte{2});
    EXPECT_EQ(read(*disk, 0, 100), wanted);
    EXPECT_THAT(disk->extents(0, 100).value(),
                ElementsAre(Extent{0, 30, ExtentKind::data}, Extent{30, 20, ExtentKind::hole},
                            Extent{50, 50, ExtentKind::data}));
}

TEST(ChangedDisk, APatchMayLiePastTheOldEndAndOverIt)
{
    auto const disk = with(full_disk(100), {.size = 300, .patches = {{90, filled(20, 1)}, {299, filled(1, 2)}}});
    EXPECT_EQ(read(*disk, 88, 4), (std::vector{std::byte{0xaa}, std::byte{0xaa}, std::byte{1}, std::byte{1}}));
    EXPECT_EQ(read(*disk, 109, 2), (std::vector{std::byte{1}, std::byte{0}}));
    EXPECT_EQ(read(*disk, 298, 2), (std::vector{std::byte{0}, std::byte{2}}));
    EXPECT_THAT(disk->extents(100, 200).value(),
                ElementsAre(Extent{100, 10, ExtentKind::data}, Extent{110, 189, ExtentKind::hole},
                            Extent{299, 1, ExtentKind::data}));
}

// What is a hole now is not read: it may be damaged, and it costs nothing.
TEST(ChangedDisk, NeverReadsWhatIsReplaced)
{
    auto const below = full_disk(100);
    below->make_unreadable(50);
    auto const hole = with(below, {.holes = {{50, 1}}});
    EXPECT_EQ(read(*hole, 49, 3), (std::vector{std::byte{0xaa}, std::byte{0}, std::byte{0xaa}}));
    auto const patch = with(below, {.patches = {{50, filled(1, 0)}}});
    EXPECT_EQ(read(*patch, 50, 1), filled(1, 0));
    auto const neither = with(below, {.holes = {{51, 1}}});
    std::array<std::byte, 2> out{};
    auto const failed = neither->read(50, out);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::unreadable);
}

TEST(ChangedDisk, ARangeThatLeavesTheDiskIsAnError)
{
    auto const disk = with(full_disk(100), {.size = 200});
    std::array<std::byte, 2> out{};
    for (std::uint64_t const offset : {std::uint64_t{199}, std::uint64_t{200}, ~std::uint64_t{0}}) {
        auto const done = disk->read(offset, out);
        ASSERT_FALSE(done) << offset;
        EXPECT_EQ(done.error().code, ErrorCode::malformed);
        EXPECT_FALSE(disk->extents(offset, 2)) << offset;
    }
    EXPECT_TRUE(disk->read(198, out));
    EXPECT_TRUE(disk->read(200, std::span(out).first(0)));
    EXPECT_THAT(disk->extents(200, 0).value(), IsEmpty());
}

TEST(ChangedDisk, IsWhatAPlainVectorIsAfterTheSameChanges)
{
    for (std::uint32_t seed = 1; seed <= 400; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        auto const below = random_disk(dice);
        auto const changes = random_changes(dice, below->size());
        auto const model = model_of(*below, changes);
        auto const disk = with(below, changes);
        ASSERT_EQ(disk->size(), model.bytes.size());
        ASSERT_EQ(read(*disk, 0, model.bytes.size()), model.bytes);
        if (!changes.empty())
            expect_extents(*disk, model, 0, model.bytes.size());
        for (int i = 0; i < 20; ++i) {
            std::uint64_t const offset = dice.upto(model.bytes.size());
            std::uint64_t const length = dice.upto(model.bytes.size() - offset);
            auto const first = model.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
            ASSERT_EQ(read(*disk, offset, length), std::vector(first, first + static_cast<std::ptrdiff_t>(length)));
            if (!changes.empty())
                expect_extents(*disk, model, offset, length);
        }
        if (::testing::Test::HasFatalFailure())
            return;
    }
}
