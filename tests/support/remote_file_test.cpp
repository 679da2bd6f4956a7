// Against the real far loop, run by a shell on this machine: in place of ssh stands a script that passes the command
// on.
#include "support/remote_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/bytes.hpp"
#include "support/text.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::HasSubstr;

namespace {

constexpr RemoteUser login = RemoteUser::login;

class Far : public ::testing::Test {
protected:
    Far()
    {
        std::filesystem::create_directory(m_folder / "bin");
        program("ssh", "while [ \"$1\" != -- ]; do echo \"$1\" >>$FAR/arguments; shift; done\n"
                       "echo \"$2\" >>$FAR/arguments; shift 2\n"
                       "[ ! -e $FAR/gone ] || { cat $FAR/gone >&2; exit 255; }\n"
                       "[ ! -e $FAR/motd ] || cat $FAR/motd\n"
                       "echo $$ >$FAR/pid\n"
                       "exec ${FAR_SHELL:-/bin/sh} -c \"$*\"\n");
        // The calls of dd that FAR_BREAKS names give a part of their answer, and then the whole far side is gone.
        program("dd", "case $* in *nocache*) exit 1;; esac\n"
                      "n=$(($(cat $FAR/calls 2>/dev/null || echo 0) + 1)); echo $n >$FAR/calls\n"
                      "case \" $FAR_BREAKS \" in *\" $n \"*)\n"
                      "  /bin/dd \"$@\" 2>/dev/null | head -c 300000; kill -9 $(cat $FAR/pid); exit 1;; esac\n"
                      "exec /bin/dd \"$@\"\n");
        m_path = std::getenv("PATH");
        ::setenv("PATH", (m_folder / "bin:" + m_path).c_str(), 1);
        ::setenv("FAR", m_folder.path().c_str(), 1);
        ::unsetenv("FAR_BREAKS");
        ::unsetenv("FAR_SHELL");
    }
    ~Far() override { ::setenv("PATH", m_path.c_str(), 1); }

    void program(const std::string &name, const std::string &body)
    {
        auto const path = m_folder.write("bin/" + name, "#!/bin/sh\n" + body);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }

    // A file of so many bytes on the far side.
    SshAddress file(const std::string &name, std::size_t size)
    {
        std::mt19937 random(1);
        m_bytes.resize(size + sizeof(std::uint32_t));
        for (std::size_t at = 0; at < size; at += sizeof(std::uint32_t)) {
            auto const word = static_cast<std::uint32_t>(random());
            std::memcpy(m_bytes.data() + at, &word, sizeof word);
        }
        m_bytes.resize(size);
        m_folder.write(name, m_bytes);
        return {.host = "web1", .path = m_folder / name};
    }

    std::shared_ptr<RemoteFile> opened(const SshAddress &address, RemoteUser user = login)
    {
        auto opened = RemoteFile::open(address, user, quick);
        if (!opened)
            ADD_FAILURE() << describe(opened.error());
        return opened.value_or(nullptr);
    }

    Error failure(const SshAddress &address, RemoteUser user = login)
    {
        auto opened = RemoteFile::open(address, user, quick);
        EXPECT_FALSE(opened);
        return opened ? Error{} : opened.error();
    }

    void expect_bytes(RemoteFile &remote, std::size_t offset, std::size_t length)
    {
        std::string out(length, '\0');
        auto const done = remote.read(offset, std::as_writable_bytes(std::span(out)));
        ASSERT_TRUE(done) << describe(done.error());
        EXPECT_TRUE(out == m_bytes.substr(offset, length)) << "at " << offset;
    }

    RemotePatience quick{{std::chrono::milliseconds(1), std::chrono::milliseconds(1), std::chrono::milliseconds(1)},
                         std::chrono::seconds(20)};
    Folder m_folder;
    std::string m_bytes;
    std::string m_path;
};

constexpr std::size_t piece = std::size_t{1} << 20;

}  // namespace

TEST_F(Far, IsReadToItsLastByte)
{
    for (std::size_t const size :
         {std::size_t{0}, std::size_t{1}, std::size_t{512}, piece / 4, piece / 4 + 1, 5 * piece + 77}) {
        auto const remote = opened(file("disk.raw", size));
        ASSERT_TRUE(remote);
        EXPECT_EQ(remote->size(), size);
        EXPECT_FALSE(remote->description().device);
        for (std::size_t at = 0; at < size; at += piece)
            expect_bytes(*remote, at, std::min(piece, size - at));
        std::array<std::byte, 1> one{};
        EXPECT_EQ(remote->read(size, one).error().code, ErrorCode::malformed);
        EXPECT_TRUE(remote->check_unchanged());
        EXPECT_EQ(remote->interruptions(), 0U);
    }
}

