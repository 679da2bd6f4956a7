#include <imgport/convert.hpp>

#include <filesystem>

#include <gtest/gtest.h>

#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::Folder;
using imgport::testing::run_tool;

namespace {

Result<ConvertResult> convert_file(const std::string &from, const std::string &to, const ConvertOptions &options = {})
{
    return convert(from, probe(from), to, options, silent_progress());
}

}  // namespace

TEST(Convert, GivesTheSameDiskAndItsDigests)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd", "sha256sum");
    Folder const folder;
    std::string text(3 << 20, 'a');
    text.replace(1 << 20, 1 << 20, std::string(1 << 20, '\0'));
    folder.write("a.raw", text);
    auto const result = convert_file(folder / "a.raw", folder / "a.qcow2",
                                     {.compression = Compression::fast, .verify = Verify::content});
    ASSERT_TRUE(result) << describe(result.error());
    EXPECT_EQ(result->artifact.virtual_size, text.size());
    EXPECT_EQ(result->sha256, run_tool({"sha256sum", folder / "a.qcow2"}).substr(0, 64));
    run_tool({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", folder / "a.raw", folder / "a.qcow2"});
    auto const digest = content_digest(folder / "a.raw", probe(folder / "a.raw"), {}, silent_progress());
    EXPECT_EQ(result->content_digest, digest.value());
    EXPECT_EQ(folder.count(), 2U) << "no temporary file is left";
}

TEST(Convert, RefusesASourceWithABackingFileAndNeverStartsQemu)
{
    IMGPORT_NEEDS("qemu-img");
    Folder const folder;
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", folder / "base.qcow2", "1M"});
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", folder / "top.qcow2"});
    auto const refused = convert_file(folder / "top.qcow2", folder / "out.raw");
    ASSERT_FALSE(refused);
    EXPECT_EQ(exit_code(refused.error().code), 3);
    EXPECT_FALSE(std::filesystem::exists(folder / "out.raw"));
}

TEST(Convert, FollowsABackingFileThatWasAllowedByName)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd", "qemu-io");
    Folder const folder;
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", folder / "base.qcow2", "1M"});
    run_tool({"qemu-io", "-f", "qcow2", "-c", "write -P 0x61 0 64k", folder / "base.qcow2"});
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", folder / "top.qcow2"});
    AllowedFiles const allowed{.backing = {"base.qcow2"}};
    auto const result =
        convert(folder / "top.qcow2", probe(folder / "top.qcow2", {.allowed = allowed}), folder / "out.raw",
                {.target = Format::raw, .verify = Verify::content, .allowed = allowed}, silent_progress());
    ASSERT_TRUE(result) << describe(result.error());
    EXPECT_TRUE(folder.read("out.raw").substr(0, 65536) == std::string(65536, 'a'));
}

TEST(Convert, RefusesToWriteARawDiskThatLooksLikeAnotherFormat)
{
    IMGPORT_NEEDS("qemu-img", "qemu-io");
    Folder const folder;
    // A guest wrote a QCOW2 header at the start of its own disk.
    run_tool({"qemu-img", "create", "-q", "-f", "qcow2", folder / "inner.qcow2", "1M"});
    run_tool({"qemu-img", "convert", "-f", "raw", "-O", "qcow2", folder / "inner.qcow2", folder / "outer.qcow2"});
    auto const refused = convert_file(folder / "outer.qcow2", folder / "out.raw", {.target = Format::raw});
    ASSERT_FALSE(refused);
    EXPECT_EQ(exit_code(refused.error().code), 5);
    EXPECT_FALSE(std::filesystem::exists(folder / "out.raw"));
}
