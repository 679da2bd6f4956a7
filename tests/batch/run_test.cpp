// A run over workers that only pretend: what is started, what is told, what is done again.
#include <imgport/batch.hpp>

#include <algorithm>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/estimate.hpp"
#include "batch/fingerprint.hpp"
#include "batch/journal.hpp"
#include "batch/run_parts.hpp"
#include "support/file_lock.hpp"
#include "support/text.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::HasSubstr;

namespace {

class Recorder final : public BatchWatcher {
public:
    void note(std::string_view text) override { notes += std::string(text) + "\n"; }
    void remark(const JobStatus &job, std::string_view text) override { notes += job.name + ": " + std::string(text); }
    void changed(const JobStatus &job, const BatchStatus &) override
    {
        changes += job.name + ":" + to_string(job.state) + " ";
    }
    void tick(const BatchStatus &) override {}
    std::string notes;
    std::string changes;
};

// The worker of these tests writes the job's name into the folder, then does what the image's text says.
constexpr const char *worker_script = R"sh(
dir=$2
name=$(sed -n "$(($4 + 2))p" "$dir/.imgport-batch/jobs.jsonl" | sed 's/^{"name":"\([^"]*\)".*/\1/')
path=$(sed -n "$(($4 + 2))p" "$dir/.imgport-batch/jobs.jsonl" | sed 's/.*"path":"\([^"]*\)".*/\1/')
echo "$name" >>"$dir/started"
echo '{"stage":"convert"}'
case $(cat "$path") in
  crash*) kill -SEGV $$ ;;
  killed*) kill -KILL $$ ;;
  hang*) sleep 100 ;;
  mute*) echo "no luck" >&2; exit 3 ;;
  fail*) echo "{\"result\":{\"job\":\"$name\",\"path\":\"$path\",\"exit_code\":3,\"reason\":\"malformed\"}}"; exit 3 ;;
  elsewhere*) echo "{\"result\":{\"job\":\"$name\",\"path\":\"$path\",\"exit_code\":4,\"again\":true,\"reason\":\"/elsewhere/x: cannot be written: No space left on device\"}}"; exit 4 ;;
  space*) echo "{\"result\":{\"job\":\"$name\",\"path\":\"$path\",\"exit_code\":4,\"again\":true,\"reason\":\"No space left on device\"}}"; exit 4 ;;
  *) echo made >"$dir/$name.qcow2"
     echo "{\"result\":{\"job\":\"$name\",\"path\":\"$path\",\"exit_code\":0,\"verdict\":\"pass\",\"files\":[{\"file\":\"$name.qcow2\",\"size\":5}]}}" ;;
esac
)sh";

class BatchRun : public ::testing::Test {
protected:
    BatchRun()
    {
        m_options.output_dir = m_folder / "out";
        m_options.worker = {"/bin/sh", m_folder.write("worker.sh", worker_script)};
        m_options.meaning = [](const BatchJob &) { return ConvertOptions{}; };
    }

    BatchJob job(const std::string &name, const std::string &text)
    {
        BatchJob made;
        made.path = m_folder.write(name + ".raw", text);
        made.name = name;
        return made;
    }

    BatchOutcome run(const std::vector<BatchJob> &jobs)
    {
        auto outcome = run_batch(jobs, m_options, m_watcher);
        EXPECT_TRUE(outcome) << (outcome ? "" : describe(outcome.error()));
        return outcome ? *outcome : BatchOutcome{};
    }

    // Who was started since the last time, sorted.
    std::string started()
    {
        std::string const text = m_folder.read("out/started");
        ::unlink((m_folder / "out/started").c_str());
        std::vector<std::string> names = split(text, '\n');
        std::sort(names.begin(), names.end());
        names.erase(std::remove(names.begin(), names.end(), ""), names.end());
        return join(names, " ");
    }

    Folder m_folder;
    BatchOptions m_options;
    Recorder m_watcher;
};

}  // namespace

