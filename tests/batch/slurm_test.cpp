// What Slurm is asked and what it answers, without one; tests/e2e/slurm.sh asks a real one.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/slurm_calls.hpp"
#include "batch/slurm_folder.hpp"
#include "support/file.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SlurmTask, IsALineOfSqueue)
{
    auto const running = parse_slurm_task("12|3|RUNNING|n1|None|imgport-abc-1\n");
    ASSERT_TRUE(running);
    EXPECT_EQ(running->array, 12U);
    EXPECT_EQ(running->number, 3U);
    EXPECT_EQ(running->phase, SlurmPhase::running);
    EXPECT_EQ(running->node, "n1");
    EXPECT_EQ(running->name, "imgport-abc-1");

    auto const pending = parse_slurm_task("12|4|PENDING||BeginTime|imgport-abc-1");
    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->phase, SlurmPhase::pending);
    EXPECT_EQ(pending->reason, "BeginTime");
}

TEST(SlurmTask, IsOverOnlyInStatesThatAreKnownAsSuch)
{
    for (const char *const state : {"COMPLETED", "FAILED", "NODE_FAIL", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY",
                                    "PREEMPTED", "BOOT_FAIL", "DEADLINE"}) {
        auto const task = parse_slurm_task(std::string("1|1|") + state + "|n1|None|x");
        ASSERT_TRUE(task) << state;
        EXPECT_EQ(task->phase, SlurmPhase::over) << state;
    }
    EXPECT_EQ(parse_slurm_task("1|1|COMPLETING|n1|None|x")->phase, SlurmPhase::running);
    EXPECT_EQ(parse_slurm_task("1|1|A_STATE_OF_TOMORROW|n1|None|x")->phase, SlurmPhase::running);
    EXPECT_EQ(parse_slurm_task("1|1|REQUEUED|n1|None|x")->phase, SlurmPhase::pending);
}

TEST(SlurmTask, IsNotWhatElseSqueueSays)
{
    EXPECT_FALSE(parse_slurm_task(""));
    EXPECT_FALSE(parse_slurm_task("slurm_load_jobs error: Invalid job id specified"));
    EXPECT_FALSE(parse_slurm_task("12|5-100%2|PENDING||Resources|x"));  // tasks that are not told apart
    EXPECT_FALSE(parse_slurm_task("12|N/A|RUNNING|n1|None|x"));         // no array
}

TEST(Sbatch, TakesTheUsersOptionsButForWhatFindsTheArrayAgain)
{
    SlurmArray const array{.name = "imgport-abc-1",
                           .script = "/shared/out/.imgport-batch/slurm/1.sh",
                           .folder = "/shared/out",
                           .log_folder = "/shared/100%",
                           .tasks = 30,
                           .at_once = 6,
                           .threads = 4,
                           .options = {"--mem=8G", "--job-name=migration"}};
    auto const command = sbatch_command(array);
    EXPECT_EQ(command.front(), "sbatch");
    EXPECT_EQ(command.back(), array.script);
    EXPECT_THAT(command, Contains("--array=1-30%6"));
    EXPECT_THAT(command, Contains("--cpus-per-task=4"));
    EXPECT_THAT(command, Contains("--requeue"));
    EXPECT_THAT(command, Contains("--output=/shared/100%%/%A_%a.log"));
    auto const place = [&](const char *word) { return std::find(command.begin(), command.end(), word); };
    EXPECT_LT(place("--mem=2G"), place("--mem=8G"));
    EXPECT_LT(place("--job-name=migration"), place("--job-name=imgport-abc-1"));
    EXPECT_TRUE(check_sbatch_options(array.options));
    for (auto const *const option : {"--clusters=other", "-Mother", "--wait", "-W"})
        EXPECT_FALSE(check_sbatch_options({"--mem=1G", option})) << option;

    SlurmArray unlimited = array;
    unlimited.at_once = 0;
    EXPECT_THAT(sbatch_command(unlimited), Contains("--array=1-30"));
}

TEST(Sbatch, PassesOnNoKeys)
{
    ASSERT_EQ(::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1), 0);
    for (auto const &word : sbatch_command({.name = "x", .script = "x", .folder = "/", .log_folder = "x", .tasks = 1}))
        EXPECT_THAT(word, ::testing::AllOf(::testing::Not(HasSubstr("ALL")), ::testing::Not(HasSubstr("AWS"))));
    ::unsetenv("AWS_SECRET_ACCESS_KEY");
}

TEST(SlurmFolder, KnowsWhatItsTasksMean)
{
    Folder const work;
    BatchFolder const batch(work / "out");
    ASSERT_TRUE(batch.make());
    SlurmFolder const folder(batch);
    ASSERT_TRUE(folder.make());
    EXPECT_TRUE(folder.arrays().empty());
    EXPECT_FALSE(folder.entries_of(1));
    ASSERT_TRUE(folder.store(1, {{7, "web-1"}, {9, "it's a name"}}, {"/opt/a b/imgport", "batch", "work"}));
    ASSERT_TRUE(folder.store(12, {{3, "db"}}, {"imgport"}));
    EXPECT_THAT(folder.arrays(), ElementsAre(1, 12));
    auto const entries = folder.entries_of(1);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ((*entries)[1].index, 9U);
    EXPECT_EQ((*entries)[1].job, "it's a name");
    auto const script = read_text_file(folder.script_of(1), 4096);
    ASSERT_TRUE(script);
    EXPECT_THAT(*script, HasSubstr("exec '/opt/a b/imgport' batch work --output "));
    EXPECT_NE(folder.name_of(1), folder.name_of(12));
    folder.forget(1);
    EXPECT_THAT(folder.arrays(), ElementsAre(12));
}

TEST(SlurmFolder, OfAnotherBatchHasOtherNames)
{
    EXPECT_NE(SlurmFolder(BatchFolder("/a/out")).name_of(1), SlurmFolder(BatchFolder("/b/out")).name_of(1));
    EXPECT_EQ(SlurmFolder(BatchFolder("/a/out")).name_of(1), SlurmFolder(BatchFolder("/a/./out")).name_of(1));
    EXPECT_EQ(SlurmFolder(BatchFolder("/a/out")).name_of(1), SlurmFolder(BatchFolder("/a/out/")).name_of(1));
}
