#include "rules/profile_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/check.hpp>

#include "rules/clean_facts.hpp"
#include "support/text.hpp"
#include "testing/temp_dir.hpp"

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

using imgport::testing::Folder;

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

// docs/rules.tsv: rule id -> scope. What the other clouds only note is left out.
std::map<std::string, std::string> scopes()
{
    std::ifstream in(std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "rules.tsv");
    std::map<std::string, std::string> out;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        auto const fields = split(line, '\t');
        if (fields.size() == 3 && (fields[1] == "alibaba" || fields[2] != "note"))
            out[fields[0]] = fields[1];
    }
    return out;
}

TEST(Profile, GradesTheRulesOfItsCloud)
{
    auto const scope_of = scopes();
    ASSERT_GT(scope_of.size(), 200U);
    for (auto const &rule : rule_catalogue()) {
        ASSERT_TRUE(scope_of.contains(rule.id)) << rule.id << " is not one of docs/rules.tsv";
        std::string const &scope = scope_of.at(rule.id);
        EXPECT_TRUE(load_profile(scope)->severities.contains(rule.id)) << rule.id;
        if (scope == "alibaba") {
            EXPECT_TRUE(load_profile("alibaba-2026")->severities.contains(rule.id)) << rule.id;
        }
        for (auto const &name : profile_names()) {
            bool const own = scope == "alibaba" || name == scope;
            EXPECT_TRUE(own || !load_profile(name)->severities.contains(rule.id)) << name << " " << rule.id;
        }
    }
    for (auto const &[id, scope] : scope_of)
        EXPECT_NE(find_rule(id), nullptr) << id << " of " << scope << " is missing";
}

TEST(Profile, EachGradesEveryOutcomeOfItsRules)
{
    for (auto const &name : profile_names()) {
        auto const profile = load_profile(name);
        ASSERT_TRUE(profile) << name << ": " << describe(profile.error());
        for (auto const &[id, graded] : profile->severities) {
            ASSERT_NE(find_rule(id), nullptr) << name << " " << id;
            EXPECT_EQ(graded.size(), find_rule(id)->conditions.size()) << name << " " << id;
        }
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
        {"title = \"T\"\ndate = \"2026\"\nsources = [\"S\"]\n", "limits.formats must be given"},
        {start + "[severities]\nvsize-min = \"of\"\n", "line 6: unknown severity 'of'; did you mean 'off'?"},
        {start + "[severities]\naz-modules = \"fail\"\n", "rule az-modules has no severity for its outcome 'udf'"},
        {start + "[limits]\ndisks_max = \"x\"\n", "line 6: 'disks_max' must be a whole number"},
        {start + "[limits]\ntables = [\"gbt\"]\n", "line 6: unknown word in 'tables': 'gbt'; did you mean 'gpt'?"},
        {start + "[limits]\nvariants = { vdh = [\"fixed\"] }\n", "line 6: unknown format 'vdh'"},
        {start + "[limits]\nmends_drivers = 1\n", "line 6: 'mends_drivers' must be true or false"},
    };
    for (auto const &tested : cases)
        EXPECT_THAT(message_of(tested.text), HasSubstr(tested.says)) << tested.text;
}

TEST(Profile, SwitchesRulesOffWithoutLosingThem)
{
    auto const profile = read_mine(std::string(head) + "[severities]\nvirtio-initramfs = \"off\"\n"
                                                       "vsize-min = { recommended = \"off\" }\n");
    ASSERT_TRUE(profile) << describe(profile.error());
    auto const json =
        imgport::testing::with(imgport::testing::clean_bios(), {{"/inspection/guest/kernels/0/modules", Json::array()},
                                                                {"/image/virtual_size", 10 * gib}});
    auto const facts = imgport::testing::facts_from_json(json);
    auto const findings = check(facts.input(), *profile);
    for (const char *rule : {"virtio-initramfs", "vsize-min"}) {
        Finding const &finding = imgport::testing::finding_of(findings, rule);
        EXPECT_EQ(finding.status, Status::not_applicable) << rule;
        EXPECT_THAT(finding.message, HasSubstr("switched off by profile mine"));
    }
    auto const small = imgport::testing::facts_from_json(imgport::testing::with(json, {{"/image/virtual_size", gib}}));
    EXPECT_EQ(imgport::testing::finding_of(check(small.input(), *profile), "vsize-min").status, Status::violated)
        << "only one of its outcomes is off";
}

