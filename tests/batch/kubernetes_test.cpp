// A run on Kubernetes: what is refused, what is written down, and what is made of the results that pods leave.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/fingerprint.hpp"
#include "batch/kubernetes_volumes.hpp"
#include "batch/result.hpp"
#include "support/file_lock.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

class Notes final : public BatchWatcher {
public:
    void note(std::string_view text) override { notes += std::string(text) + "\n"; }
    void remark(const JobStatus &, std::string_view) override {}
    void changed(const JobStatus &, const BatchStatus &) override {}
    void tick(const BatchStatus &) override {}
    std::string notes;
};

class OnKubernetes : public ::testing::Test {
protected:
    OnKubernetes()
    {
        m_options.output_dir = m_folder / "out";
        m_options.place = BatchPlace::kubernetes;
        m_options.kubernetes.volumes = {{"data", m_folder.path()}};
        m_options.meaning = [](const BatchJob &) { return ConvertOptions{}; };
        for (std::string const name : {"a", "b", "c"}) {
            BatchJob job;
            job.path = m_folder.write(name + ".raw", name);
            job.name = name;
            m_jobs.push_back(job);
        }
    }

    Result<BatchOutcome> run()
    {
        m_watcher.notes.clear();
        return run_batch(m_jobs, m_options, m_watcher);
    }

    std::string refusal()
    {
        auto const outcome = run();
        if (outcome)
            return "none";
        EXPECT_EQ(outcome.error().code, ErrorCode::usage);
        EXPECT_FALSE(std::filesystem::exists(m_folder / manifest));
        return describe(outcome.error());
    }

    // What a pod leaves behind.
    void pod(std::size_t index, int exit_code, bool again = false)
    {
        BatchResult result{.job = m_jobs[index].name,
                           .path = m_jobs[index].path,
                           .fingerprint = Fingerprints().of(m_jobs[index]),
                           .exit_code = exit_code,
                           .reason = exit_code == 0 ? "" : "the reason",
                           .again = again};
        if (exit_code == 0) {
            m_folder.write("out/" + result.job + ".qcow2", "12345");
            result.files = {{result.job + ".qcow2", 5}};
        }
        ASSERT_TRUE(write_result(BatchFolder(m_options.output_dir), result));
    }

    static constexpr const char *manifest = "out/.imgport-batch/kubernetes/job.yaml";
    Folder m_folder;
    BatchOptions m_options;
    std::vector<BatchJob> m_jobs;
    Notes m_watcher;
};

}  // namespace

TEST_F(OnKubernetes, WhatIsLeftIsWrittenDownAndNoFailure)
{
    auto const first = run();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->exit_code, 0);
    EXPECT_EQ(first->status.left, 3U);
    EXPECT_THAT(m_watcher.notes, HasSubstr("3 images are left: kubectl apply -f "));
    EXPECT_THAT(m_watcher.notes, HasSubstr("podman build"));
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("completions: 3"));
    EXPECT_THAT(m_folder.read("out/.imgport-batch/kubernetes/Containerfile"), HasSubstr("FROM debian:12-slim"));

    pod(0, 0);
    pod(2, 3);
    // Before anything is gathered it is seen.
    auto const seen = batch_status(m_options.output_dir).value();
    EXPECT_EQ(seen.done, 1U);
    EXPECT_EQ(seen.failed, 1U);
    EXPECT_EQ(seen.left, 1U);
    EXPECT_EQ(seen.jobs[0].artifact_bytes, 5U);
    std::string const journal = m_folder.read("out/.imgport-batch/journal.jsonl");
    EXPECT_THAT(journal, Not(HasSubstr("recovered")));

    std::string const before = m_folder.read(manifest);
    m_options.kubernetes.image = "ours:1";
    auto const second = run();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->exit_code, 3);
    EXPECT_EQ(second->status.left, 1U);
    EXPECT_THAT(m_watcher.notes, Not(HasSubstr("podman build")));
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("completions: 1\n"));
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("\"--among\"\n            - \"1\""));
    auto const name = [](const std::string &text) { return text.substr(text.find("  name: "), 60); };
    EXPECT_NE(name(before), name(m_folder.read(manifest)));

    pod(1, 0);
    auto const third = run();
    ASSERT_TRUE(third);
    EXPECT_EQ(third->exit_code, 3);
    EXPECT_EQ(third->status.left, 0U);
    EXPECT_THAT(m_watcher.notes, HasSubstr("every image is finished"));
    EXPECT_FALSE(std::filesystem::exists(m_folder / manifest));
}

