#include "handoff/import_run.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/fake_cloud.hpp"
#include "testing/import_files.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

const std::string started = R"({"RequestId":"REQ-I","ImageId":"m-1","TaskId":"t-1","RegionId":"cn-hangzhou"})";

HttpAnswer task(const std::string &status, const std::string &percent = "0%", const std::string &more = "")
{
    return json_answer(200, R"({"TaskId":"t-1","TaskStatus":")" + status + R"(","TaskProcess":")" + percent + R"(")" +
                                more + "}");
}

HttpAnswer failed_task(const std::string &code, const std::string &message)
{
    return task("Failed", "35%",
                R"(,"OperationProgressSet":{"OperationProgress":[{"OperationStatus":"Failed","ErrorCode":")" + code +
                    R"(","ErrorMsg":")" + message + R"("}]})");
}

HttpAnswer image(const std::string &status)
{
    return json_answer(
        200, R"({"Images":{"Image":[{"ImageId":"m-1","Status":")" + status +
                 R"(","DiskDeviceMappings":{"DiskDeviceMapping":[{"SnapshotId":"s-1"},{"SnapshotId":"s-2"}]}}]}})");
}

const HttpAnswer no_image = json_answer(200, R"({"Images":{"Image":[]}})");

// What the user is told.
class Notes final : public ProgressSink {
public:
    std::vector<std::string> notes;
    std::vector<std::uint64_t> progress;
    int open = 0;

    void begin(std::string_view, std::string_view) override { ++open; }
    void update(std::uint64_t done, std::uint64_t) override { progress.push_back(done); }
    void end() override { --open; }
    void note(std::string_view text) override { notes.emplace_back(text); }
    bool said(std::string_view words) const
    {
        return std::ranges::any_of(notes, [&](auto const &note) { return note.find(words) != std::string::npos; });
    }
};

struct Import : ::testing::Test {
    Folder folder;
    FakeApi api;
    CloudKeys keys;
    Notes notes;
    ImportCallOptions options{.shortest_look = std::chrono::milliseconds(0),
                              .longest_look = std::chrono::milliseconds(0)};

    Import()
    {
        write_manifest(folder, "web", system_manifest());
        write_upload(folder, "web", system_manifest());
        api.answers["ImportImage"] = {json_answer(200, started)};
        api.answers["DescribeTaskAttribute"] = {task("Waiting"), task("Processing", "0%"), task("Processing", "40%"),
                                                task("Finished", "100%")};
        api.answers["DescribeImages"] = {image("Available")};
    }

    std::string path() const { return folder / "web.manifest.json"; }
    Cloud cloud()
    {
        RetryPolicy const quick{.attempts = 4, .first_wait = std::chrono::milliseconds(1)};
        return {api, keys, quick, quick};
    }
    Result<ImportDone> run() { return import_image(path(), options, notes, cloud()); }
    Result<ImportDone> cancel() { return cancel_import(path(), options, notes, cloud()); }
    ImportReceipt receipt() const { return read_receipt(path()).value().import.value(); }
    std::string token(std::size_t call) const
    {
        std::vector<std::string> tokens;
        for (auto const &sent : api.calls) {
            if (sent.action == "ImportImage")
                tokens.push_back(sent.parameters.contains("ClientToken") ? sent.parameters.at("ClientToken") : "none");
        }
        return tokens.at(call);
    }
};

}  // namespace

TEST_F(Import, GoesOnUntilTheImageIsAvailable)
{
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(done->available);
    EXPECT_FALSE(done->was_there);
    EXPECT_EQ(api.count("ImportImage"), 1U);
    EXPECT_EQ(api.count("DescribeTaskAttribute"), 4U);
    EXPECT_EQ(api.count("DescribeImages"), 1U);
    EXPECT_EQ(notes.progress, (std::vector<std::uint64_t>{0, 0, 4000}));
    EXPECT_EQ(notes.open, 0);
    EXPECT_TRUE(notes.said("Failed until the import is done"));
    EXPECT_TRUE(notes.said("3 MiB"));  // what is billed
    auto const written = receipt();
    EXPECT_EQ(written.region, "cn-hangzhou");
    EXPECT_EQ(written.image_id, "m-1");
    EXPECT_EQ(written.task_id, "t-1");
    EXPECT_EQ(written.request_id, "REQ-I");
    EXPECT_EQ(written.task_status, "Finished");
    EXPECT_EQ(written.image_status, "Available");
    EXPECT_EQ(written.snapshot_ids, (std::vector<std::string>{"s-1", "s-2"}));
    EXPECT_EQ(written.artifacts, std::vector<std::string>{std::string(64, 'a')});
    EXPECT_EQ(written.client_token, token(0));
    EXPECT_TRUE(read_receipt(path()).value().upload) << "the upload's part stays";
    // An image that is not available yet is asked for as well.
    EXPECT_NE(api.calls.back().parameters.at("Status").find("Creating"), std::string::npos);
}

