#include "rules/profile_reader.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/check.hpp>

using namespace imgport;
using ::testing::HasSubstr;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr const char *head = "title = \"T\"\ndate = \"2026-01\"\nsources = [\"S\"]\nfrom = \"alibaba\"\n";

// Reads `text` as the profile "mine", beside those that come with the program.
Result<Profile> read_mine(const std::string &text)
{
    auto all = embedded_profiles;
    all.push_back({"mine", text});
    return read_profile("mine", all);
}

std::string message_of(const std::string &text)
{
    auto const profile = read_mine(text);
    return profile ? "no error" : describe(profile.error());
}

}  // namespace

TEST(Profile, AlibabaHasTheLimitsOfTheOlderDocuments)
{
    auto const profile = load_profile("alibaba");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->limits.system_disk_min, 5 * gib);
    EXPECT_EQ(profile->limits.system_disk_max, 500 * gib);
    EXPECT_EQ(profile->limits.system_disk_recommended, 40 * gib);
    EXPECT_EQ(profile->limits.data_disk_min, 5 * gib);
    EXPECT_EQ(profile->limits.data_disk_max, 1000 * gib);
    EXPECT_EQ(profile->limits.formats, (std::vector<Format>{Format::raw, Format::qcow2, Format::vhd}));
    EXPECT_EQ(profile->compare_with, "alibaba-2026");
    EXPECT_FALSE(profile->date.empty());
    EXPECT_FALSE(profile->sources.empty());
}

TEST(Profile, Alibaba2026TakesOverWhatItDoesNotSay)
{
    auto const profile = load_profile("alibaba-2026");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->name, "alibaba-2026");
    EXPECT_EQ(profile->limits.system_disk_min, 1 * gib);
    EXPECT_EQ(profile->limits.system_disk_max, 2048 * gib);
    EXPECT_EQ(profile->limits.system_disk_recommended, 20 * gib);
    EXPECT_EQ(profile->limits.single_put_max, 5 * gib) << "taken over";
    EXPECT_EQ(profile->limits.formats.size(), 4U);
    EXPECT_EQ(profile->severities, load_profile("alibaba")->severities);
    EXPECT_TRUE(profile->compare_with.empty()) << "what a profile is compared with is not taken over";
    EXPECT_NE(std::find(profile->platforms.begin(), profile->platforms.end(), "Rocky Linux"), profile->platforms.end());
}

TEST(Profile, SystemsAreListsOfVersionsAndAddToTheOnesTakenOver)
{
    auto const profile = read_mine(std::string(head) + "[systems]\nDebian = \"6-\"\n\"Rocky Linux\" = \"all\"\n");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->systems.at("Debian"), "6-");
    EXPECT_EQ(profile->systems.at("Rocky Linux"), "all");
    EXPECT_EQ(profile->systems.at("OpenSUSE"), "13 42 15") << "taken over";
    for (const char *wrong : {"\"\"", "\"ten\"", "\"6-x\"", "\"-6\"", "\"6 all\"", "6"})
        EXPECT_THAT(message_of(std::string(head) + "[systems]\nDebian = " + wrong + "\n"),
                    HasSubstr("'Debian' must be"))
            << wrong;
    EXPECT_THAT(message_of("systems = 5\n" + std::string(head)), HasSubstr("'systems' must be a table"));
}

TEST(Profile, EachGradesEveryOutcomeOfEveryRule)
{
    for (auto const &name : profile_names()) {
        auto const profile = load_profile(name);
        ASSERT_TRUE(profile) << name;
        ASSERT_EQ(profile->severities.size(), rule_catalogue().size()) << name;
        for (auto const &rule : rule_catalogue())
            EXPECT_EQ(profile->severities.at(rule.id).size(), rule.conditions.size()) << name << " " << rule.id;
        if (!profile->compare_with.empty()) {
            EXPECT_TRUE(load_profile(profile->compare_with)) << name;
        }
    }
}