TEST(Profile, ThatTakesOverMaySwitchOnAgain)
{
    auto all = embedded_profiles;
    std::string const first = std::string(head) + "[severities]\nobject-size = \"off\"\nqemu-ga = \"off\"\n";
    std::string const second = "title = \"T\"\ndate = \"2026-01\"\nsources = [\"S\"]\nfrom = \"first\"\n"
                               "[severities]\nobject-size = { multipart = \"fail\" }\n";
    all.push_back({"first", first});
    all.push_back({"second", second});
    auto const profile = read_profile("second", all);
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_FALSE(profile->off.contains("object-size"));
    EXPECT_EQ(profile->severities.at("object-size").at("multipart"), Severity::fail);
    EXPECT_EQ(profile->severities.at("object-size").at(""), Severity::fail) << "what it was before";
    EXPECT_EQ(profile->off.at("qemu-ga").at("*"), "first");
}

TEST(Profile, RulesOfOtherCloudsAreNotJudged)
{
    auto const facts = imgport::testing::facts_from_json(imgport::testing::clean_bios());
    for (auto const &finding : check(facts.input(), load_profile("alibaba").value()))
        EXPECT_FALSE(finding.rule.starts_with("aws-") || finding.rule.starts_with("az-")) << finding.rule;
}

TEST(Profile, OnlyToBeTakenOverIsNoProfileToAskFor)
{
    auto const names = profile_names();
    EXPECT_EQ(std::find(names.begin(), names.end(), "common"), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "kvm"), names.end());
    EXPECT_FALSE(load_profile("common"));
}

TEST(Profile, OfTheUserIsReadFromItsFile)
{
    Folder const folder;
    folder.write("ours.toml", "from = \"alibaba-2026\"\n[limits]\nsystem_disk_max = 100\n"
                              "[severities]\nqemu-ga = \"off\"\n");
    folder.write("strict.toml", "from = \"ours.toml\"\n[severities]\nfs-type = \"fail\"\n");
    auto const profile = load_profile(folder / "strict.toml");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->name, "strict.toml");
    EXPECT_EQ(profile->limits.system_disk_max, 100 * gib);
    EXPECT_EQ(profile->severities.at("fs-type").at(""), Severity::fail);
    EXPECT_EQ(profile->off.at("qemu-ga").at("*"), "ours.toml");

    folder.write("bad.toml", "from = \"alibaba\"\n[severities]\nfs-tpye = \"fail\"\n");
    folder.write("loop.toml", "from = \"./loop.toml\"\n");
    folder.write("selectable.toml", "from = \"alibaba\"\nselectable = false\n");
    folder.write("large.toml", "from = \"alibaba\"\n" + std::string((1 << 20) + 1, '#'));
    struct {
        const char *file;
        const char *says;
    } const cases[] = {
        {"bad.toml", "bad.toml: line 3: unknown rule 'fs-tpye'; did you mean 'fs-type'?"},
        {"loop.toml", "not go in a circle"},
        {"selectable.toml", "line 2: unknown key 'selectable'"},
        {"large.toml", "large.toml"},
        {"missing.toml", "missing.toml"},
    };
    for (auto const &tested : cases) {
        auto const wrong = load_profile(folder / tested.file);
        ASSERT_FALSE(wrong) << tested.file;
        EXPECT_EQ(wrong.error().code, ErrorCode::usage) << tested.file;
        EXPECT_THAT(describe(wrong.error()), HasSubstr(tested.says));
    }
}
