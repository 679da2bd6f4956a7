#include "support/file.hpp"

#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/bytes.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;

TEST(OutputFile, HasNoNameBeforeCommit)
{
    Folder const folder;
    {
        auto file = OutputFile::create(folder / "a", Overwrite::no);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write(0, bytes_of("half")));
        EXPECT_FALSE(std::filesystem::exists(folder / "a"));
    }
    EXPECT_EQ(folder.count(), 0U);
}

TEST(OutputFile, AppearsWholeOnCommit)
{
    Folder const folder;
    auto file = OutputFile::create(folder / "a", Overwrite::no);
    ASSERT_TRUE(file->write(0, bytes_of("whole")));
    ASSERT_TRUE(file->commit());
    EXPECT_EQ(folder.read("a"), "whole");
    EXPECT_EQ(folder.count(), 1U);
}

TEST(OutputFile, NeverReplacesUnasked)
{
    Folder const folder;
    folder.write("a", "old");
    auto const refused = OutputFile::create(folder / "a", Overwrite::no);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
    EXPECT_NE(refused.error().hint.find("--overwrite"), std::string::npos);

    auto replacing = OutputFile::create(folder / "a", Overwrite::yes);
    ASSERT_TRUE(replacing->write(0, bytes_of("new")));
    EXPECT_EQ(folder.read("a"), "old");
    ASSERT_TRUE(replacing->commit());
    EXPECT_EQ(folder.read("a"), "new");
    EXPECT_EQ(folder.count(), 1U);
}

TEST(OutputFile, LosesARaceForTheName)
{
    Folder const folder;
    auto file = OutputFile::create(folder / "a", Overwrite::no);
    folder.write("a", "somebody else's");
    EXPECT_FALSE(file->commit());
    EXPECT_EQ(folder.read("a"), "somebody else's");
}

TEST(InputFile, OfAFolderAFifoOrNothingIsAnError)
{
    Folder const folder;
    EXPECT_EQ(InputFile::open(folder.path()).error().code, ErrorCode::unreadable);
    EXPECT_EQ(InputFile::open(folder / "none").error().code, ErrorCode::unreadable);
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(InputFile::open(folder / "fifo").error().code, ErrorCode::unreadable);
}

TEST(InputFile, RefusesALinkWhereAskedTo)
{
    Folder const folder;
    folder.write("a", "text");
    std::filesystem::create_symlink("a", folder / "link");
    EXPECT_TRUE(InputFile::open(folder / "link"));
    EXPECT_FALSE(InputFile::open(folder / "link", Links::refuse));
}

TEST(InputFile, NoticesThatTheSourceChanged)
{
    Folder const folder;
    folder.write("a", "text");
    auto const file = InputFile::open(folder / "a");
    EXPECT_TRUE(file->check_unchanged());
    folder.write("a", "longer text");
    EXPECT_FALSE(file->check_unchanged());
}

TEST(InputFile, NoticesThatTheSourceVanishedOrWasReplaced)
{
    Folder const folder;
    folder.write("a", "text");
    auto const file = InputFile::open(folder / "a");
    std::filesystem::rename(folder / "a", folder / "b");
    EXPECT_FALSE(file->check_unchanged());
    folder.write("a", "text");
    EXPECT_FALSE(file->check_unchanged());
}

TEST(InputFile, ReadsPastTheEndAsAnErrorNeverShort)
{
    Folder const folder;
    auto const file = InputFile::open(folder.write("a", "0123456789"));
    std::vector<std::byte> out(4);
    EXPECT_TRUE(file->read(6, out));
    auto const past = file->read(7, out);
    ASSERT_FALSE(past);
    EXPECT_EQ(past.error().code, ErrorCode::malformed);
    EXPECT_EQ(past.error().offset, 7U);
    EXPECT_EQ(file->read_up_to(7, 100)->size(), 3U);
    EXPECT_EQ(file->read_up_to(70, 100)->size(), 0U);
}

TEST(InputFile, ExtentsCoverTheRangeWithoutGap)
{
    Folder const folder;
    folder.write("a", "");
    std::filesystem::resize_file(folder / "a", 10 << 20);
    {
        auto const fd = ::open((folder / "a").c_str(), O_WRONLY);
        ASSERT_EQ(::pwrite(fd, "x", 1, 5 << 20), 1);
        ::close(fd);
    }
    auto const file = InputFile::open(folder / "a");
    auto const extents = file->extents(0, file->size());
    ASSERT_TRUE(extents);
    std::uint64_t at = 0;
    bool data_at_five = false;
    for (auto const &extent : *extents) {
        EXPECT_EQ(extent.offset, at);
        at += extent.length;
        data_at_five |= extent.kind == ExtentKind::data && extent.offset <= 5 << 20 && at > 5 << 20;
    }
    EXPECT_EQ(at, file->size());
    EXPECT_TRUE(data_at_five);
}

TEST(TempDir, GoesWithEverythingInIt)
{
    std::string path;
    {
        Folder const folder;
        path = folder.path();
        folder.write("a", "text");
        std::filesystem::create_directory(folder / "b");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}