TEST_F(Import, TheTokenIsWrittenBeforeTheCall)
{
    std::string known;
    api.on_call = [&](const SentCall &call) {
        if (call.action == "ImportImage")
            known = receipt().client_token;
    };
    ASSERT_TRUE(run());
    EXPECT_FALSE(known.empty());
    EXPECT_EQ(known, token(0));
}

TEST_F(Import, NothingIsImportedTwiceAfterALostReply)
{
    api.answers["ImportImage"] = {no_answer(), json_answer(200, started)};
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("ImportImage"), 2U);
    EXPECT_EQ(token(0), token(1));
}

TEST_F(Import, NothingIsImportedTwiceByASecondRun)
{
    api.answers["ImportImage"] = {no_answer(false)};
    auto const lost = run();
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().hint.find("nothing is imported twice"), std::string::npos) << lost.error().hint;
    api.answers["ImportImage"] = {json_answer(200, started)};
    auto const name = std::exchange(options.request.image_name, "other");
    auto const other = run();
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::usage);
    EXPECT_EQ(api.count("ImportImage"), 1U);
    options.request.image_name = name;
    ASSERT_TRUE(run());
    EXPECT_EQ(token(0), token(1));
    EXPECT_TRUE(notes.said("did not see the answer"));
}

TEST_F(Import, AnotherCallWithTheSameTokenIsExplained)
{
    api.answers["ImportImage"] = {no_answer(false)};
    EXPECT_FALSE(run());
    api.answers["ImportImage"] = {api_error(400, "IdempotentParameterMismatch")};
    auto const other = run();
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().hint.find("--again"), std::string::npos);
    EXPECT_FALSE(receipt().error_code) << "the outcome of the first call is still open";
    api.answers["ImportImage"] = {json_answer(200, started)};
    options.again = true;
    ASSERT_TRUE(run());
    EXPECT_EQ(token(0), token(1));
    EXPECT_NE(token(1), token(2));
}

TEST_F(Import, ARefusedCallIsMadeAnew)
{
    api.answers["ImportImage"] = {api_error(403, "NoSetRoletoECSServiceAcount")};
    auto const refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::remote);
    EXPECT_EQ(refused.error().field, "RoleName");
    EXPECT_EQ(receipt().error_code, "NoSetRoletoECSServiceAcount");
    EXPECT_FALSE(receipt().task_id);
    api.answers["ImportImage"] = {json_answer(200, started)};
    ASSERT_TRUE(run());
    EXPECT_NE(token(0), token(1));
    EXPECT_FALSE(receipt().error_code);
}

TEST_F(Import, IsGoneOnWithAndNotBegunAgain)
{
    options.wait = false;
    auto const begun = run();
    ASSERT_TRUE(begun);
    EXPECT_FALSE(begun->available);
    EXPECT_EQ(api.count("DescribeTaskAttribute"), 0U);
    options.wait = true;
    auto const done = run();
    ASSERT_TRUE(done);
    EXPECT_TRUE(done->available);
    EXPECT_EQ(api.count("ImportImage"), 1U);
    EXPECT_TRUE(notes.said("was begun before"));
}

TEST_F(Import, OfAnImageThatIsThereIsDone)
{
    ASSERT_TRUE(run());
    auto const again = run();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->was_there);
    EXPECT_TRUE(again->available);
    EXPECT_EQ(api.count("ImportImage"), 1U);
    EXPECT_EQ(api.count("DescribeTaskAttribute"), 4U);
    api.answers["DescribeImages"] = {no_image};
    auto const gone = run();
    ASSERT_FALSE(gone);
    EXPECT_NE(gone.error().hint.find("--again"), std::string::npos);
    EXPECT_EQ(api.count("ImportImage"), 1U);
}