TEST_F(BatchRun, OneImagesFateIsNoOthers)
{
    m_options.timeout = std::chrono::seconds(1);
    auto const outcome = run(
        {job("a", "good"), job("b", "crash"), job("c", "fail"), job("d", "hang"), job("e", "mute"), job("f", "good")});
    ASSERT_EQ(outcome.status.jobs.size(), 6U);
    EXPECT_EQ(outcome.status.done, 2U);
    EXPECT_EQ(outcome.status.failed, 4U);
    EXPECT_EQ(outcome.exit_code, 4);
    auto const &jobs = outcome.status.jobs;
    EXPECT_EQ(jobs[0].state, JobState::done);
    EXPECT_EQ(jobs[0].artifact_bytes, 5U);
    EXPECT_THAT(jobs[1].reason, HasSubstr("signal 11"));
    EXPECT_EQ(jobs[2].exit_code, 3);
    EXPECT_EQ(jobs[2].reason, "malformed");
    EXPECT_THAT(jobs[3].reason, HasSubstr("within 1 s"));
    EXPECT_THAT(jobs[4].reason, HasSubstr("no luck"));
    EXPECT_EQ(jobs[4].exit_code, 3);
    EXPECT_EQ(started(), "a b c d e f");
    // The same from outside, and as a report: what needs attention first.
    auto const status = batch_status(m_options.output_dir).value();
    EXPECT_EQ(status.done, 2U);
    EXPECT_EQ(status.failed, 4U);
    EXPECT_FALSE(status.active);
    auto const report = batch_report(m_options.output_dir).value();
    ASSERT_EQ(report.images.size(), 6U);
    EXPECT_EQ(report.images.front().path, m_folder / "b.raw");
}

TEST_F(BatchRun, FinishedImagesAreLeftAlone)
{
    std::vector<BatchJob> jobs{job("a", "good"), job("b", "crash"), job("c", "fail")};
    run(jobs);
    EXPECT_EQ(started(), "a b c");
    auto const again = run(jobs);
    EXPECT_EQ(started(), "");
    EXPECT_EQ(again.exit_code, 4);
    EXPECT_EQ(again.status.failed, 2U);
    // Another image in the list is all that is done.
    jobs.insert(jobs.begin(), job("z", "good"));
    run(jobs);
    EXPECT_EQ(started(), "z");
}

TEST_F(BatchRun, AChangedSourceOptionOrArtifactIsDoneAgain)
{
    std::vector<BatchJob> jobs{job("a", "good"), job("b", "good"), job("c", "good"), job("d", "good")};
    run(jobs);
    EXPECT_EQ(started(), "a b c d");
    job("b", "good, and longer");
    jobs[2].options.push_back({"to", {"vhd"}});
    jobs[2].options.push_back({"overwrite"});
    ::unlink((m_folder / "out/d.qcow2").c_str());
    run(jobs);
    EXPECT_EQ(started(), "b c d");
    run(jobs);
    EXPECT_EQ(started(), "");
}

TEST_F(BatchRun, AFinishedImageOutlivesItsSource)
{
    std::vector<BatchJob> jobs{job("a", "good"), job("b", "good"), job("c", "fail")};
    jobs[0].options.push_back({"data-disk", {m_folder.write("data.raw", "data")}});
    run(jobs);
    EXPECT_EQ(started(), "a b c");
    ::unlink((m_folder / "data.raw").c_str());
    auto const again = run(jobs);
    EXPECT_EQ(started(), "");
    EXPECT_EQ(again.status.done, 2U);
    EXPECT_THAT(m_watcher.notes, HasSubstr("a is finished and its source is not there"));
    EXPECT_EQ(batch_status(m_options.output_dir)->done, 2U);
    ::unlink(jobs[1].path.c_str());
    m_watcher.notes.clear();
    m_options.retry = {"c"};
    run(jobs);
    // What had failed, or was never done, is not finished.
    EXPECT_EQ(started(), "c");
    EXPECT_THAT(m_watcher.notes, HasSubstr("2 images are finished and their sources are not there"));
    EXPECT_THAT(m_watcher.notes, HasSubstr("the first is a"));
    m_options.retry.clear();
    ::unlink(jobs[2].path.c_str());
    jobs.push_back(job("d", "good"));
    ::unlink(jobs[3].path.c_str());
    run(jobs);
    EXPECT_EQ(started(), "c d");
    auto const plan =
        plan_batch(jobs, {.output_dir = m_options.output_dir, .meaning = m_options.meaning}, silent_progress()).value();
    EXPECT_TRUE(plan.images[0].finished);
    EXPECT_TRUE(plan.images[1].finished);
    EXPECT_FALSE(plan.images[1].refused);
    // Without its artifact there is nothing to leave.
    ::unlink((m_folder / "out/b.qcow2").c_str());
    run(jobs);
    EXPECT_EQ(started(), "b");
}