TEST(Profile, UnknownNameOffersTheNearest)
{
    auto const profile = load_profile("alibba");
    ASSERT_FALSE(profile);
    EXPECT_EQ(profile.error().code, ErrorCode::usage);
    EXPECT_THAT(describe(profile.error()), HasSubstr("did you mean 'alibaba'?"));
    EXPECT_THAT(describe(load_profile("zzz").error()), HasSubstr("profiles: alibaba"));
}

TEST(Profile, IsChangedByOneThatTakesItOver)
{
    auto const profile = read_mine(std::string(head) + "[limits]\nsystem_disk_max = 7\n"
                                                       "[severities]\nvsize-min = \"feature\"\n"
                                                       "object-size = { multipart = \"fail\" }\n");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->limits.system_disk_max, 7 * gib);
    EXPECT_EQ(profile->severities.at("vsize-min").at(""), Severity::feature);
    EXPECT_EQ(profile->severities.at("vsize-min").at("recommended"), Severity::recommendation) << "taken over";
    EXPECT_EQ(profile->severities.at("object-size").at("multipart"), Severity::fail);
}

TEST(Profile, SaysWhereItIsWrong)
{
    std::string const start = head;  // four lines
    struct {
        std::string text;
        const char *says;
    } const cases[] = {
        {start + "tilte = \"x\"\n", "mine.toml: line 5: unknown key 'tilte'; did you mean 'title'?"},
        {start + "[limits]\nsystem_disk_mni = 5\n",
         "line 6: unknown limit 'system_disk_mni'; did you mean 'system_disk_min'?"},
        {start + "[limits]\nsystem_disk_min = \"5\"\n", "line 6: 'system_disk_min' must be a whole number of GiB"},
        {start + "[limits]\nsystem_disk_min = 0\n", "line 6: 'system_disk_min' must be a whole number of GiB"},
        {start + "[limits]\nsystem_disk_min = 1.5\n", "line 6: 'system_disk_min' must be a whole number of GiB"},
        {start + "[limits]\nformats = [\"qcow3\"]\n", "line 6: unknown format 'qcow3'"},
        {start + "[limits]\nformats = 5\n", "line 6: 'formats' must be a list of texts"},
        {start + "limits = 5\n", "line 5: 'limits' must be a table"},
        {start + "[severities]\nvsize-mni = \"fail\"\n", "line 6: unknown rule 'vsize-mni'; did you mean 'vsize-min'?"},
        {start + "[severities]\nvsize-min = \"fial\"\n", "line 6: unknown severity 'fial'; did you mean 'fail'?"},
        {start + "[severities]\nvsize-min = 5\n", "line 6: unknown severity '(not text)'"},
        {start + "[severities]\nvsize-min = { recomended = \"fail\" }\n",
         "line 6: unknown outcome of vsize-min: 'recomended'; did you mean 'recommended'?"},
        {start + "[severities]\nfs-free-space = \"fail\"\n", "line 6: unknown outcome of fs-free-space: 'usual'"},
        {start + "[severities]\nvsize-min =\n", "line 6: "},
        {"title = \"T\"\nfrom = \"alibaba\"\n", "title, date and sources must be given"},
        {"title = 5\n", "line 1: 'title' must be text"},
        {"title = \"T\"\ndate = \"2026\"\nsources = [5]\n", "line 3: 'sources' must be a list of texts"},
        {"from = \"alibba\"\n", "line 1: unknown profile 'alibba' (did you mean 'alibaba'?)"},
        {"from = \"mine\"\n", "not go in a circle"},
        {"title = \"T\"\ndate = \"2026\"\nsources = [\"S\"]\n",
         "rule fmt-accepted has no severity for its outcome 'usual'"},
    };
    for (auto const &tested : cases)
        EXPECT_THAT(message_of(tested.text), HasSubstr(tested.says)) << tested.text;
}
