// The journal: whatever is torn off its end, what is left is understood.
#include "batch/journal.hpp"

#include <gtest/gtest.h>

#include "batch/folder.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;

namespace {

void write_journal(const std::string &path)
{
    auto journal = Journal::open(path).value();
    journal.append({.event = "run", .tool = "imgport 0"});
    for (const char *const name : {"a", "b", "c"})
        journal.append({.event = "start", .job = name, .fingerprint = std::string("f-") + name});
    journal.append({.event = "done",
                    .job = "a",
                    .fingerprint = "f-a",
                    .exit_code = 0,
                    .files = std::vector<RecordedFile>{{"a.qcow2", 17}}});
    journal.append({.event = "failed", .job = "b", .fingerprint = "f-b", .exit_code = 4, .again = true});
    ASSERT_TRUE(journal.flush(true));
}

}  // namespace

TEST(Journal, TellsTheLastStateOfEachJob)
{
    Folder const folder;
    write_journal(folder / "j");
    auto const records = read_batch_journal(folder / "j").value();
    ASSERT_EQ(records.jobs.size(), 3U);
    EXPECT_EQ(records.broken_lines, 0U);
    EXPECT_EQ(records.jobs.at("a").state, JobState::done);
    EXPECT_EQ(records.jobs.at("a").files.at(0).size, 17U);
    EXPECT_EQ(records.jobs.at("b").state, JobState::failed);
    EXPECT_TRUE(records.jobs.at("b").again);
    EXPECT_EQ(records.jobs.at("c").state, JobState::running);
    EXPECT_EQ(records.jobs.at("c").attempts, 1U);
}

TEST(Journal, CutOffAnywhereItKeepsWhatWasWholeAndTakesNewLines)
{
    Folder const folder;
    write_journal(folder / "whole");
    std::string const whole = folder.read("whole");
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        folder.write("cut", whole.substr(0, length));
        auto const before = read_batch_journal(folder / "cut");
        ASSERT_TRUE(before);
        ASSERT_LE(before->broken_lines, 1U) << length;
        bool const done_is_whole = whole.substr(0, length).find("a.qcow2\",\"size\":17}]}") != std::string::npos;
        auto const a = before->jobs.find("a");
        ASSERT_EQ(a != before->jobs.end() && a->second.state == JobState::done, done_is_whole) << length;
        {
            auto journal = Journal::open(folder / "cut").value();
            journal.append({.event = "done", .job = "z", .fingerprint = "f-z"});
            ASSERT_TRUE(journal.flush(false));
        }
        auto const after = read_batch_journal(folder / "cut");
        ASSERT_TRUE(after);
        ASSERT_EQ(after->jobs.at("z").state, JobState::done) << length;
        ASSERT_EQ(after->jobs.size(), before->jobs.size() + 1) << length;
        ASSERT_EQ(after->broken_lines, before->broken_lines) << length;
    }
}

TEST(Journal, ForeignAndBrokenLinesAreLeftOut)
{
    Folder const folder;
    folder.write("j", "[1]\n{}\n{\"event\":\"done\",\"job\":7}\n{\"event\":\"dance\",\"job\":\"a\"}\n"
                      "{\"event\":\"done\",\"job\":\"b\",\"fingerprint\":\"f\"}\n" +
                          std::string(3 << 20, 'x') + "\n{\"event\":\"start\",\"job\":\"c\"}\n");
    auto const records = read_batch_journal(folder / "j").value();
    EXPECT_EQ(records.jobs.at("b").state, JobState::done);
    EXPECT_EQ(records.jobs.at("c").state, JobState::running);
    EXPECT_EQ(records.jobs.at("a").state, JobState::waiting);
    EXPECT_GE(records.broken_lines, 2U);
}

TEST(StoredJobs, ComeBackAsTheyWere)
{
    Folder const folder;
    BatchFolder const batch(folder.path());
    ASSERT_TRUE(batch.make());
    std::vector<BatchJob> const jobs{
        {.path = "/a b\n\x7f.raw", .name = "a", .options = {{"flag"}, {"to", {"vhd"}}}, .where = "x, line 1"},
        {.path = "/\xc3\xa9.raw", .name = "\xc3\xa9", .options = {{"tag", {"x=1", "y=\"2\""}}}, .where = ""}};
    ASSERT_TRUE(store_jobs(batch, jobs));
    auto const stored = stored_jobs(folder.path()).value();
    ASSERT_EQ(stored.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(stored[i].path, jobs[i].path);
        EXPECT_EQ(stored[i].name, jobs[i].name);
        EXPECT_EQ(stored[i].options, jobs[i].options);
        EXPECT_EQ(stored_job(folder.path(), i).value().path, jobs[i].path);
    }
    EXPECT_FALSE(stored_job(folder.path(), 2));
    EXPECT_FALSE(stored_jobs(folder / "nowhere"));
}
