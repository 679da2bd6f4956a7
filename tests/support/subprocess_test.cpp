#include "support/subprocess.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/file.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;

namespace {

Command shell(const std::string &script)
{
    return {.arguments = {"/bin/sh", "-c", script}};
}

}  // namespace

TEST(Run, GivesOutputAndStatus)
{
    auto const result = run(shell("echo out; echo err >&2; exit 7"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out, "out\n");
    EXPECT_EQ(result->err, "err\n");
    EXPECT_EQ(result->status, 7);
    EXPECT_EQ(describe_status(result->status), "exit code 7");
}

TEST(Run, SaysWhichSignalEndedTheProgram)
{
    auto const result = run(shell("kill -9 $$"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 128 + SIGKILL);
    EXPECT_EQ(describe_status(result->status), "killed by signal 9 (Killed)");
}

TEST(Run, HandsOverNothingOfTheEnvironmentButWhatIsNeeded)
{
    ::setenv("QEMU_SECRET", "x", 1);
    auto const result = run({.arguments = {"env"}, .extra = {"GIVEN=1"}});
    ::unsetenv("QEMU_SECRET");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out.find("QEMU_SECRET"), std::string::npos);
    EXPECT_NE(result->out.find("LC_ALL=C"), std::string::npos);
    EXPECT_NE(result->out.find("GIVEN=1"), std::string::npos);
}

TEST(Run, LeavesOutWhatIsNotToBeInherited)
{
    ::setenv("IMGPORT_A", "1", 1);
    ::setenv("IMGPORT_AB", "2", 1);
    Command command{.arguments = {"env"}};
    command.environment = Environment::inherited;
    command.without = {"IMGPORT_A"};
    auto const result = run(command);
    command.without = {"OTHER_*", "IMGPORT_A*"};
    auto const without_either = run(command);
    ::unsetenv("IMGPORT_A");
    ::unsetenv("IMGPORT_AB");
    ASSERT_TRUE(result && without_either);
    EXPECT_EQ(result->out.find("IMGPORT_A="), std::string::npos);
    EXPECT_NE(result->out.find("IMGPORT_AB=2"), std::string::npos);
    EXPECT_EQ(without_either->out.find("IMGPORT_A"), std::string::npos);
    EXPECT_NE(without_either->out.find("PATH="), std::string::npos);
}

TEST(Run, PassesOnlyTheNamedDescriptors)
{
    Folder const folder;
    folder.write("a", "read through a descriptor");
    Fd const kept(::open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
    Fd const closed(::open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
    auto command =
        shell(fmt::format("cat /proc/self/fd/{}; [ -e /proc/self/fd/{} ] || echo -gone", kept.get(), closed.get()));
    command.keep_fds = {kept.get()};
    auto const result = run(command);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out, "read through a descriptor-gone\n");
}

TEST(Run, EndsAProgramThatTakesTooLong)
{
    auto command = shell("sleep 60");
    command.timeout = std::chrono::seconds(1);
    auto const start = std::chrono::steady_clock::now();
    auto const result = run(command);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::environment);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Run, SaysThatAProgramIsMissing)
{
    auto const result = run({.arguments = {"no-such-program-anywhere"}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::environment);
    EXPECT_NE(result.error().message.find("no-such-program-anywhere"), std::string::npos);
}

TEST(Run, CutsOutputAtCarriageReturnsToo)
{
    std::vector<std::string> lines;
    auto command = shell("printf 'a\\rb\\nc'");
    command.on_output = [&](std::string_view line) { lines.emplace_back(line); };
    ASSERT_TRUE(run(command));
    EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Run, StopsAFileThatGrowsPastItsBound)
{
    Folder const folder;
    auto command = shell(fmt::format("head -c 100000 /dev/zero > {}", folder / "big"));
    command.max_file_size = 4096;
    auto const result = run(command);
    ASSERT_TRUE(result);
    EXPECT_NE(result->status, 0);
    EXPECT_LE(std::filesystem::file_size(folder / "big"), 4096U);
}

TEST(Process, IsGoneWithItsObject)
{
    int pid = 0;
    {
        auto process = Process::start({.arguments = {"sleep", "60"}});
        ASSERT_TRUE(process);
        EXPECT_TRUE(process->running());
        pid = process->pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, TellsWhatItSaidBeforeItDied)
{
    auto process = Process::start(shell("echo no good >&2; exit 1"));
    ASSERT_TRUE(process);
    for (int i = 0; i < 100 && process->running(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(process->running());
    EXPECT_EQ(process->error_output(), "no good\n");
}

TEST(Process, IsTalkedToThroughPipes)
{
    Command command = shell("read -r word; echo got $word; echo done >&2; exit 5");
    command.piped = true;
    auto process = Process::start(command);
    ASSERT_TRUE(process);
    ASSERT_EQ(::write(process->input(), "this\n", 5), 5);
    std::string out;
    for (int i = 0; i < 200 && out != "got this\n"; ++i) {
        std::array<char, 64> buffer{};
        ssize_t const n = ::read(process->output(), buffer.data(), buffer.size());  // never waits
        if (n > 0)
            out.append(buffer.data(), static_cast<std::size_t>(n));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(out, "got this\n");
    EXPECT_EQ(process->finish(std::chrono::seconds(10)), 5);
    EXPECT_EQ(process->error_output(), "done\n");
}

TEST(Process, IsKilledWhenItDoesNotEnd)
{
    Command command = shell("trap '' TERM; sleep 60");
    command.piped = true;
    auto process = Process::start(command);
    ASSERT_TRUE(process);
    EXPECT_EQ(process->finish(std::chrono::milliseconds(50)), 128 + SIGKILL);
}
