// docs/rules.md tells the same as the catalogue. IMGPORT_WRITE_DOCS=1 writes its second half anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <imgport/check.hpp>

#include "rules/sources.hpp"
#include "support/text.hpp"

using namespace imgport;

namespace {

constexpr std::string_view marker = "<!-- From here on written out of the catalogue. -->\n";

std::filesystem::path document()
{
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs" / "rules.md";
}

std::string severities_of(const RuleInfo &rule, const Profile &profile)
{
    std::vector<std::string> words;
    for (auto const &condition : rule.conditions) {
        std::string const severity = to_string(profile.severities.at(rule.id).at(condition));
        words.push_back(condition.empty() ? severity : fmt::format("{} ({})", severity, condition));
    }
    return join(words, ", ");
}

// Under `alibaba`; of a rule that is another cloud's own, under the first profile that grades it.
std::string severities_of(const RuleInfo &rule)
{
    Profile const usual = load_profile("alibaba").value();
    if (usual.severities.contains(rule.id))
        return severities_of(rule, usual);
    for (auto const &name : profile_names()) {
        Profile const profile = load_profile(name).value();
        if (profile.severities.contains(rule.id))
            return fmt::format("{}, under `{}`", severities_of(rule, profile), name);
    }
    return "none";
}

std::string written_out()
{
    std::string out;
    std::string group;
    for (auto const &rule : rule_catalogue()) {
        if (rule.group != group) {
            group = rule.group;
            // A group's rules may stand in more than one run of the catalogue.
            out += fmt::format("\n## {}\n", group);
        }
        out += fmt::format("\n### `{}`\n\n{}.\n\n* **Severity:** {}\n* **Otherwise:** {}\n* **By hand:** {}\n"
                           "* **Source:** {}\n",
                           rule.id, rule.title, severities_of(rule), rule.why, rule.fix, rule.source);
    }
    out += "\n## Sources\n\n| key | page | where |\n|---|---|---|\n";
    for (auto const &source : source_documents())
        out += fmt::format("| {} | {} | {} |\n", source.key, source.title, source.address);
    return out;
}

}  // namespace

TEST(Document, ListsTheCatalogueAsItIs)
{
    std::ifstream in(document());
    ASSERT_TRUE(in) << document();
    std::string text((std::istreambuf_iterator<char>(in)), {});
    auto const start = text.find(marker);
    ASSERT_NE(start, std::string::npos);
    std::string const hand_written = text.substr(0, start + marker.size());
    if (std::getenv("IMGPORT_WRITE_DOCS") != nullptr) {
        std::ofstream(document()) << hand_written << written_out();
        return;
    }
    EXPECT_TRUE(text.substr(hand_written.size()) == written_out()) << "write it anew with IMGPORT_WRITE_DOCS=1";
}

TEST(Catalogue, SaysEverythingOfEachRule)
{
    for (auto const &rule : rule_catalogue()) {
        for (auto const &text : {rule.title, rule.why, rule.fix, rule.source}) {
            EXPECT_FALSE(text.empty()) << rule.id;
            EXPECT_EQ(text.find('\n'), std::string::npos) << rule.id;
        }
        EXPECT_FALSE(rule.conditions.empty()) << rule.id;
        EXPECT_EQ(find_rule(rule.id), &rule) << "its id is its own";
    }
    EXPECT_EQ(find_rule("no-such-rule"), nullptr);
}

TEST(Sources, AreCitedByKeysThatExist)
{
    EXPECT_EQ(cite({"INS", "VIO"}), "INS: Instructions for importing images; VIO: Install the virtio driver");
    EXPECT_EQ(cite({"NONE"}), "");
}