TEST_F(Import, WithOtherParametersThanThenIsSaid)
{
    ASSERT_TRUE(run());
    options.request.image_name = "another-name";
    auto const refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
    EXPECT_NE(refused.error().hint.find("--again"), std::string::npos);
    EXPECT_EQ(api.count("ImportImage"), 1U);
    options.again = true;
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("ImportImage"), 2U);
    // A receipt that does not know is believed.
    auto hand_over = read_receipt(path()).value();
    hand_over.import->parameters.reset();
    ASSERT_TRUE(write_receipt(path(), hand_over));
    options.again = false;
    options.request.image_name = "web-again";
    EXPECT_TRUE(run());
    EXPECT_EQ(api.count("ImportImage"), 2U);
}

TEST_F(Import, WhoseTaskIsForgottenIsFoundByItsImage)
{
    options.wait = false;
    ASSERT_TRUE(run());
    options.wait = true;
    api.answers["DescribeTaskAttribute"] = {api_error(400, "InvalidTaskId.NotFound")};
    api.answers["DescribeTasks"] = {json_answer(200, R"({"TaskSet":{"Task":[]}})")};
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(done->available);
    EXPECT_EQ(api.count("ImportImage"), 1U);
}

TEST_F(Import, OfAnotherArtifactIsAnotherImport)
{
    ASSERT_TRUE(run());
    auto other = system_manifest();
    other.artifact.sha256 = std::string(64, 'b');
    write_manifest(folder, "web", other);
    auto hand_over = read_receipt(path()).value();
    hand_over.upload->sha256 = other.artifact.sha256.value_or("");
    ASSERT_TRUE(write_receipt(path(), hand_over));
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_FALSE(done->was_there);
    EXPECT_EQ(api.count("ImportImage"), 2U);
    EXPECT_NE(token(0), token(1));
}

TEST_F(Import, ThatHasFailedSaysWhyAndTriesAgain)
{
    api.answers["DescribeTaskAttribute"] = {task("Processing", "35%"), failed_task("ImageBroken", "bad header")};
    auto const failed = run();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::remote);
    EXPECT_NE(failed.error().message.find("ImageBroken: bad header"), std::string::npos) << failed.error().message;
    EXPECT_EQ(receipt().task_status, "Failed");
    EXPECT_EQ(receipt().error_code, "ImageBroken");
    EXPECT_EQ(receipt().error_message, "bad header");
    EXPECT_EQ(api.count("DescribeImages"), 0U);
    api.answers["DescribeTaskAttribute"] = {task("Finished", "100%")};
    ASSERT_TRUE(run());
    EXPECT_TRUE(notes.said("has failed (ImageBroken: bad header)"));
    EXPECT_EQ(api.count("ImportImage"), 2U);
    EXPECT_NE(token(0), token(1));
    EXPECT_FALSE(receipt().error_code);
}

// The token is made of what is imported, so a folder made anew leads to what the cloud remembers of it.
TEST_F(Import, AFailureThatTheCloudRemembersIsNotThisOne)
{
    api.answers["DescribeTaskAttribute"] = {failed_task("ImageBroken", "bad header"), task("Processing"),
                                            task("Finished", "100%")};
    auto const done = run();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(api.count("ImportImage"), 2U);
    EXPECT_NE(token(0), token(1));
    // One that fails at once each time is a failure all the same.
    write_upload(folder, "web", system_manifest());
    api.answers["DescribeTaskAttribute"] = {failed_task("ImageBroken", "bad header")};
    auto const failed = run();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("ImageBroken"), std::string::npos);
    EXPECT_EQ(api.count("ImportImage"), 6U);
}

TEST_F(Import, AnImageThatWasDeletedSinceIsNotWaitedFor)
{
    api.answers["DescribeTaskAttribute"] = {task("Finished", "100%")};
    api.answers["DescribeImages"] = {no_image};
    auto const gone = run();
    ASSERT_FALSE(gone);
    EXPECT_NE(gone.error().hint.find("--again"), std::string::npos) << describe(gone.error());
    EXPECT_EQ(api.count("ImportImage"), 1U);
    EXPECT_LT(api.count("DescribeImages"), 20U);
}

