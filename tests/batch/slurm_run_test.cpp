// A run on a Slurm that only pretends: what is made of its answers. tests/e2e/slurm.sh has a real one.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/fingerprint.hpp"
#include "batch/journal.hpp"
#include "batch/result.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// squeue tells the state of the only task, which is line N of `states` when it is asked for the Nth time, and before
// that puts the file `result.N` where the task's result would be.
constexpr const char *squeue = R"sh(#!/bin/sh
cd "$FAKE_SLURM" || exit 1
env >>env
n=$(($(cat asked 2>/dev/null || echo 0) + 1))
echo "$n" >asked
[ ! -e "result.$n" ] || mv "result.$n" out/.imgport-batch/results/a.json
state=$(sed -n "${n}p" states)
for word; do
  case $word in --name=*) name=${word#--name=} ;; esac
done
[ "$state" = "" ] || echo "7|1|$state|n1|None|$name"
)sh";
constexpr const char *sbatch = R"sh(#!/bin/sh
env >>"$FAKE_SLURM/env"
echo "$*" >>"$FAKE_SLURM/submitted"
echo 7
)sh";
constexpr const char *scontrol = "#!/bin/sh\necho 'MaxArraySize = 1001'\n";

class Silent final : public BatchWatcher {
public:
    void note(std::string_view) override {}
    void remark(const JobStatus &, std::string_view) override {}
    void changed(const JobStatus &, const BatchStatus &) override {}
    void tick(const BatchStatus &) override {}
};

class OnSlurm : public ::testing::Test {
protected:
    OnSlurm() : m_path(std::getenv("PATH"))
    {
        std::filesystem::create_directory(m_folder / "bin");
        for (auto const &[name, text] : {std::pair{"squeue", squeue}, {"sbatch", sbatch}, {"scontrol", scontrol}}) {
            std::string const file = m_folder.write(std::string("bin/") + name, text);
            std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        }
        ::setenv("PATH", (m_folder / "bin:" + m_path).c_str(), 1);
        ::setenv("FAKE_SLURM", m_folder.path().c_str(), 1);
        m_options.output_dir = m_folder / "out";
        m_options.place = BatchPlace::slurm;
        m_options.slurm.program = {"imgport"};
        m_options.slurm.pace = std::chrono::milliseconds(1);
        m_options.slurm.arrival = std::chrono::milliseconds(250);
        m_options.meaning = [](const BatchJob &) { return ConvertOptions{}; };
        m_job.path = m_folder.write("a.raw", "a disk");
        m_job.name = "a";
    }
    ~OnSlurm() override
    {
        ::setenv("PATH", m_path.c_str(), 1);
        ::unsetenv("FAKE_SLURM");
    }

    BatchOutcome run()
    {
        auto outcome = run_batch({m_job}, m_options, m_watcher);
        EXPECT_TRUE(outcome) << (outcome ? "" : describe(outcome.error()));
        return outcome ? *outcome : BatchOutcome{};
    }

    BatchResult result(int exit_code) const
    {
        return {.job = "a",
                .path = m_job.path,
                .fingerprint = Fingerprints().of(m_job),
                .exit_code = exit_code,
                .reason = exit_code == 0 ? "" : "the reason"};
    }

    // What the task has written when squeue is asked for the nth time.
    void appears(unsigned n, const BatchResult &result) const
    {
        BatchFolder const folder(m_options.output_dir);
        ASSERT_TRUE(folder.make());
        ASSERT_TRUE(write_result(folder, result));
        std::filesystem::rename(folder.result("a"), m_folder / "result." + std::to_string(n));
    }

    std::size_t submissions() const
    {
        std::string const text = m_folder.read("submitted");
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }

    std::string m_path;
    Folder m_folder;
    BatchOptions m_options;
    BatchJob m_job;
    Silent m_watcher;
};

}  // namespace

TEST_F(OnSlurm, ATaskThatWasOverAndRunsAgainIsGivenItsTimeAgain)
{
    // Longer on its way the second time than a result may take to arrive.
    m_folder.write("states", "RUNNING\nNODE_FAIL\nPENDING\nPENDING\nPENDING\nRUNNING\nNODE_FAIL\nCOMPLETED\n");
    appears(8, result(0));
    auto const outcome = run();
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.status.done, 1U);
    EXPECT_EQ(submissions(), 1U);
}

TEST_F(OnSlurm, WhatTheUserHasToMendIsNotSubmittedAgain)
{
    m_folder.write("states", "COMPLETED\n");
    auto taken = result(2);
    taken.again = true;
    appears(1, taken);
    EXPECT_EQ(run().exit_code, 2);
    EXPECT_EQ(submissions(), 1U);
    // But by the next run.
    m_folder.write("asked", "0");
    appears(1, result(0));
    EXPECT_EQ(run().exit_code, 0);
    EXPECT_EQ(submissions(), 2U);
}

TEST_F(OnSlurm, ARetryThatWasKilledKeepsWhatEndedUnseen)
{
    m_folder.write("states", "COMPLETED\n");
    appears(1, result(3));
    EXPECT_EQ(run().exit_code, 3);
    // So far a run with --failed came; its task went on, and nobody saw it run.
    BatchFolder const folder(m_options.output_dir);
    {
        auto journal = Journal::open(folder.journal()).value();
        journal.append({.event = "retry", .job = "a"});
        ASSERT_TRUE(journal.flush(true));
    }
    ASSERT_TRUE(write_result(folder, result(1)));
    m_options.retry_failed = true;
    EXPECT_EQ(run().exit_code, 1);
    EXPECT_EQ(submissions(), 1U);
    m_folder.write("asked", "0");
    appears(1, result(0));
    EXPECT_EQ(run().exit_code, 0);
    EXPECT_EQ(submissions(), 2U);
}

TEST_F(OnSlurm, ItsProgramsDoNotSeeTheUsersHabits)
{
    m_folder.write("states", "COMPLETED\n");
    appears(1, result(0));
    std::vector<const char *> const habits{"SQUEUE_ACCOUNT", "SQUEUE_LICENSES", "SCANCEL_STATE",
                                           "SLURM_CLUSTERS", "SBATCH_CLUSTERS", "SBATCH_WAIT"};
    for (const char *const name : habits)
        ::setenv(name, "x", 1);
    ::setenv("SBATCH_ACCOUNT", "theirs", 1);
    EXPECT_EQ(run().exit_code, 0);
    std::string const seen = m_folder.read("env");
    for (const char *const name : habits) {
        EXPECT_THAT(seen, Not(HasSubstr(std::string(name) + "=")));
        ::unsetenv(name);
    }
    EXPECT_THAT(seen, HasSubstr("SBATCH_ACCOUNT=theirs\n"));
    ::unsetenv("SBATCH_ACCOUNT");
}