TEST_F(OnKubernetes, AFailureOfTheMachineIsOneAndIsTriedAgain)
{
    ASSERT_TRUE(run());
    pod(0, 0);
    pod(1, 4, true);
    pod(2, 0);
    auto const seen = batch_status(m_options.output_dir).value();
    EXPECT_EQ(seen.failed, 1U);
    EXPECT_TRUE(seen.jobs[1].again);
    auto const outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 4);
    EXPECT_EQ(outcome->status.left, 1U);
    EXPECT_EQ(outcome->status.jobs[1].reason, "the reason");
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("completions: 1\n"));
    pod(1, 0);
    EXPECT_EQ(run()->exit_code, 0);
}

TEST_F(OnKubernetes, ARetryIsSubmittedWithoutAFailure)
{
    ASSERT_TRUE(run());
    for (std::size_t i = 0; i < 3; ++i)
        pod(i, i == 1 ? 3 : 0);
    EXPECT_EQ(run()->exit_code, 3);
    m_options.retry_failed = true;
    EXPECT_EQ(run()->exit_code, 0);
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("completions: 1\n"));
    pod(1, 0);
    m_options.retry_failed = false;
    auto const seen = batch_status(m_options.output_dir).value();
    EXPECT_EQ(seen.done, 3U);
    EXPECT_EQ(run()->exit_code, 0);
}

TEST_F(OnKubernetes, ARetryGivenTwiceKeepsWhatPodsDidBetween)
{
    ASSERT_TRUE(run());
    for (std::size_t i = 0; i < 3; ++i)
        pod(i, i == 1 ? 3 : 0);
    EXPECT_THAT(m_watcher.notes, HasSubstr("the same command as now gathers it"));
    EXPECT_EQ(run()->exit_code, 3);
    m_options.retry_failed = true;
    EXPECT_EQ(run()->status.left, 1U);
    EXPECT_THAT(m_watcher.notes, HasSubstr("imgport batch run --output " + m_folder / "out" +
                                           " --on kubernetes --volume data=" + m_folder.path()));
    pod(1, 0);
    auto const gathered = run();
    EXPECT_EQ(gathered->exit_code, 0);
    EXPECT_EQ(gathered->status.left, 0U);

    // One that is named; and one that failed again is not failed twice at once.
    m_options.retry_failed = false;
    m_options.retry = {"a"};
    EXPECT_EQ(run()->status.left, 1U);
    EXPECT_EQ(batch_status(m_options.output_dir)->left, 1U);
    EXPECT_EQ(run()->status.left, 1U);
    pod(0, 3);
    EXPECT_EQ(run()->status.failed, 1U);
    EXPECT_EQ(run()->status.left, 1U);
}

TEST_F(OnKubernetes, WhatPodsMendedSinceIsNotFailed)
{
    ASSERT_TRUE(run());
    pod(0, 0);
    pod(1, 4, true);
    pod(2, 0);
    m_options.place = BatchPlace::here;
    m_options.worker = {"/bin/sh", "-c", "kill -KILL $$"};
    EXPECT_EQ(run()->exit_code, 4);
    pod(1, 0);
    m_options.place = BatchPlace::kubernetes;
    m_options.retry_failed = true;
    auto const outcome = run();
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->status.done, 3U);
}

TEST_F(OnKubernetes, SourcesThatAreGoneWhenItIsGatheredAreNoMatter)
{
    ASSERT_TRUE(run());
    for (std::size_t i = 0; i < 3; ++i) {
        pod(i, 0);
        std::filesystem::remove(m_jobs[i].path);
    }
    EXPECT_EQ(batch_status(m_options.output_dir)->done, 3U);
    auto const outcome = run();
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->status.done, 3U);
}

TEST_F(OnKubernetes, PodsAtWorkAreSeenAndNotDisturbed)
{
    ASSERT_TRUE(run());
    std::string const before = m_folder.read(manifest);
    pod(0, 0);
    auto claim = FileLock::take(BatchFolder(m_options.output_dir).claim("b")).value();
    ASSERT_TRUE(claim);
    auto const seen = batch_status(m_options.output_dir).value();
    EXPECT_EQ(seen.done, 1U);
    EXPECT_EQ(seen.running, 1U);
    EXPECT_THAT(batch_status_text(seen, {}), HasSubstr("being worked on"));
    EXPECT_EQ(run()->exit_code, 0);
    EXPECT_THAT(m_watcher.notes, HasSubstr("1 of them are being worked on"));
    EXPECT_EQ(m_folder.read(manifest), before);
    claim.reset();
    EXPECT_EQ(run()->exit_code, 0);
    EXPECT_NE(m_folder.read(manifest), before);
}