TEST_F(Far, IsReadHereAndThere)
{
    auto const remote = opened(file("disk.raw", 40 * piece));
    ASSERT_TRUE(remote);
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
        std::size_t const length = 1 + random() % (i % 10 == 0 ? 3 * piece : 5000);
        expect_bytes(*remote, random() % (m_bytes.size() - length), length);
    }
}

TEST_F(Far, ManyThreadsReadAtOnce)
{
    auto const remote = opened(file("disk.raw", 32 * piece));
    ASSERT_TRUE(remote);
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (auto at = next.fetch_add(piece); at < m_bytes.size(); at = next.fetch_add(piece))
                expect_bytes(*remote, at, piece);
        });
    }
}

TEST_F(Far, GoesOnWhereTheConnectionBroke)
{
    ::setenv("FAR_BREAKS", "1 3 4 9", 1);
    auto const remote = opened(file("disk.raw", 30 * piece + 5));
    ASSERT_TRUE(remote);
    for (std::size_t at = 0; at < m_bytes.size(); at += piece)
        expect_bytes(*remote, at, std::min(piece, m_bytes.size() - at));
    EXPECT_EQ(remote->interruptions(), 4U);
    EXPECT_TRUE(remote->check_unchanged());
}

TEST_F(Far, ABoundedNumberOfTimes)
{
    auto const remote = opened(file("disk.raw", 3 * piece));
    ASSERT_TRUE(remote);
    m_folder.write("gone", "ssh: connect to host web1 port 22: No route to host\n");
    std::vector<std::byte> out(piece);
    ::kill(std::stoi(m_folder.read("pid")), SIGKILL);
    auto const done = remote->read(0, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::remote);
    EXPECT_THAT(describe(done.error()), HasSubstr("No route to host"));
    EXPECT_THAT(describe(done.error()), HasSubstr("after 3 attempts"));
}

