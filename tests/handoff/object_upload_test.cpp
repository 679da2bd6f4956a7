#include "handoff/object_upload.hpp"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>
#include <sys/file.h>

#include <imgport/receipt.hpp>

#include "handoff/fake_store.hpp"
#include "handoff/upload_journal.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using namespace imgport::testing;
using namespace std::chrono_literals;

namespace {

class Notes final : public ProgressSink {
public:
    void begin(std::string_view, std::string_view) override {}
    void update(std::uint64_t done, std::uint64_t total) override
    {
        EXPECT_LE(done, total);
        last = done;
    }
    void end() override {}
    void note(std::string_view text) override { text_of_all += std::string(text) + "\n"; }

    bool say(const std::string &what) const { return text_of_all.find(what) != std::string::npos; }
    std::string text_of_all = {};
    std::uint64_t last = 0;
};

std::string noise(std::size_t size, unsigned seed)
{
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (auto &byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

// An artifact of eleven parts with its manifest, and a store.
class ObjectUploadTest : public ::testing::Test {
protected:
    static constexpr std::uint64_t part = 100 * 1024;

    ObjectUploadTest() { make_artifact(noise(10 * part + 77, 1)); }

    void make_artifact(const std::string &bytes)
    {
        content = bytes;
        folder.write("a.qcow2", bytes);
        manifest.artifact = {.file = "a.qcow2",
                             .format = "qcow2",
                             .variant = "v3",
                             .file_size = bytes.size(),
                             .virtual_size = 1 << 20,
                             .sha256 = hex_digest("SHA256", bytes_of(bytes)),
                             .crc64ecma = std::to_string(crc64_ecma(0, bytes_of(bytes)))};
        folder.write("a.manifest.json", manifest_json(manifest));
    }

    void use_s3()
    {
        destination.store.dialect = StoreDialect::s3;
        store.dialect = StoreDialect::s3;
        settings.part_size = 5 << 20;
        make_artifact(noise((11 << 20) + 5, 2));
    }

    Result<Receipt> run() { return upload_object(path, manifest, destination, store, settings, notes); }

    // Everything is there, and nothing is left behind.
    void expect_done(const Result<Receipt> &receipt)
    {
        ASSERT_TRUE(receipt) << describe(receipt.error());
        EXPECT_TRUE(store.objects["folder/key"] == content);
        EXPECT_TRUE(store.uploads.empty());
        EXPECT_FALSE(read_journal(path).value());
        auto const written = read_receipt(path);
        ASSERT_TRUE(written && written->upload);
        EXPECT_EQ(written->upload->size, content.size());
        EXPECT_EQ(written->upload->sha256, manifest.artifact.sha256);
        EXPECT_EQ(written->upload->destination, receipt->destination);
    }

    void expect_failed(const Result<Receipt> &receipt, ErrorCode code)
    {
        ASSERT_FALSE(receipt);
        EXPECT_EQ(receipt.error().code, code) << describe(receipt.error());
        EXPECT_FALSE(read_receipt(path)->upload);
    }

    // A run that ends after this many parts have arrived.
    void cut_off_after(std::size_t parts)
    {
        settings.parallel = 1;
        store.before_part = [this, parts](auto) -> std::optional<StoreFailure> {
            return store.arrived.size() >= parts ? std::optional(refusal(403, "AccessDenied")) : std::nullopt;
        };
        expect_failed(run(), ErrorCode::remote);
        store.before_part = [](auto) { return std::nullopt; };
        settings.parallel = 4;
    }

    Folder folder;
    std::string path = folder / "a.manifest.json";
    std::string content;
    Manifest manifest;
    ObjectDestination destination{.store = {.dialect = StoreDialect::oss, .bucket = "bucket", .region = "cn-hangzhou"},
                                  .key = "folder/key"};
    FakeStore store;
    Notes notes;
    ObjectUploadSettings settings{.part_size = part,
                                  .retry = {.attempts = 5, .first_wait = 1ms, .longest_wait = 4ms},
                                  .first_contact = {.attempts = 2, .first_wait = 1ms, .longest_wait = 1ms}};
};

}  // namespace

TEST_F(ObjectUploadTest, SendsEveryPartOnceWhateverOrderTheyArriveIn)
{
    store.slow_parts = true;
    auto const receipt = run();
    expect_done(receipt);
    EXPECT_EQ(receipt->destination, "oss://bucket/folder/key");
    EXPECT_NE(receipt->proof.find(manifest.artifact.crc64ecma), std::string::npos);
    EXPECT_EQ(store.arrived.size(), 11U);
    EXPECT_GT(store.most_at_once, 1U);
    EXPECT_LE(store.most_at_once, 4U);
    EXPECT_EQ(notes.last, content.size());
    EXPECT_EQ(notes.text_of_all, "");
}

TEST_F(ObjectUploadTest, OfOneByteIsOnePart)
{
    make_artifact("x");
    expect_done(run());
}

TEST_F(ObjectUploadTest, OfNothingIsRefused)
{
    make_artifact("");
    expect_failed(run(), ErrorCode::malformed);
    EXPECT_EQ(store.asked.size(), 0U);
}

TEST_F(ObjectUploadTest, ToS3ComparesMd5s)
{
    use_s3();
    auto const receipt = run();
    expect_done(receipt);
    EXPECT_NE(receipt->proof.find(store.etags["folder/key"]), std::string::npos) << receipt->proof;
    // The same again finds it there, by the receipt.
    expect_done(run());
    EXPECT_EQ(store.count("begin"), 1U);
}

TEST_F(ObjectUploadTest, ToAStoreWithoutChecksumsSaysSo)
{
    use_s3();
    store.tells_checksums = false;
    auto const receipt = run();
    expect_done(receipt);
    EXPECT_NE(receipt->proof.find("by size only"), std::string::npos) << receipt->proof;
}

TEST_F(ObjectUploadTest, SendsAgainWhatBroke)
{
    std::map<std::uint32_t, int> tries;
    store.before_part = [&](std::uint32_t number) -> std::optional<StoreFailure> {
        return ++tries[number] <= 2 && number % 2 == 0 ? std::optional(broken_line()) : std::nullopt;
    };
    store.after_part = [&](std::uint32_t number) -> std::optional<StoreFailure> {
        return tries[number] == 1 && number % 3 == 1 ? std::optional(broken_line()) : std::nullopt;
    };
    expect_done(run());
    EXPECT_EQ(notes.last, content.size());
}

TEST_F(ObjectUploadTest, SlowsDownWhenThrottled)
{
    int refused = 0;
    store.before_part = [&](auto) -> std::optional<StoreFailure> {
        // Fewer than a part is tried: they may all hit the same one.
        if (++refused > 4)
            return std::nullopt;
        auto failure = refusal(503, "SlowDown", true);
        failure.wait = 30ms;
        return failure;
    };
    auto const start = std::chrono::steady_clock::now();
    expect_done(run());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST_F(ObjectUploadTest, NoticesAPartThatArrivesWrong)
{
    int spoiled = 0;
    store.on_bytes = [&](std::uint32_t number, std::string &bytes) {
        if (number == 3 && ++spoiled <= 2)
            bytes[500] ^= 1;
    };
    expect_done(run());
    EXPECT_EQ(spoiled, 3);
}

TEST_F(ObjectUploadTest, GivesUpOnAPartThatAlwaysArrivesWrong)
{
    for (bool const s3 : {false, true}) {
        if (s3)
            use_s3();
        store.on_bytes = [&](std::uint32_t number, std::string &bytes) {
            if (number == 3)
                bytes[500] ^= 1;
        };
        auto const receipt = run();
        expect_failed(receipt, ErrorCode::remote);
        EXPECT_NE(receipt.error().message.find("part 3"), std::string::npos);
        EXPECT_EQ(store.count("complete"), 0U);
        EXPECT_TRUE(store.objects.empty());
        ASSERT_TRUE(abort_object_upload(path, destination.key, store, settings.retry));
    }
}

TEST_F(ObjectUploadTest, LooksAtTheMd5WhereTheReplyTellsNoCrc)
{
    // An OSS that is behind something which drops headers.
    store.dialect = StoreDialect::s3;
    store.on_bytes = [](std::uint32_t number, std::string &bytes) {
        if (number == 2)
            bytes[9] ^= 4;
    };
    expect_failed(run(), ErrorCode::remote);
    store.on_bytes = [](auto, auto &) {};
    expect_done(run());
}

TEST_F(ObjectUploadTest, StopsAtOnceAtAPermanentErrorAndGoesOnLater)
{
    cut_off_after(4);
    EXPECT_EQ(store.count("part 6"), 0U);
    EXPECT_EQ(store.uploads.size(), 1U);
    ASSERT_TRUE(read_journal(path).value());
    store.arrived.clear();
    expect_done(run());
    EXPECT_EQ(store.arrived.size(), 7U);
    EXPECT_EQ(store.count("begin"), 1U);
    EXPECT_TRUE(notes.say("4 of 11 parts have arrived"));
    EXPECT_EQ(notes.last, content.size());
}

TEST_F(ObjectUploadTest, TheErrorSaysHowToGoOn)
{
    store.before_part = [](auto) { return std::optional(refusal(403, "AccessDenied")); };
    auto const receipt = run();
    expect_failed(receipt, ErrorCode::remote);
    EXPECT_NE(receipt.error().hint.find("imgport upload " + path + " " + destination.name()), std::string::npos)
        << receipt.error().hint;
}

TEST_F(ObjectUploadTest, KeepsWhatArrivedEvenWhereTheJournalDoesNotKnow)
{
    cut_off_after(5);
    auto journal = *read_journal(path).value();
    journal.parts.resize(2);  // killed before more was noted
    ASSERT_TRUE(write_journal(path, journal));
    // And what the store has of another size, or with other bytes, is not kept.
    auto &stored = store.uploads.begin()->second.parts;
    stored[3] = {"short", hex_digest("MD5", bytes_of("short"))};
    std::string other(part, 'o');
    stored[4] = {other, hex_digest("MD5", bytes_of(other))};
    store.arrived.clear();
    expect_done(run());
    std::sort(store.arrived.begin(), store.arrived.end());
    EXPECT_EQ(store.arrived, (std::vector<std::uint32_t>{3, 4, 6, 7, 8, 9, 10, 11}));
}

TEST_F(ObjectUploadTest, DoesNotBelieveAJournalAboutAPartThatTheStoreHasOtherwise)
{
    cut_off_after(5);
    std::string other(part, 'o');
    store.uploads.begin()->second.parts[4] = {other, hex_digest("MD5", bytes_of(other))};
    store.uploads.begin()->second.parts.erase(5);
    store.arrived.clear();
    expect_done(run());
    EXPECT_EQ(store.arrived.size(), 8U);
}

TEST_F(ObjectUploadTest, GoesOnWithThePartSizeItWasBegunWith)
{
    cut_off_after(5);
    settings.part_size = 3 * part;
    expect_done(run());
    EXPECT_EQ(store.count("begin"), 1U);
    EXPECT_TRUE(notes.say("as it was begun"));
}

TEST_F(ObjectUploadTest, OfAnArtifactThatChangedStartsAnewAndAbortsTheOldOne)
{
    cut_off_after(5);
    make_artifact(noise(10 * part + 77, 9));
    store.arrived.clear();
    expect_done(run());
    EXPECT_EQ(store.arrived.size(), 11U);
    EXPECT_GE(store.count("abort"), 1U);
}

TEST_F(ObjectUploadTest, OfTheSameArtifactMadeAgainGoesOn)
{
    cut_off_after(5);
    make_artifact(content);
    std::filesystem::last_write_time(folder / "a.qcow2",
                                     std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
    store.arrived.clear();
    expect_done(run());
    EXPECT_LT(store.arrived.size(), 11U);
    EXPECT_EQ(store.count("begin"), 1U);
}

TEST_F(ObjectUploadTest, OfTenThousandPartsGoesOn)
{
    make_artifact(std::string(10'000, 'x'));
    store.uploads["mine"] = {"folder/key"};
    UploadJournal journal{.destination = destination.name(), .upload = "mine", .part_size = 1};
    journal.artifact = {"a.qcow2", content.size(), 0, *manifest.artifact.sha256, manifest.artifact.crc64ecma};
    ASSERT_TRUE(write_journal(path, journal));
    settings.part_size = 0;
    expect_done(run());
    EXPECT_EQ(store.count("begin"), 0U);
    EXPECT_EQ(store.arrived.size(), 10'000U);
}

TEST_F(ObjectUploadTest, LeavesNoUploadWhereSomebodyElseHasPutTheSameThere)
{
    store.before_complete = [this] {
        store.objects["folder/key"] = content;
        return std::optional(refusal(412, "PreconditionFailed"));
    };
    expect_done(run());
    EXPECT_TRUE(store.uploads.empty());
    store.objects.clear();
    store.before_complete = [this] {
        store.objects["folder/key"] = content;
        return std::optional(refusal(409, "FileAlreadyExists"));
    };
    expect_done(run());
    EXPECT_TRUE(store.uploads.empty());
}

TEST_F(ObjectUploadTest, TakesNobodysUploadForTheOneWhoseIdWasLost)
{
    store.uploads["of-another"] = {"folder/key"};
    store.lets_list = false;
    store.after_begin = [] { return std::optional(broken_line()); };
    expect_failed(run(), ErrorCode::remote);
    store.after_begin = [] { return std::nullopt; };
    store.lets_list = true;
    EXPECT_TRUE(run());
    EXPECT_TRUE(store.objects["folder/key"] == content);
    EXPECT_TRUE(store.uploads.contains("of-another"));
}

TEST_F(ObjectUploadTest, StartsAnewWhereTheOldOneExpired)
{
    cut_off_after(5);
    store.uploads.clear();
    expect_done(run());
    EXPECT_TRUE(notes.say("starts anew"));
    EXPECT_EQ(notes.last, content.size());
}

TEST_F(ObjectUploadTest, StartsAnewWhereItExpiresOnTheWayButOnlyOnce)
{
    bool expired = false;
    store.before_part = [&](std::uint32_t number) -> std::optional<StoreFailure> {
        if (number == 7 && !expired) {
            expired = true;
            store.uploads.clear();
        }
        return std::nullopt;
    };
    expect_done(run());
    EXPECT_EQ(notes.last, content.size());

    make_artifact(noise(2 * part, 5));
    settings.overwrite = true;
    store.before_part = [&](auto) -> std::optional<StoreFailure> { return refusal(404, "NoSuchUpload"); };
    auto const before = store.count("begin");
    EXPECT_FALSE(run());
    EXPECT_EQ(store.count("begin"), before + 2);
}

TEST_F(ObjectUploadTest, IsDoneWhereTheLastAnswerGotLost)
{
    for (bool const s3 : {false, true}) {
        if (s3) {
            use_s3();
            store.objects.clear();
        }
        store.after_complete = [] { return std::optional(broken_line()); };
        expect_done(run());
    }
}

TEST_F(ObjectUploadTest, IsDoneWhereItDiedBeforeTheReceipt)
{
    for (bool const s3 : {false, true}) {
        if (s3) {
            use_s3();
            store.objects.clear();
            ::unlink(receipt_path(path).c_str());
        }
        // The answer is lost, and then nothing is heard any more.
        store.after_complete = [this] {
            store.before_head = [] { return std::optional(broken_line()); };
            return std::optional(broken_line());
        };
        expect_failed(run(), ErrorCode::remote);
        ASSERT_TRUE(read_journal(path).value());
        store.after_complete = [] { return std::nullopt; };
        store.before_head = [] { return std::nullopt; };
        store.arrived.clear();
        expect_done(run());
        EXPECT_EQ(store.arrived.size(), 0U);
    }
}

TEST_F(ObjectUploadTest, LeavesNoSecondUploadWhereTheFirstAnswerGotLost)
{
    int lost = 0;
    store.after_begin = [&] { return ++lost <= 2 ? std::optional(broken_line()) : std::nullopt; };
    store.uploads["elder"] = {"folder/key"};
    store.uploads["other"] = {"folder/key2"};
    auto const receipt = run();
    ASSERT_TRUE(receipt) << describe(receipt.error());
    EXPECT_EQ(store.uploads.size(), 2U);
    EXPECT_TRUE(store.uploads.contains("elder"));
    EXPECT_TRUE(notes.say("1 other unfinished upload"));
}

TEST_F(ObjectUploadTest, FindsTheUploadWhoseIdWasNeverNoted)
{
    // Killed between the store's answer and the note.
    store.after_begin = [] { return std::optional(broken_line()); };
    store.lets_list = true;
    settings.retry.attempts = 1;
    expect_failed(run(), ErrorCode::remote);
    EXPECT_EQ(store.uploads.size(), 1U);
    ASSERT_TRUE(read_journal(path).value());
    store.after_begin = [] { return std::nullopt; };
    expect_done(run());
    EXPECT_EQ(store.count("begin"), 1U);
}

TEST_F(ObjectUploadTest, NeedsNoRightToListUploads)
{
    store.lets_list = false;
    expect_done(run());
}

TEST_F(ObjectUploadTest, OverwritesNothingUnlessAsked)
{
    store.objects["folder/key"] = "precious";
    expect_failed(run(), ErrorCode::remote);
    EXPECT_EQ(store.objects["folder/key"], "precious");
    EXPECT_EQ(store.count("begin"), 0U);
    settings.overwrite = true;
    expect_done(run());
}

TEST_F(ObjectUploadTest, OverwritesNothingThatAppearedMeanwhile)
{
    store.before_complete = [this] {
        store.objects["folder/key"] = "precious";
        return std::nullopt;
    };
    expect_failed(run(), ErrorCode::remote);
    EXPECT_EQ(store.objects["folder/key"], "precious");
}

TEST_F(ObjectUploadTest, AnOverwriteThatWasCutOffStaysOne)
{
    store.objects["folder/key"] = "old";
    settings.overwrite = true;
    cut_off_after(5);
    settings.overwrite = false;
    expect_done(run());
}

TEST_F(ObjectUploadTest, OfWhatIsThereAlreadyTakesNoTime)
{
    store.objects["folder/key"] = content;
    expect_done(run());
    EXPECT_EQ(store.arrived.size(), 0U);
}

TEST_F(ObjectUploadTest, OfAnotherSizeThanTheManifestSaysIsRefusedBeforeAnyRequest)
{
    folder.write("a.qcow2", content + "x");
    expect_failed(run(), ErrorCode::unverified);
    EXPECT_EQ(store.asked.size(), 0U);
}

TEST_F(ObjectUploadTest, OfOtherBytesThanTheManifestSaysIsNeverCompleted)
{
    std::string changed = content;
    changed[12345] ^= 1;
    folder.write("a.qcow2", changed);
    expect_failed(run(), ErrorCode::unverified);
    EXPECT_EQ(store.count("complete"), 0U);
    EXPECT_TRUE(store.uploads.empty());
    EXPECT_FALSE(read_journal(path).value());
}

TEST_F(ObjectUploadTest, OfAnArtifactThatChangesOnTheWayIsNeverCompleted)
{
    std::vector<std::function<void()>> const changes{
        [this] { folder.write("a.qcow2", content.substr(0, part * 2)); },
        [this] {
            std::string other = content;
            other.back() ^= 1;
            folder.write("new", other);
            ::rename((folder / "new").c_str(), (folder / "a.qcow2").c_str());
        },
        [this] { ::unlink((folder / "a.qcow2").c_str()); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        make_artifact(content);
        settings.parallel = 1;
        store.before_part = [&](std::uint32_t number) -> std::optional<StoreFailure> {
            if (number == 5)
                changes[i]();
            return std::nullopt;
        };
        auto const receipt = run();
        expect_failed(receipt, ErrorCode::environment);
        EXPECT_EQ(store.count("complete"), 0U) << i;
        EXPECT_TRUE(store.uploads.empty()) << i;
        EXPECT_FALSE(read_journal(path).value()) << i;
    }
}

TEST_F(ObjectUploadTest, TwoAtOnceAreOneTooMany)
{
    cut_off_after(5);
    auto const other = lock_journal(path);
    ASSERT_TRUE(other);
    auto const receipt = run();
    expect_failed(receipt, ErrorCode::environment);
    EXPECT_NE(receipt.error().message.find("another imgport"), std::string::npos);
    auto const given_up = abort_object_upload(path, destination.key, store, settings.retry);
    ASSERT_FALSE(given_up);
    EXPECT_EQ(given_up.error().code, ErrorCode::environment);
    EXPECT_EQ(store.uploads.size(), 1U);
}

TEST_F(ObjectUploadTest, OfWhichOneToElsewhereIsUnfinishedIsRefused)
{
    cut_off_after(5);
    destination.key = "folder/other";
    expect_failed(run(), ErrorCode::usage);
}

TEST_F(ObjectUploadTest, MayBeGivenUp)
{
    cut_off_after(5);
    ASSERT_TRUE(abort_object_upload(path, destination.key, store, settings.retry));
    EXPECT_TRUE(store.uploads.empty());
    EXPECT_FALSE(read_journal(path).value());
    EXPECT_TRUE(abort_object_upload(path, destination.key, store, settings.retry));
}

TEST_F(ObjectUploadTest, NoticesAnObjectThatIsNotWhatWasSent)
{
    for (bool const s3 : {false, true}) {
        if (s3) {
            use_s3();
            store.objects.clear();
        }
        store.after_complete = [this] {
            store.objects["folder/key"][77] ^= 1;
            store.etags["folder/key"] = "0123456789abcdef0123456789abcdef-3";
            return std::nullopt;
        };
        expect_failed(run(), ErrorCode::unverified);
    }
}

TEST_F(ObjectUploadTest, AnAnswerThatPromisesWhatIsNotThereIsNoticed)
{
    store.after_complete = [this] {
        store.objects.clear();
        return std::nullopt;
    };
    expect_failed(run(), ErrorCode::unverified);
}

TEST(UploadJournal, ComesBackAsItWent)
{
    Folder const folder;
    std::string const manifest = folder / "a.manifest.json";
    EXPECT_FALSE(read_journal(manifest).value());
    UploadJournal journal{
        .destination = "oss://b/k", .upload = "id", .others = std::vector<std::string>{"x"}, .part_size = 5};
    journal.artifact = {"a.qcow2", 10, 12345, "sha", "crc"};
    journal.parts = {{7, "etag", "99", true}};
    ASSERT_TRUE(write_journal(manifest, journal));
    EXPECT_EQ(folder.count(), 1U);
    auto const back = read_journal(manifest).value();
    ASSERT_TRUE(back);
    EXPECT_EQ(back->artifact, journal.artifact);
    EXPECT_EQ(back->upload, journal.upload);
    EXPECT_EQ(back->parts.at(0).crc64ecma, "99");
    folder.write("a.upload.json", "{\"schema\": \"imgport.manifest/1\"}");
    EXPECT_EQ(read_journal(manifest).error().code, ErrorCode::malformed);
    folder.write("a.upload.json", "");
    EXPECT_EQ(read_journal(manifest).error().code, ErrorCode::malformed);
}