TEST_F(Import, AnImageThatIsNotThereYetIsWaitedFor)
{
    api.answers["DescribeImages"] = {no_image, api_error(404, "InvalidImageId.NotFound"), image("Creating"),
                                     image("UnAvailable"), image("Available")};
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("DescribeImages"), 5U);
    EXPECT_EQ(receipt().image_status, "Available");
}

TEST_F(Import, AnImageThatNeverComesIsAnError)
{
    api.answers["DescribeImages"] = {no_image};
    auto const never = run();
    ASSERT_FALSE(never);
    EXPECT_NE(never.error().message.find("still not there"), std::string::npos) << never.error().message;
    EXPECT_LT(api.count("DescribeImages"), 1000U);
}

TEST_F(Import, AnImageThatCouldNotBeMadeIsAnError)
{
    api.answers["DescribeImages"] = {image("CreateFailed")};
    auto const failed = run();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("could not make the image"), std::string::npos);
}

TEST_F(Import, ATaskIsLookedForWhereItMayBe)
{
    // Without details, then listed, then with details.
    api.answers["DescribeTaskAttribute"] = {api_error(400, "InvalidTaskId.NotFound"),
                                            api_error(400, "InvalidTaskId.NotFound"), task("Finished", "100%")};
    api.answers["DescribeTasks"] = {
        json_answer(200, R"({"TaskSet":{"Task":[]}})"),
        json_answer(200, R"({"TaskSet":{"Task":[{"TaskId":"t-1","TaskStatus":"Processing"}]}})")};
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("DescribeTasks"), 2U);

    write_upload(folder, "web", system_manifest());
    api.answers["DescribeTaskAttribute"] = {api_error(400, "InvalidTaskId.NotFound")};
    api.answers["DescribeTasks"] = {json_answer(200, R"({"TaskSet":{"Task":[]}})")};
    api.answers["DescribeImages"] = {no_image};
    auto const lost = run();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().field, "TaskId");
}

TEST_F(Import, TheTaskMayBeCalledImportTask)
{
    api.answers["ImportImage"] = {json_answer(200, R"({"ImageId":"m-1","ImportTaskId":"t-1"})")};
    ASSERT_TRUE(run());
    EXPECT_EQ(receipt().task_id, "t-1");
}

TEST_F(Import, WithoutATaskTheImageTells)
{
    api.answers["ImportImage"] = {json_answer(200, R"({"ImageId":"m-1"})")};
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("DescribeTaskAttribute"), 0U);
    EXPECT_FALSE(receipt().task_id);
}

TEST_F(Import, AnOutageOfTheCloudIsSatOut)
{
    api.answers["DescribeTaskAttribute"] = {no_answer(), api_error(503, "ServiceUnavailable"),
                                            api_error(400, "Throttling.User"), task("Finished", "100%")};
    ASSERT_TRUE(run());
    EXPECT_EQ(api.count("ImportImage"), 1U);
    EXPECT_TRUE(notes.said("the connection broke; again in"));
}

TEST_F(Import, WhatCannotBeFollowedGoesOn)
{
    api.answers["DescribeTaskAttribute"] = {api_error(403, "Forbidden.RAM")};
    auto const blind = run();
    ASSERT_FALSE(blind);
    EXPECT_NE(blind.error().message.find("ecs:DescribeTaskAttribute"), std::string::npos);
    EXPECT_NE(blind.error().hint.find("goes on in the cloud"), std::string::npos);
    EXPECT_EQ(receipt().task_id, "t-1");
}

