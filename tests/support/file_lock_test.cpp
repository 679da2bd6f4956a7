#include "support/file_lock.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;

namespace {

using Lock = std::optional<PathLock>;

Lock take(const std::string &path, const std::function<void()> &opened = {})
{
    auto lock = PathLock::take(path, opened);
    EXPECT_TRUE(lock) << describe(lock.error());
    return lock ? std::move(*lock) : Lock();
}

// For the first time round only.
std::function<void()> once(std::function<void()> work)
{
    return [work = std::move(work), done = false]() mutable {
        if (!std::exchange(done, true))
            work();
    };
}

}  // namespace

TEST(PathLock, IsOnesAndLeavesNothingBehind)
{
    Folder const folder;
    auto first = take(folder / "lock");
    ASSERT_TRUE(first);
    EXPECT_FALSE(take(folder / "lock"));
    EXPECT_TRUE(std::filesystem::exists(folder / "lock"));
    first.reset();
    EXPECT_EQ(folder.count(), 0U);
    EXPECT_TRUE(take(folder / "lock"));
    EXPECT_EQ(folder.count(), 0U);
}

TEST(PathLock, MovedIsHeldOnce)
{
    Folder const folder;
    auto first = take(folder / "lock");
    {
        PathLock const second = std::move(*first);
        first.reset();
        EXPECT_FALSE(take(folder / "lock"));
    }
    EXPECT_EQ(folder.count(), 0U);
}

// Who opened the file of an owner that removes it, and another one makes it anew: one of the two has the lock.
TEST(PathLock, OnAFileThatIsGoneIsNone)
{
    Folder const folder;
    auto first = take(folder / "lock");
    std::optional<Lock> third;
    auto const second = take(folder / "lock", once([&] {
                                 first.reset();
                                 third.emplace(take(folder / "lock"));
                             }));
    EXPECT_TRUE(third && *third);
    EXPECT_FALSE(second);
    third.reset();
    EXPECT_EQ(folder.count(), 0U);
}

TEST(PathLock, OfAFileThatIsGoneIsTakenAnew)
{
    Folder const folder;
    auto first = take(folder / "lock");
    auto const second = take(folder / "lock", once([&] { first.reset(); }));
    EXPECT_TRUE(second);
    EXPECT_FALSE(take(folder / "lock"));
}

TEST(PathLock, KeepsItsHandsOffAnothersFile)
{
    Folder const folder;
    auto first = take(folder / "lock");
    std::filesystem::remove(folder / "lock");
    auto const second = take(folder / "lock");
    ASSERT_TRUE(second);
    first.reset();
    EXPECT_FALSE(take(folder / "lock"));
}

TEST(PathLock, DiesWithItsOwner)
{
    Folder const folder;
    pid_t const child = ::fork();
    if (child == 0) {
        auto const lock = PathLock::take(folder / "lock");
        ::_exit(lock && *lock ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_EQ(folder.count(), 1U);
    EXPECT_TRUE(take(folder / "lock"));
    EXPECT_EQ(folder.count(), 0U);
}

TEST(PathLock, WhoseFileCannotBeMadeIsAnError)
{
    Folder const folder;
    auto const lock = PathLock::take(folder / "none/lock");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, ErrorCode::environment);
    std::filesystem::create_symlink("elsewhere", folder / "link");
    EXPECT_FALSE(PathLock::take(folder / "link"));
}

TEST(FileLock, DiesWithItsOwner)
{
    Folder const folder;
    auto first = FileLock::take(folder / "lock").value();
    ASSERT_TRUE(first);
    EXPECT_TRUE(FileLock::held(folder / "lock"));
    EXPECT_FALSE(FileLock::take(folder / "lock").value());
    first.reset();
    EXPECT_FALSE(FileLock::held(folder / "lock"));
    EXPECT_TRUE(FileLock::take(folder / "lock").value());
    EXPECT_FALSE(FileLock::held(folder / "none"));
}
