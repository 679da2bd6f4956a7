#include "support/json_fields.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

enum class Colour { red, green };
const char *to_string(Colour colour)
{
    switch (colour) {
    case Colour::red: return "red";
    case Colour::green: return "green";
    }
    return "";
}

struct Leaf {
    std::string name = {};
    std::optional<std::uint64_t> size = {};
    std::optional<std::uint64_t> shown = {};
    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("size", self.size);
        visit.nullable("shown", self.shown);
    }
};

struct Tree {
    std::vector<Leaf> leaves = {};
    std::map<std::string, std::string> words = {};
    Known<std::vector<std::string>> looked_for;
    Colour colour = Colour::red;
    static void fields(auto &self, auto &&visit)
    {
        visit("leaves", self.leaves);
        visit("words", self.words);
        visit("looked_for", self.looked_for);
        visit("colour", self.colour);
    }
};

}  // namespace

TEST(JsonFields, LeaveOutWhatIsAbsentAndKeepNull)
{
    EXPECT_EQ(to_json(Leaf{"a"}).dump(), R"({"name":"a","shown":null})");
    EXPECT_EQ(to_json(Leaf{"a", 1, 2}).dump(), R"({"name":"a","size":1,"shown":2})");
}

TEST(JsonFields, ComeBackAsTheyWent)
{
    Tree tree;
    tree.leaves = {{"a", 1, {}}, {"b", {}, 2}};
    tree.words = {{"k", "v"}};
    tree.colour = Colour::green;
    Json const json = to_json(tree);
    EXPECT_EQ(json["looked_for"].dump(), R"({"unknown":"not looked for"})");
    Tree back;
    from_json(json, back);
    EXPECT_EQ(to_json(back), json);
    tree.looked_for = std::vector<std::string>{"x"};
    from_json(to_json(tree), back);
    ASSERT_TRUE(back.looked_for);
    EXPECT_EQ(back.looked_for->front(), "x");
}

TEST(JsonFields, RejectAWrongShape)
{
    Tree tree;
    EXPECT_THROW(from_json(Json::parse(R"({"leaves": 5})"), tree), Json::exception);
    EXPECT_THROW(from_json(Json::parse(R"({"colour": "blue"})"), tree), Json::exception);
    EXPECT_THROW(from_json(Json::parse(R"([])"), tree), Json::exception);
}

TEST(JsonFields, MakeHostileStringsSafe)
{
    EXPECT_EQ(to_json(Leaf{"\x1b]0;\xff"}).dump(), R"({"name":"\\x1b]0;\\xff","shown":null})");
}