TEST_F(BatchRun, ACrashForgetsNothingThatWasMade)
{
    std::vector<BatchJob> const jobs{job("a", "good")};
    run(jobs);
    BatchFolder const folder(m_options.output_dir);
    ASSERT_TRUE(write_result(
        folder,
        {.job = "a", .path = jobs[0].path, .fingerprint = Fingerprints().of(jobs[0]), .files = {{"a.qcow2", 5}}}));
    job("a", "crash");
    EXPECT_EQ(run(jobs).status.failed, 1U);
    EXPECT_EQ(m_folder.read("out/a.qcow2"), "made\n");
    auto const result = read_result(folder, "a").value();
    EXPECT_TRUE(result.files.empty());
    EXPECT_EQ(result.earlier, std::vector<std::string>{"a.qcow2"});
}

TEST_F(BatchRun, AnInterruptedRetryIsNotDone)
{
    std::vector<BatchJob> const jobs{job("a", "good"), job("b", "good")};
    run(jobs);
    BatchFolder const folder(m_options.output_dir);
    auto const write = [&](bool again) {
        ASSERT_TRUE(write_result(folder, {.job = "a",
                                          .path = jobs[0].path,
                                          .fingerprint = Fingerprints().of(jobs[0]),
                                          .again = again,
                                          .files = {{"a.qcow2", 5}}}));
    };
    auto const tell = [&](const std::string &event) {
        auto journal = Journal::open(folder.journal()).value();
        journal.append({.event = event, .job = "a"});
        ASSERT_TRUE(journal.flush(true));
    };
    write(true);
    tell("retry");
    EXPECT_EQ(batch_status(m_options.output_dir)->left, 1U);
    tell("start");
    EXPECT_EQ(batch_status(m_options.output_dir)->left, 1U);
    write(false);
    EXPECT_EQ(batch_status(m_options.output_dir)->done, 2U);
}

TEST_F(BatchRun, WaitsForSpaceOnlyWhereItCanSeeIt)
{
    m_options.wait_for_space = true;
    auto const outcome = run({job("a", "elsewhere"), job("b", "good")});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(outcome.status.done, 1U);
    EXPECT_TRUE(outcome.status.jobs[0].again);
    // There may have been less room for a while. It is tried again, but not for ever.
    EXPECT_EQ(started(), "a a a b");
}

TEST_F(BatchRun, WhatTheMachineSpoiledIsTriedAgain)
{
    std::vector<BatchJob> jobs{job("a", "killed"), job("b", "space"), job("c", "crash")};
    auto const first = run(jobs);
    EXPECT_EQ(started(), "a b c");
    EXPECT_EQ(first.exit_code, 4);
    run(jobs);
    EXPECT_EQ(started(), "a b");
    m_options.retry_failed = true;
    run(jobs);
    EXPECT_EQ(started(), "a b c");
    m_options.retry_failed = false;
    m_options.retry = {"c"};
    run(jobs);
    EXPECT_EQ(started(), "a b c");
    m_options.retry = {"cc"};
    auto const wrong = run_batch(jobs, m_options, m_watcher);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::usage);
}

TEST_F(BatchRun, AJournalCutShortLosesNothingThatAResultHolds)
{
    std::vector<BatchJob> jobs{job("a", "good"), job("b", "good"), job("c", "good")};
    run(jobs);
    started();
    // Results as real workers write them.
    BatchFolder const folder(m_options.output_dir);
    for (auto const &one : jobs)
        ASSERT_TRUE(write_result(folder, {.job = one.name,
                                          .path = one.path,
                                          .fingerprint = Fingerprints().of(one),
                                          .files = {{one.name + ".qcow2", 5}}}));
    std::string const whole = m_folder.read("out/.imgport-batch/journal.jsonl");
    for (std::size_t length = 0; length < whole.size(); length += 37) {
        m_folder.write("out/.imgport-batch/journal.jsonl", whole.substr(0, length));
        auto const outcome = run(jobs);
        ASSERT_EQ(started(), "") << length;
        ASSERT_EQ(outcome.status.done, 3U) << length;
        ASSERT_EQ(batch_status(m_options.output_dir)->done, 3U) << length;
    }
}

