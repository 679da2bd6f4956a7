// Running the programs that serve as makers and oracles of test images.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

// Skips the test where one of the programs is missing.
#define IMGPORT_NEEDS(...)                                                                                             \
    do {                                                                                                               \
        for (std::string const program : {__VA_ARGS__}) {                                                              \
            if (::imgport::testing::tool(program).empty())                                                             \
                GTEST_SKIP() << program << " is not installed";                                                        \
        }                                                                                                              \
    } while (false)

namespace imgport::testing {

// Its path, also where /sbin is not in PATH; empty where it is missing.
inline std::string tool(const std::string &name)
{
    for (std::string const folder : {"/usr/sbin/", "/sbin/"}) {
        if (::access((folder + name).c_str(), X_OK) == 0)
            return folder + name;
    }
    return find_program(name);
}

// What it printed; a failure of the test where it ended with another status than 0.
inline std::string run_tool(std::vector<std::string> arguments)
{
    Command command;
    command.arguments = std::move(arguments);
    command.arguments[0] = tool(command.arguments[0]);
    auto const result = run(command);
    if (!result || result->status != 0) {
        ADD_FAILURE() << join(command.arguments, " ") << ": " << (result ? result->err : result.error().message);
        return "";
    }
    return result->out;
}

inline std::string run_shell(const std::string &script)
{
    return run_tool({"sh", "-c", "export LC_ALL=C.UTF-8; PATH=$PATH:/usr/sbin:/sbin; " + script});
}

// "KEY=value" lines as a map.
inline std::map<std::string, std::string> key_values(const std::string &text, char separator = '=')
{
    std::map<std::string, std::string> out;
    for (auto const line : lines_of(text)) {
        auto const at = line.find(separator);
        if (at != std::string_view::npos)
            out[std::string(trim(line.substr(0, at)))] = std::string(trim(line.substr(at + 1)));
    }
    return out;
}

// A folder for one test, with an empty image file of a given size on request.
class Workshop {
public:
    Workshop() : m_dir(*TempDir::create(temporary_directory(""))) {}
    const std::string &path() const { return m_dir.path(); }
    std::string image(const std::string &name, std::uint64_t size) const
    {
        std::string const file = path() + "/" + name;
        Fd const fd(::open(file.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600));
        EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
        return file;
    }

private:
    TempDir m_dir;
};

inline void patch_file(const std::string &file, std::uint64_t offset, std::string_view bytes)
{
    Fd const fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
}

}  // namespace imgport::testing
