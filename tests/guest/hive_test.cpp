// Registry hives: honest ones, and ones that lie about every length in them.
#include "guest/hive.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "testing/hive.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

Result<Hive> open_hive(std::string bytes)
{
    Guest guest;
    guest.file("/hive", std::move(bytes));
    return Hive::open(guest.tree, "/hive");
}

HiveMaker some_hive()
{
    HiveMaker made;
    made.text("Setup\\State", "ImageState", "COMPLETE")
        .number("Setup\\State", "Count", 7)
        .texts("Setup", "Names", {"one", "two"})
        .raw("Setup", "Long", 3, std::string(5000, 'x'))
        .raw("Setup", "Odd", 0xffff0012, "odd")
        .key("Empty");
    return made;
}

// Asks all that can be asked.
void walk(Hive &hive, Hive::Key key, unsigned depth, unsigned &budget)
{
    for (auto const &value : hive.values(key)) {
        (void)value.text();
        (void)value.texts();
        (void)value.number();
    }
    for (auto const &child : std::vector<Hive::Child>(hive.children(key))) {
        if (depth == 0 || budget == 0)
            return;
        --budget;
        walk(hive, child.key, depth - 1, budget);
    }
}

void walk_whatever(std::string bytes)
{
    auto hive = open_hive(std::move(bytes));
    if (!hive)
        return;
    unsigned budget = 1000;
    walk(*hive, *hive->key(""), 10, budget);
}

}  // namespace

TEST(Hive, TellsKeysAndValuesWhateverTheirCase)
{
    auto hive = open_hive(some_hive().bytes());
    ASSERT_TRUE(hive) << describe(hive.error());
    auto const key = hive->key("setup\\STATE");
    ASSERT_TRUE(key);
    EXPECT_EQ(hive->value(*key, "imagestate")->text(), "COMPLETE");
    EXPECT_EQ(hive->value(*key, "COUNT")->number(), 7U);
    EXPECT_EQ(hive->value(*key, "Count")->text(), std::nullopt) << "a number is no text";
    EXPECT_FALSE(hive->value(*key, "Other"));
    EXPECT_FALSE(hive->key("Setup\\State\\Below"));
    EXPECT_THAT(hive->value(*hive->key("Setup"), "Names")->texts(), ElementsAre("one", "two"));
    EXPECT_EQ(hive->value(*hive->key("Setup"), "Long")->data, std::string(5000, 'x'));
    EXPECT_EQ(hive->value(*hive->key("Setup"), "Odd")->type, 0xffff0012U);
    EXPECT_EQ(hive->values(*key).size(), 2U);
    EXPECT_TRUE(hive->children(*hive->key("Empty")).empty());
    EXPECT_FALSE(hive->is_dirty());
    EXPECT_FALSE(hive->failed()) << hive->reason();
}

TEST(Hive, IsDirtyWhileItsSequenceNumbersDiffer)
{
    auto const hive = open_hive(some_hive().dirty().bytes());
    ASSERT_TRUE(hive);
    EXPECT_TRUE(hive->is_dirty());
}

TEST(Hive, IsNotWhatHasNoHeaderOrNoSize)
{
    EXPECT_FALSE(open_hive(""));
    EXPECT_FALSE(open_hive(std::string(8192, '\0')));
    EXPECT_FALSE(open_hive("regf"));
    std::string wrong_sum = some_hive().bytes();
    wrong_sum[20] = 5;
    EXPECT_FALSE(open_hive(wrong_sum));
    Guest guest;
    auto const missing = Hive::open(guest.tree, "/hive");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("no such file"));
}

TEST(Hive, CutShortIsDamagedAndNeverACrash)
{
    std::string const whole = some_hive().bytes();
    for (std::size_t size = 4096; size < whole.size(); size += 512)
        EXPECT_FALSE(open_hive(whole.substr(0, size))) << size;
}

TEST(Hive, KeysThatHoldThemselvesEnd)
{
    std::string bytes = HiveMaker().text("a\\b\\c", "v", "x").bytes();
    auto hive = open_hive(bytes);
    ASSERT_TRUE(hive);
    // The index of the first key names the root, which names it again: a\a\a\...
    auto const root = *hive->key("");
    auto const at = bytes.find("lf", 4096);
    for (auto lf = at; lf != std::string::npos; lf = bytes.find("lf", lf + 1))
        bytes.replace(lf + 4, 4, HiveMaker::le(root - 4096, 4));
    walk_whatever(bytes);
    auto looped = open_hive(bytes);
    ASSERT_TRUE(looped);
    EXPECT_TRUE(looped->key("ROOT\\ROOT\\ROOT")) << "each step is one question";
}

TEST(Hive, CountsThatAreLiesAreDamage)
{
    std::string const honest = some_hive().bytes();
    for (std::uint32_t const count : {3U, 1000U, 70'000U, 0x7fffffffU, 0xffffffffU}) {
        for (std::size_t const field : {20U, 36U}) {  // of keys, of values
            std::string bytes = honest;
            for (auto nk = bytes.find("nk", 4096); nk != std::string::npos; nk = bytes.find("nk", nk + 1))
                bytes.replace(nk + field, 4, HiveMaker::le(count, 4));
            auto hive = open_hive(bytes);
            ASSERT_TRUE(hive);
            auto const root = *hive->key("");
            (void)hive->children(root);
            (void)hive->values(root);
            EXPECT_TRUE(hive->failed()) << count << " at " << field;
            EXPECT_THAT(hive->reason(), HasSubstr("/hive: the registry hive is damaged"));
        }
    }
    std::string long_data = honest;
    for (auto vk = long_data.find("vk", 4096); vk != std::string::npos; vk = long_data.find("vk", vk + 1))
        long_data.replace(vk + 4, 4, HiveMaker::le(0x7ffffff0, 4));
    walk_whatever(long_data);
}

// The root key as the last cell of the file, too short to be a key: what hivex looks at would lie behind the end.
TEST(Hive, AKeyCutOffByTheEndOfTheFileIsNotReadBeyondIt)
{
    std::string bytes(8192, '\0');
    std::string const head = "regf" + HiveMaker::le(1, 4) + HiveMaker::le(1, 4) + HiveMaker::le(0, 8) +
                             HiveMaker::le(1, 4) + HiveMaker::le(5, 4) + HiveMaker::le(0, 4) + HiveMaker::le(1, 4) +
                             HiveMaker::le(4096 - 8, 4) + HiveMaker::le(4096, 4) + HiveMaker::le(1, 4);
    bytes.replace(0, head.size(), head);
    HiveMaker::mend_checksum(bytes);
    bytes.replace(4096, 12, "hbin" + HiveMaker::le(0, 4) + HiveMaker::le(4096, 4));
    bytes.replace(4096 + 32, 4, HiveMaker::le(4096 - 32 - 8, 4));  // a free cell up to the last eight bytes
    bytes.replace(8192 - 8, 6, HiveMaker::le(~std::uint64_t{8} + 1, 4) + "nk");  // the root key
    walk_whatever(bytes);
}

TEST(Hive, OfRandomDamageNeitherCrashesNorHangs)
{
    std::mt19937 random(20190101);
    std::string const honest = some_hive().bytes();
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = honest;
        for (unsigned i = 0; i < 1 + round % 8U; ++i)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        HiveMaker::mend_checksum(bytes);
        walk_whatever(std::move(bytes));
    }
}
