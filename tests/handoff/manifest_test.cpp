#include <imgport/manifest.hpp>

#include <gtest/gtest.h>

#include <imgport/convert.hpp>
#include <imgport/uploader.hpp>

#include "handoff/manifest_files.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::Folder;

namespace {

// A folder with an artifact and its manifest.
void make_artifact(const Folder &folder)
{
    folder.write("a.src", std::string(2 << 20, 'a'));
    auto const made = convert(folder / "a.src", probe(folder / "a.src"), folder / "a.qcow2",
                              {.verify = Verify::content}, silent_progress());
    ASSERT_TRUE(made) << describe(made.error());
    Manifest manifest;
    manifest.source = {"a.src", "raw", {}, {}, 2 << 20};
    manifest.artifact = {"a.qcow2",    "qcow2",        "v3", made->artifact.file_size, *made->artifact.virtual_size,
                         made->sha256, made->crc64ecma};
    manifest.content.digest = *made->content_digest;
    manifest.check = {"alibaba", Verdict::pass, {}};
    manifest.import.disks = {{"QCOW2", "bucket", "key", 1}};
    ASSERT_TRUE(write_file(folder / "a.manifest.json", manifest_json(manifest), Overwrite::no));
}

}  // namespace

TEST(ManifestFiles, LieBesideItUnderItsName)
{
    EXPECT_EQ(beside_manifest("out/web.manifest.json", ".receipt.json"), "out/web.receipt.json");
    EXPECT_EQ(beside_manifest("out/web.json", ".receipt.json"), "out/web.json.receipt.json");
    EXPECT_EQ(beside_manifest(".manifest.json", ".receipt.json"), ".manifest.json.receipt.json");
}

TEST(Manifest, ComesBackAsItWent)
{
    Manifest manifest;
    manifest.artifact.file = "a.qcow2";
    manifest.check.verdict = Verdict::fail;
    manifest.import.image_name = "web-1";
    manifest.import.tags = {{"k", "v"}};
    Folder const folder;
    folder.write("m.json", manifest_json(manifest));
    auto const back = read_manifest(folder / "m.json");
    ASSERT_TRUE(back) << describe(back.error());
    EXPECT_EQ(manifest_json(*back), manifest_json(manifest));
}

TEST(Manifest, WhoseArtifactIsElsewhereIsRefused)
{
    Manifest manifest;
    manifest.artifact.file = "../etc/passwd";
    Folder const folder;
    folder.write("m.json", manifest_json(manifest));
    EXPECT_EQ(read_manifest(folder / "m.json").error().code, ErrorCode::malformed);
}

TEST(Manifest, ThatIsNoneIsRefused)
{
    Folder const folder;
    for (const char *text : {"", "[]", "{}", R"({"schema": "other/1"})",
                             R"({"schema": "imgport.manifest/1", "artifact": 5})", R"({"schema": 5})"}) {
        folder.write("m.json", text);
        auto const refused = read_manifest(folder / "m.json");
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::malformed) << text;
    }
}

TEST(VerifyManifest, AgreesUntilAByteIsFlipped)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    make_artifact(folder);
    auto const good = verify_manifest(folder / "a.manifest.json", silent_progress());
    ASSERT_TRUE(good) << describe(good.error());
    EXPECT_TRUE(good->empty()) << good->front();

    std::string bytes = folder.read("a.qcow2");
    bytes[bytes.size() - 1000] ^= 1;
    folder.write("a.qcow2", bytes);
    auto const bad = verify_manifest(folder / "a.manifest.json", silent_progress());
    ASSERT_TRUE(bad) << describe(bad.error());
    EXPECT_FALSE(bad->empty());
}

TEST(DirectoryUploader, CopiesReadsBackAndMayBeRepeated)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    Folder const shelf;
    make_artifact(folder);
    auto const uploader = make_uploader("dir:" + shelf.path());
    ASSERT_TRUE(uploader);
    for (int i = 0; i < 2; ++i) {
        auto const receipt = (*uploader)->upload(folder / "a.manifest.json", silent_progress());
        ASSERT_TRUE(receipt) << describe(receipt.error());
        EXPECT_EQ(shelf.read("a.qcow2"), folder.read("a.qcow2"));
        EXPECT_EQ(shelf.read("a.manifest.json"), folder.read("a.manifest.json"));
        EXPECT_EQ(shelf.count(), 2U);
    }
    shelf.write("a.qcow2", "another file of that name");
    EXPECT_EQ((*uploader)->upload(folder / "a.manifest.json", silent_progress()).error().code, ErrorCode::remote);
    EXPECT_EQ(shelf.read("a.qcow2"), "another file of that name");
}

TEST(DirectoryUploader, SaysThatTheArtifactIsNotTheManifests)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    Folder const folder;
    Folder const shelf;
    make_artifact(folder);
    folder.write("a.qcow2", folder.read("a.qcow2") + "x");
    auto const refused = (*make_uploader("dir:" + shelf.path()))->upload(folder / "a.manifest.json", silent_progress());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unverified);
    EXPECT_EQ(shelf.count(), 0U);
}

TEST(Uploader, OfAnUnknownKindIsAUsageErrorThatListsWhatThereIs)
{
    auto const unknown = make_uploader("dri:/tmp");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::usage);
    EXPECT_NE(unknown.error().hint.find("did you mean dir:"), std::string::npos);
    EXPECT_FALSE(make_uploader("/tmp"));
    EXPECT_FALSE(make_uploader("dir:"));
    EXPECT_FALSE(make_uploader("command: "));
}