TEST_F(Import, HostileRepliesEndIt)
{
    for (const char *const reply : {R"({"ImageId":"m-1\n../x","TaskId":"t-1"})", R"({"ImageId":["m-1"]})", "{}", "[]",
                                    R"({"ImageId":"m-1","TaskId":"t 1"})"}) {
        write_upload(folder, "web", system_manifest());
        api.answers["ImportImage"] = {json_answer(200, reply)};
        auto const result = run();
        ASSERT_FALSE(result) << reply;
        EXPECT_EQ(result.error().code, ErrorCode::remote);
        EXPECT_FALSE(receipt().image_id);
    }
    api.answers["ImportImage"] = {json_answer(200, started)};
    for (const char *const reply : {"{}", R"({"TaskStatus":{}})", R"({"TaskStatus":"\u001b[31m"})"}) {
        write_upload(folder, "web", system_manifest());
        api.answers["DescribeTaskAttribute"] = {json_answer(200, reply)};
        EXPECT_FALSE(run()) << reply;
    }
    // Percentages that are none, errors that are no text.
    write_upload(folder, "web", system_manifest());
    api.answers["DescribeTaskAttribute"] = {
        task("Processing", "lots"), task("Processing", "99999999999999999999999%"), task("Processing", "250%"),
        task("Finished", "100%", R"(,"OperationProgressSet":{"OperationProgress":[7,{"ErrorCode":[]}]})")};
    notes.progress.clear();
    EXPECT_TRUE(run());
    EXPECT_EQ(notes.progress, std::vector<std::uint64_t>{10000});
}

TEST_F(Import, AReceiptIsNotBelievedBlindly)
{
    ASSERT_TRUE(run());
    auto hand_over = read_receipt(path()).value();
    hand_over.import->image_id = "m-1&Action=DeleteImage";
    hand_over.import->image_status = "";
    ASSERT_TRUE(write_receipt(path(), hand_over));
    auto const followed = run();
    ASSERT_FALSE(followed);
    EXPECT_EQ(followed.error().code, ErrorCode::malformed);
    hand_over.import->region = "evil.example.com/x";
    ASSERT_TRUE(write_receipt(path(), hand_over));
    EXPECT_FALSE(cancel());
}

TEST_F(Import, ThatTakesTooLongIsLeft)
{
    api.answers["DescribeTaskAttribute"] = {task("Processing", "10%")};
    options.timeout = std::chrono::seconds(0);
    auto const late = run();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::remote);
    EXPECT_NE(late.error().message.find("not done after 0 s"), std::string::npos) << late.error().message;
    EXPECT_NE(late.error().hint.find("goes on in the cloud"), std::string::npos);
    EXPECT_EQ(receipt().task_status, "Processing");
}

TEST_F(Import, DryRunImportsNothing)
{
    options.dry_run = true;
    api.answers["ImportImage"] = {api_error(400, "DryRunOperation")};
    auto const tried = run();
    ASSERT_TRUE(tried) << describe(tried.error());
    EXPECT_FALSE(tried->available);
    EXPECT_EQ(api.calls.back().parameters.at("DryRun"), "true");
    EXPECT_EQ(token(0), "none");
    EXPECT_FALSE(read_receipt(path()).value().import);
    api.answers["ImportImage"] = {api_error(403, "NoSetRoletoECSServiceAccount")};
    auto const refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "RoleName");
    EXPECT_FALSE(read_receipt(path()).value().import);
    // A cloud that imports all the same is not passed off as a dry run.
    api.answers["ImportImage"] = {json_answer(200, started)};
    auto const real = run();
    ASSERT_FALSE(real);
    EXPECT_NE(real.error().message.find("m-1"), std::string::npos);
}

TEST_F(Import, WhatWasUploadedMustBeTheArtifact)
{
    auto const with = [&](const std::function<void(UploadReceipt &)> &change) {
        write_upload(folder, "web", system_manifest());
        auto hand_over = read_receipt(path()).value();
        change(*hand_over.upload);
        EXPECT_TRUE(write_receipt(path(), hand_over));
        return run();
    };
    for (auto const &result : {with([](UploadReceipt &upload) { upload.size = 7; }),
                               with([](UploadReceipt &upload) { upload.sha256 = std::string(64, 'c'); }),
                               with([](UploadReceipt &upload) { upload.crc64ecma = "43"; }),
                               with([](UploadReceipt &upload) { upload.server_crc64ecma = "43"; })}) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::unverified) << describe(result.error());
    }
    auto const elsewhere = with([](UploadReceipt &upload) { upload.key = "elsewhere"; });
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().code, ErrorCode::usage);
    EXPECT_EQ(api.count("ImportImage"), 0U);
    // What neither knows is no contradiction.
    EXPECT_TRUE(with([](UploadReceipt &upload) {
        upload.sha256.clear();
        upload.server_crc64ecma = "42";
    }));
}

