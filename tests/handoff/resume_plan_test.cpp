#include "handoff/resume_plan.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

PartInfo there(std::uint32_t number, std::uint64_t size, const std::string &etag)
{
    return {.number = number, .size = size, .etag = etag};
}

std::vector<std::uint32_t> numbers(const std::vector<PartTask> &tasks, bool looked_into)
{
    std::vector<std::uint32_t> found;
    for (auto const &task : tasks) {
        if (task.there.has_value() == looked_into)
            found.push_back(task.number);
    }
    return found;
}

}  // namespace

TEST(ResumePlan, KeepsLooksIntoAndSends)
{
    PartPlan const plan{45, 10};
    auto const resume =
        plan_resume(plan,
                    {there(1, 10, "a"), there(2, 10, "b"), there(3, 9, "c"), there(5, 5, "e"), there(6, 10, "f"),
                     there(10000, 10, "x")},
                    {{1, "a", "11", true}, {2, "other", "22", true}, {3, "c", "33", true}, {5, "e", "55", false}});
    ASSERT_EQ(resume.kept.size(), 2U);
    EXPECT_EQ(resume.kept[0].number, 1U);
    EXPECT_EQ(resume.kept[0].crc64, 11U);
    EXPECT_TRUE(resume.kept[0].compared);
    EXPECT_EQ(resume.kept[1].number, 5U);
    EXPECT_FALSE(resume.kept[1].compared);
    EXPECT_EQ(resume.kept_bytes, 15U);
    EXPECT_EQ(resume.arrived, 3U);
    EXPECT_EQ(numbers(resume.tasks, true), (std::vector<std::uint32_t>{2}));
    EXPECT_EQ(numbers(resume.tasks, false), (std::vector<std::uint32_t>{3, 4}));
}

TEST(ResumePlan, OfAJournalThatSaysNothingOfUseLooksIntoAll)
{
    PartPlan const plan{20, 10};
    auto const resume =
        plan_resume(plan, {there(1, 10, "a"), there(2, 10, "b")}, {{1, "a", "no number", true}, {0, "", "", false}});
    EXPECT_TRUE(resume.kept.empty());
    EXPECT_EQ(numbers(resume.tasks, true), (std::vector<std::uint32_t>{1, 2}));
}

TEST(ResumePlan, OfThousandsOfPartsIsWhole)
{
    PartPlan const plan{10'000 * std::uint64_t{1000} - 1, 1000};
    std::vector<PartInfo> all;
    std::vector<JournalPart> noted;
    for (std::uint32_t number = 1; number <= plan.count(); ++number) {
        all.push_back(there(number, plan.length(number), "e" + std::to_string(number)));
        if (number % 2 == 0)
            noted.push_back({number, all.back().etag, "7", true});
    }
    auto const resume = plan_resume(plan, all, noted);
    EXPECT_EQ(resume.kept.size(), 5000U);
    EXPECT_EQ(numbers(resume.tasks, true).size(), 5000U);
    EXPECT_EQ(all_parts(plan).size(), 10'000U);
}