TEST_F(Far, AConnectionThatNobodyNeedsIsTakenUpWhenSomebodyDoes)
{
    auto const remote = opened(file("disk.raw", 64 * piece));
    ASSERT_TRUE(remote);
    expect_bytes(*remote, 0, 100);
    ::kill(std::stoi(m_folder.read("pid")), SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    expect_bytes(*remote, 60 * piece, piece);
    EXPECT_EQ(remote->interruptions(), 1U);
}

TEST_F(Far, AnotherFileIsNotTakenForTheSame)
{
    auto const address = file("disk.raw", 30 * piece);
    auto const remote = opened(address);
    ASSERT_TRUE(remote);
    expect_bytes(*remote, 0, 100);
    std::filesystem::resize_file(address.path, 20 * piece);
    std::vector<std::byte> out(piece);
    auto const done = remote->read(29 * piece, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::unreadable);
    EXPECT_THAT(describe(done.error()), HasSubstr("changed while it was being read"));
}

TEST_F(Far, AChangeIsSeenAtTheEnd)
{
    auto const address = file("disk.raw", piece);
    auto const remote = opened(address);
    ASSERT_TRUE(remote);
    expect_bytes(*remote, 0, piece);
    EXPECT_TRUE(remote->check_unchanged());
    std::ofstream(address.path, std::ios::binary | std::ios::in).put('x');
    auto const done = remote->check_unchanged();
    ASSERT_FALSE(done);
    EXPECT_THAT(describe(done.error()), HasSubstr("changed"));
}

TEST_F(Far, AReadErrorThereIsSaidAndNotTriedForEver)
{
    program("dd", "echo x >>$FAR/calls; echo \"dd: error reading 'disk': Input/output error\" >&2\n"
                  "echo 0+0 records in >&2; exit 1\n");
    auto const remote = opened(file("disk.raw", piece));
    ASSERT_TRUE(remote);
    std::vector<std::byte> out(piece);
    auto const done = remote->read(0, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::unreadable);
    EXPECT_THAT(describe(done.error()),
                HasSubstr("cannot be read there: dd: error reading 'disk': Input/output error"));
    EXPECT_EQ(m_folder.read("calls"), "x\nx\n");
}

TEST_F(Far, WhatIsNoDiskIsSaid)
{
    EXPECT_THAT(describe(failure({.host = "web1", .path = m_folder / "none"})), HasSubstr("is not there"));
    EXPECT_THAT(describe(failure({.host = "web1", .path = m_folder.path()})), HasSubstr("is a folder"));
    EXPECT_THAT(describe(failure({.host = "web1", .path = "/dev/null"})), HasSubstr("neither a regular file nor"));
    if (::geteuid() == 0)
        return;  // who may read everything
    auto const closed = file("closed.raw", 10);
    std::filesystem::permissions(closed.path, std::filesystem::perms::none);
    auto const error = failure(closed);
    EXPECT_EQ(error.code, ErrorCode::unreadable);
    EXPECT_THAT(describe(error), HasSubstr("--remote-sudo"));
}

TEST_F(Far, NoPathIsTakenForACommand)
{
    for (const char *name : {"a b.raw", "it's.raw", "$(touch x).raw", "`touch x`.raw", "a;touch x.raw", "*.raw",
                             "a\\nb\\.raw", "-n.raw", "\"q\".raw", "!1.raw", "%s.raw", "\xc3\xa9.raw", " .raw "}) {
        auto const remote = opened(file(name, 1000));
        ASSERT_TRUE(remote) << name;
        expect_bytes(*remote, 0, 1000);
        std::filesystem::remove(m_folder / name);
    }
    EXPECT_FALSE(std::filesystem::exists("x"));
}

TEST_F(Far, WhatAProfilePrintsIsPassedOver)
{
    m_folder.write("motd", "Welcome!\nimgport\nYou have mail.\n");
    auto const remote = opened(file("disk.raw", piece));
    ASSERT_TRUE(remote);
    expect_bytes(*remote, 0, piece);
    m_folder.write("motd", std::string(200000, 'x'));
    EXPECT_EQ(failure({.host = "web1", .path = m_folder / "disk.raw"}).code, ErrorCode::remote);
}

TEST_F(Far, AnAccountWithoutAShellIsNotWaitedFor)
{
    program("ssh", "echo This account is not available.; exit 1\n");
    auto const error = failure({.host = "web1", .path = "/dev/sda"});
    EXPECT_EQ(error.code, ErrorCode::remote);
}

TEST_F(Far, SshSaysWhyAndWeSayWhatToDo)
{
    m_folder.write("gone", "@@@@\nHost key verification failed.\r\n");
    auto const error = failure({.host = "web1", .path = "/dev/sda"});
    EXPECT_EQ(error.code, ErrorCode::remote);
    EXPECT_THAT(describe(error), HasSubstr("web1 failed: Host key verification failed."));
    EXPECT_THAT(error.hint, HasSubstr("connect once by hand"));
    m_folder.write("gone", "root@web1: Permission denied (publickey).\n");
    EXPECT_THAT(failure({.host = "web1", .path = "/dev/sda"}).hint, HasSubstr("have a key"));
}

TEST_F(Far, SshIsGivenNothingToMisunderstand)
{
    auto address = file("disk.raw", 10);
    address.user = "backup";
    address.port = 2222;
    ASSERT_TRUE(opened(address));
    auto const arguments = m_folder.read("arguments");
    for (const char *wanted : {"\nBatchMode=yes\n", "-T\n", "\n-l\nbackup\n", "\n-p\n2222\n", "\nControlMaster=no\n",
                               "\nClearAllForwardings=yes\n"})
        EXPECT_THAT(arguments, HasSubstr(wanted));
    EXPECT_TRUE(arguments.ends_with("\nweb1\n"));
    EXPECT_THAT(arguments, ::testing::Not(HasSubstr("StrictHostKeyChecking")));
}

TEST_F(Far, SudoReadsWhereItMay)
{
    program("sudo", "[ \"$1\" = -n ] || exit 9; shift; echo as root >>$FAR/sudo; exec \"$@\"\n");
    auto const remote = opened(file("disk.raw", piece), RemoteUser::root);
    ASSERT_TRUE(remote);
    expect_bytes(*remote, 0, piece);
    EXPECT_EQ(m_folder.read("sudo"), "as root\n");
    program("sudo", "echo 'sudo: a password is required' >&2; exit 1\n");
    auto const error = failure({.host = "web1", .path = m_folder / "disk.raw"}, RemoteUser::root);
    EXPECT_EQ(error.code, ErrorCode::remote);
    EXPECT_THAT(describe(error), HasSubstr("a password is required"));
    EXPECT_THAT(error.hint, HasSubstr("--remote-sudo"));
}

// Whatever shell somebody logs in with, and with the smallest tools.
TEST_F(Far, AnyLoginShellWillDo)
{
    int tried = 0;
    for (const char *shell : {"dash", "bash", "zsh", "fish", "tcsh", "mksh"}) {
        if (find_program(shell).empty())
            continue;
        ++tried;
        ::setenv("FAR_SHELL", shell, 1);
        auto const remote = opened(file("it's $HOME.raw", 3 * piece + 1));
        ASSERT_TRUE(remote) << shell;
        for (std::size_t at = 0; at < m_bytes.size(); at += piece)
            expect_bytes(*remote, at, std::min(piece, m_bytes.size() - at));
    }
    EXPECT_GT(tried, 0);
}

TEST_F(Far, WhoAsksAgainGetsTheSameConnection)
{
    auto const address = file("disk.raw", piece);
    auto const one = RemoteFile::shared(address, login);
    auto const two = RemoteFile::shared(address, login);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(*one, *two);
    program("sudo", "shift; exec \"$@\"\n");
    auto const root = RemoteFile::shared(address, RemoteUser::root);
    ASSERT_TRUE(root);
    EXPECT_NE(*one, *root);
}
