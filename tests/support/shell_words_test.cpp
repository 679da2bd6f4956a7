#include "support/shell_words.hpp"

#include <gtest/gtest.h>

#include "support/subprocess.hpp"

using namespace imgport;

TEST(ShellWord, IsReadBackByAShell)
{
    for (auto const *const text :
         {"plain", "/a/b-c_d.raw", "", " ", "it's", "$(id)", "a\nb", "\\", "\"", "*", "~", "ü"}) {
        auto const said = run({.arguments = {"sh", "-c", "printf %s " + shell_word(text)}});
        ASSERT_TRUE(said) << text;
        EXPECT_EQ(said->out, text);
    }
    EXPECT_EQ(shell_word("/a/b"), "/a/b");
}
