#include <imgport/image.hpp>

#include <gtest/gtest.h>

#include "support/json_fields.hpp"

using namespace imgport;

TEST(Format, NamesAreThoseOfTheContractAndReadBack)
{
    std::string names;
    for (int i = 0; i <= static_cast<int>(Format::unknown); ++i) {
        auto const format = static_cast<Format>(i);
        names += std::string(to_string(format)) + " ";
        EXPECT_EQ(format_from_string(to_string(format)), format);
    }
    EXPECT_EQ(names, "raw qcow2 vhd iso vmdk vhdx vdi qcow qed parallels dmg ova archive unknown ");
    EXPECT_FALSE(format_from_string("vpc"));
    EXPECT_FALSE(format_from_string(""));
}

TEST(Format, ValuesOutOfRangeHaveNoName)
{
    EXPECT_STREQ(to_string(static_cast<Format>(14)), "");
    EXPECT_STREQ(to_string(static_cast<HazardSeverity>(3)), "");
    EXPECT_STREQ(to_string(static_cast<Format>(-1)), "");
}

TEST(ImageFacts, AreRefusedByAnErrorOrAHazardButNotByAWarning)
{
    ImageFacts facts;
    facts.hazards.push_back({"dirty", HazardSeverity::warn, "was not closed"});
    EXPECT_FALSE(facts.refused());
    facts.hazards.push_back({"encrypted", HazardSeverity::refuse, "is encrypted"});
    EXPECT_TRUE(facts.refused());
    EXPECT_EQ(facts.hazard("dirty")->message, "was not closed");
    EXPECT_EQ(facts.hazard("corrupt"), nullptr);

    ImageFacts broken;
    broken.error = ImageError{"malformed", "offset 4"};
    EXPECT_TRUE(broken.refused());
}

TEST(ProbeJson, HasTheKeysOfTheContractAndReadsBack)
{
    ImageFacts facts;
    facts.path = "a.img\x1b[31m";
    facts.format = Format::qcow2;
    facts.hazards.push_back({"dirty", HazardSeverity::warn, "was not closed"});
    facts.details.qcow2 = Qcow2Details{};
    facts.details.qcow2->backing_file = "base.qcow2";
    auto const json = Json::parse(probe_json({facts}));
    EXPECT_EQ(json["schema"], "imgport.probe/1");
    auto const &image = json["images"].at(0);
    EXPECT_EQ(image["path"], "a.img\\x1b[31m");
    EXPECT_TRUE(image["virtual_size"].is_null());
    EXPECT_EQ(image["hazards"].at(0)["severity"], "warn");
    EXPECT_FALSE(image.contains("error"));
    EXPECT_FALSE(image["details"].contains("vhd"));

    ImageFacts back;
    from_json(image, back);
    EXPECT_EQ(back.format, Format::qcow2);
    EXPECT_EQ(back.details.qcow2->backing_file, "base.qcow2");
    EXPECT_EQ(back.hazards.at(0).severity, HazardSeverity::warn);
}
