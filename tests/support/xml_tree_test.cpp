#include "support/xml_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace imgport;
using ::testing::HasSubstr;

TEST(XmlDocument, ThatIsNoneIsCalledWhatItShouldHaveBeen)
{
    for (const char *const text : {"", "<a>", "<a/><b/>", "\xff", "<!DOCTYPE a><a/>"}) {
        auto const document = XmlDocument::parse(text, "shopping list");
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error().code, ErrorCode::malformed) << text;
        EXPECT_THAT(describe(document.error()), HasSubstr("shopping list")) << text;
    }
    EXPECT_THAT(describe(XmlDocument::parse("<a>\n<b>\n</a>", "shopping list").error()), HasSubstr("line 3"));
    EXPECT_TRUE(XmlDocument::parse("<a><b/></a>", "shopping list"));
}