TEST_F(Import, WithoutKeysNothingIsWritten)
{
    keys.error = Error{ErrorCode::usage, "no keys"};
    auto const result = run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::usage);
    EXPECT_FALSE(read_receipt(path()).value().import);
}

TEST_F(Import, IsCancelled)
{
    options.wait = false;
    ASSERT_TRUE(run());
    api.answers["DescribeTaskAttribute"] = {task("Processing", "10%", R"(,"SupportCancel":"true")"),
                                            task("Processing", "10%"), task("Deleted")};
    api.answers["CancelTask"] = {json_answer(200, R"({"RequestId":"R"})")};
    auto const cancelled = cancel();
    ASSERT_TRUE(cancelled) << describe(cancelled.error());
    EXPECT_FALSE(cancelled->was_there);
    EXPECT_EQ(receipt().task_status, "Deleted");
    EXPECT_EQ(api.count("CancelTask"), 1U);
    // Once more: nothing is left to do.
    auto const again = cancel();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->was_there);
    EXPECT_EQ(api.count("CancelTask"), 1U);
    // And an import after that is a new one.
    options.wait = true;
    api.answers["DescribeTaskAttribute"] = {task("Finished")};
    ASSERT_TRUE(run());
    EXPECT_TRUE(notes.said("was cancelled"));
    EXPECT_NE(token(0), token(1));
}

TEST_F(Import, CannotBeCancelledAtAnyTime)
{
    auto const nothing = cancel();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, ErrorCode::usage);
    options.wait = false;
    ASSERT_TRUE(run());
    api.answers["DescribeTaskAttribute"] = {task("Processing", "90%", R"(,"SupportCancel":"false")")};
    auto const refused = cancel();
    ASSERT_FALSE(refused);
    EXPECT_EQ(api.count("CancelTask"), 0U);
    // It ended while we asked.
    api.answers["DescribeTaskAttribute"] = {task("Processing", "99%"), task("Finished")};
    api.answers["CancelTask"] = {api_error(403, "InvalidTaskId.IncorrectTaskStatus")};
    auto const late = cancel();
    ASSERT_FALSE(late);
    EXPECT_NE(late.error().message.find("has ended already"), std::string::npos) << late.error().message;
    EXPECT_EQ(receipt().task_status, "Finished");
    // It does not end, and may not be cancelled either.
    api.answers["DescribeTaskAttribute"] = {task("Processing", "99%")};
    auto const stuck = cancel();
    ASSERT_FALSE(stuck);
    EXPECT_NE(stuck.error().message.find("cannot be cancelled"), std::string::npos) << stuck.error().message;
}

TEST_F(Import, OfAnEarlierCallWithoutAnAnswerCannotBeCancelled)
{
    api.answers["ImportImage"] = {no_answer(false)};
    EXPECT_FALSE(run());
    auto const cancelled = cancel();
    ASSERT_FALSE(cancelled);
    EXPECT_NE(cancelled.error().message.find("names no task"), std::string::npos);
}

TEST_F(Import, DataDisksGoAlong)
{
    auto manifest = system_manifest();
    manifest.import.disks.push_back({"QCOW2", "imgs", "a/web-data1.qcow2", 6});
    write_manifest(folder, "web", manifest);
    auto data = system_manifest();
    data.role = Role::data;
    data.artifact.file = "web-data1.qcow2";
    data.artifact.sha256 = std::string(64, 'd');
    data.artifact.file_size = 1 << 20;
    write_manifest(folder, "web-data1", data);
    write_upload(folder, "web-data1", data, "imgs", "a/web-data1.qcow2");
    ASSERT_TRUE(run());
    EXPECT_EQ(api.calls.front().parameters.at("DiskDeviceMapping.2.OSSObject"), "a/web-data1.qcow2");
    EXPECT_EQ(receipt().artifacts, (std::vector<std::string>{std::string(64, 'a'), std::string(64, 'd')}));
    // A data disk that changed is another import, and one that is another than was uploaded none.
    data.artifact.sha256 = std::string(64, 'e');
    write_manifest(folder, "web-data1", data);
    auto const changed = run();
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::unverified);
    EXPECT_EQ(changed.error().file, folder / "web-data1.manifest.json");
}