TEST_F(OnKubernetes, ResultsOfOtherSourcesDoNotCountAndAreToldOf)
{
    ASSERT_TRUE(run());
    pod(0, 0);
    m_folder.write("a.raw", "another");
    EXPECT_EQ(batch_status(m_options.output_dir)->done, 0U);
    ASSERT_TRUE(run());
    EXPECT_THAT(m_watcher.notes, HasSubstr("the first is a"));
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("completions: 3"));
}

TEST_F(OnKubernetes, WhatPodsDoNotSeeIsRefused)
{
    m_options.kubernetes.volumes.clear();
    EXPECT_THAT(refusal(), HasSubstr("the folder of the batch"));
    m_options.kubernetes.volumes = {{"out", m_folder / "out"}};
    EXPECT_THAT(refusal(), HasSubstr("a: its image"));
    EXPECT_THAT(refusal(), HasSubstr("--volume CLAIM=" + m_folder.path()));
    m_options.kubernetes.volumes = {{"data", m_folder.path() + "/"}};

    auto const with = [&](const std::string &option, const std::string &value) {
        m_jobs[1].options = {{option, {value}}};
        return refusal();
    };
    EXPECT_THAT(with("data-disk", "/elsewhere/d.raw"), HasSubstr("b: its data disk"));
    EXPECT_THAT(with("config", "/elsewhere/imgport.toml"), HasSubstr("b: its configuration"));
    EXPECT_THAT(with("baseline", "/elsewhere/report.json"), HasSubstr("b: its baseline"));
    EXPECT_THAT(with("profile", "/elsewhere/ours.toml"), HasSubstr("b: its profile"));
    EXPECT_THAT(with("upload", "dir:/elsewhere"), HasSubstr("b: its destination"));
    EXPECT_EQ(with("profile", "aws"), "none");
    std::filesystem::remove_all(m_folder / "out");

    m_jobs[1].options.clear();
    std::string const whole = m_jobs[1].path;
    m_jobs[1].path = "ssh://host/dev/vda";
    EXPECT_THAT(refusal(), HasSubstr("b: its image is on another machine"));
    m_jobs[1].path = "/dev/vda";
    EXPECT_THAT(refusal(), HasSubstr("b: its image is a device"));
    m_jobs[1].path = m_folder / "link.raw";
    Folder const elsewhere;
    elsewhere.write("real.raw", "there");
    std::filesystem::create_symlink(elsewhere / "real.raw", m_jobs[1].path);
    EXPECT_THAT(refusal(), HasSubstr("is a link to"));
    std::filesystem::remove(m_jobs[1].path);
    std::filesystem::create_symlink(whole, m_jobs[1].path);
    EXPECT_EQ(refusal(), "none");
}

TEST_F(OnKubernetes, FinishedImagesNeedNotBeSeen)
{
    ASSERT_TRUE(run());
    pod(0, 0);
    ASSERT_TRUE(run());
    m_options.kubernetes.volumes = {{"out", m_folder / "out"}, {"rest", m_folder / "rest"}};
    for (std::size_t const i : {1U, 2U}) {
        std::filesystem::create_directories(m_folder / "rest");
        m_jobs[i].path = m_folder.write("rest/" + m_jobs[i].name + ".raw", "x");
    }
    EXPECT_TRUE(run());
    EXPECT_THAT(m_folder.read(manifest), HasSubstr("1-2"));
}

TEST_F(OnKubernetes, VolumesAreWrittenToWhereTheyMustBe)
{
    m_jobs[1].options = {{"upload", {"dir:" + m_folder / "store/x"}}};
    std::vector<const BatchJob *> jobs;
    for (auto const &job : m_jobs)
        jobs.push_back(&job);
    std::vector<SharedVolume> const volumes{
        {"data", m_folder.path()}, {"out", m_folder / "out"}, {"store", m_folder / "store"}};
    auto const mounts = volumes_for(m_folder / "out", jobs, volumes).value();
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_FALSE(mounts[0].writable);
    EXPECT_TRUE(mounts[1].writable);
    EXPECT_TRUE(mounts[2].writable);
}

TEST_F(OnKubernetes, PermissionsThatPodsLackAreToldOf)
{
    ASSERT_TRUE(run());
    EXPECT_EQ(m_watcher.notes.find("may not read"), std::string::npos);
    ::chmod((m_folder / "a.raw").c_str(), 0);
    ASSERT_TRUE(run());
    EXPECT_THAT(m_watcher.notes, HasSubstr("may not read " + m_folder / "a.raw"));
    ::chmod((m_folder / "out").c_str(), 0555);
    ASSERT_TRUE(run_batch(m_jobs, m_options, m_watcher));
    EXPECT_THAT(m_watcher.notes, HasSubstr("may not write in " + m_folder / "out"));
    ::chmod((m_folder / "out").c_str(), 0755);
}