TEST_F(BatchRun, ASecondRunInTheSameFolderIsTurnedAway)
{
    BatchFolder const folder(m_options.output_dir);
    ASSERT_TRUE(folder.make());
    auto const lock = FileLock::take(folder.run_lock()).value();
    ASSERT_TRUE(lock);
    auto const outcome = run_batch({job("a", "good")}, m_options, m_watcher);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::environment);
    EXPECT_EQ(started(), "");
}

TEST(ForWantOfSpace, IsNoPathThatSaysSo)
{
    for (const char *const reason :
         {"No space left on device", "/x/a.qcow2: cannot be written: No space left on device",
          "/x/a.qcow2: cannot be written: Disk quota exceeded (make room there)",
          "no space is left where the output is written (make room there, or choose another folder)"})
        EXPECT_TRUE(for_want_of_space(reason)) << reason;
    for (const char *const reason :
         {"/x/no space/a.qcow2: cannot be written: Input/output error",
          "/x: No space left on device/a.qcow2: cannot be written: Permission denied", "there is no space between", ""})
        EXPECT_FALSE(for_want_of_space(reason)) << reason;
}

TEST(FractionOfJob, GrowsFromStageToStage)
{
    EXPECT_LT(fraction_of_job("inspect", 1), fraction_of_job("convert", 0.5));
    EXPECT_LT(fraction_of_job("convert", 1), fraction_of_job("verify", 0.5));
    EXPECT_EQ(fraction_of_job("dance", 1), 0);
    EXPECT_LE(fraction_of_job("verify", 7), 1);
}

TEST(Fingerprint, IsOfTheSourceTheOptionsAndTheFilesTheyName)
{
    Folder const folder;
    BatchJob job;
    job.path = folder.write("a.raw", "one");
    job.name = "a";
    auto const of = [&] { return Fingerprints().of(job); };
    std::string const first = of();
    EXPECT_EQ(first.size(), 64U);
    EXPECT_EQ(of(), first);
    job.options = {{"overwrite"}};
    EXPECT_EQ(of(), first);
    job.options = {{"config", {folder.write("imgport.toml", "jobs = 1")}}};
    std::string const with_config = of();
    EXPECT_NE(with_config, first);
    folder.write("imgport.toml", "jobs = 2");
    EXPECT_NE(of(), with_config);
    job.options = {{"allow-extent", {"a-flat.vmdk"}}};
    std::string const without_extent = of();
    folder.write("a-flat.vmdk", "data");
    EXPECT_NE(of(), without_extent);
    job.options.clear();
    folder.write("a.raw", "two!");
    EXPECT_NE(of(), first);
}

TEST(Estimate, FollowsTheTargetAndTheSource)
{
    constexpr std::uint64_t GiB = std::uint64_t{1} << 30;
    ImageFacts raw;
    raw.format = Format::raw;
    raw.virtual_size = raw.file_size = 100 * GiB;
    raw.allocated_size = 10 * GiB;
    ConvertOptions plain;
    ConvertOptions compressed;
    compressed.compression = Compression::fast;
    auto const whole = estimate_artifact(raw, plain);
    EXPECT_GE(whole.expected, 10 * GiB);
    EXPECT_LT(whole.expected, 11 * GiB);
    EXPECT_GE(whole.at_most, 100 * GiB);
    EXPECT_LT(estimate_artifact(raw, compressed).expected, 6 * GiB);
    EXPECT_EQ(whole.temporary, 0U);
    ImageFacts packed = raw;
    packed.wrapped_in = {"xz"};
    packed.file_size = packed.allocated_size = 3 * GiB;
    EXPECT_GT(estimate_artifact(packed, plain).expected, 5 * GiB);
    EXPECT_GT(estimate_artifact(packed, plain).temporary, 0U);
    packed.virtual_size.reset();
    EXPECT_EQ(estimate_artifact(packed, plain).at_most, 0U);
}
