#include "guest/guest_text.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "guest.hpp"

using namespace imgport;
using namespace imgport::testing;

TEST(ShellAssignments, QuotesAndBackslashesAreTakenOff)
{
    struct Case {
        const char *line;
        const char *value;
    };
    constexpr Case cases[] = {
        {"A=plain", "plain"},
        {"A=\"two words\"", "two words"},
        {"A='it costs $5 \\n'", "it costs $5 \\n"},
        {"A=\"a \\\"quote\\\" and \\$HOME\"", "a \"quote\" and $HOME"},
        {"A=\"kept\\n\"", "kept\\n"},
        {"A=one two", "one"},
        {"A=first # comment", "first"},
        {"  export A=yes", "yes"},
        {"A=", ""},
        {"A=\"not closed", "not closed"},
        {"A=mixed' 'quotes\" here\"", "mixed quotes here"},
    };
    for (auto const &[line, value] : cases)
        EXPECT_EQ(value_of(shell_assignments(line), "A"), value) << line;
}

TEST(ShellAssignments, TheLastOneWinsAndKnowsItsLine)
{
    auto const values = shell_assignments("# A=0\nA=1\nA =2\n-A=3\nA=4\r\n");
    EXPECT_EQ(values.at("A").value, "4");
    EXPECT_EQ(values.at("A").line, 5U);
    EXPECT_EQ(values.size(), 1U);
}

TEST(Glob, MatchesAsFnmatchDoes)
{
    struct Case {
        const char *pattern;
        const char *text;
        bool matches;
    };
    constexpr Case cases[] = {
        {"*.conf", "50-cloud.conf", true},
        {"*.conf", "conf", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[0-9]*", "7x", true},
        {"[!0-9]*", "7x", false},
        {"[]a]x", "]x", true},
        {"[abc", "[abc", true},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxbxx", false},
        {"", "", true},
        {"*", "", true},
    };
    for (auto const &[pattern, text, matches] : cases)
        EXPECT_EQ(glob_match(pattern, text), matches) << pattern << " " << text;
}

TEST(Glob, ManyStarsTakeNoExponentialTime)
{
    std::string pattern;
    for (int i = 0; i < 200; ++i)
        pattern += "a*";
    auto const start = std::chrono::steady_clock::now();
    EXPECT_FALSE(glob_match(pattern + "b", std::string(20'000, 'a')));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Ini, SectionsOfOneNameStayApart)
{
    auto const sections = parse_ini("lost=1\n[A]\nk = v \n; no\n#no\n[A]\nk=w\nk=x\nbroken\n[B]\n");
    ASSERT_EQ(sections.size(), 3U);
    EXPECT_EQ(sections[0].value("k"), "v");
    EXPECT_EQ(sections[1].value("k"), "x");
    EXPECT_EQ(sections[1].entries[1].line, 8U);
    EXPECT_FALSE(sections[2].value("k"));
}

TEST(NormalPath, NeverLeavesTheRoot)
{
    EXPECT_EQ(normal_path("/a/./b//../c/"), "/a/c");
    EXPECT_EQ(normal_path("/../../etc"), "/etc");
    EXPECT_EQ(normal_path("/"), "/");
    EXPECT_EQ(normal_path(""), "/");
}

TEST(GuestFilesText, WhatIsNotTextIsUnknownAndNamesTheFile)
{
    Guest guest;
    guest.file("/nul", std::string("a\0b", 3))
        .file("/long", std::string(guest_config_limit + 1, 'x'))
        .directory("/folder");
    guest.files->broken("/broken");
    for (const char *path : {"/nul", "/long", "/folder", "/broken"}) {
        GuestFiles files(guest.tree);
        EXPECT_FALSE(files.text(path));
        EXPECT_TRUE(files.failed()) << path;
        EXPECT_TRUE(files.reason().starts_with(std::string(path) + ": ")) << files.reason();
    }
    GuestFiles files(guest.tree);
    EXPECT_FALSE(files.text("/absent"));
    EXPECT_FALSE(files.failed());
}

TEST(GuestFilesText, TheFirstFailureIsKept)
{
    Guest guest;
    guest.files->broken("/first").broken("/second");
    GuestFiles files(guest.tree);
    files.text("/first");
    files.text("/second");
    EXPECT_TRUE(files.reason().starts_with("/first"));
    EXPECT_FALSE(files.answer(1));
}

TEST(GuestFilesText, AReaderThatNeverEndsIsStopped)
{
    Guest guest;
    for (int i = 0; i < 100; ++i)
        guest.file("/d/" + std::to_string(i), std::string(guest_config_limit, 'x'));
    GuestFiles files(guest.tree);
    for (int i = 0; i < 100; ++i)
        files.text("/d/" + std::to_string(i));
    EXPECT_NE(files.reason().find("too much text"), std::string::npos) << files.reason();
    GuestFiles others(guest.tree);
    for (std::size_t i = 0; i <= GuestFiles::max_lookups; ++i)
        others.exists("/d/1");
    EXPECT_TRUE(others.failed());
    EXPECT_FALSE(others.exists("/d/1"));
}
