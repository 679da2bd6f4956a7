// Initramfs archives, and what compresses them, for tests.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/subprocess.hpp"

namespace imgport::testing {

inline std::string member(const std::string &name, const std::string &content, unsigned mode = 0100644,
                          const std::string &magic = "070701")
{
    std::string out =
        magic + fmt::format("{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", 1, mode,
                            0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    out += name + '\0';
    out.resize((out.size() + 3) / 4 * 4);
    out += content;
    out.resize((out.size() + 3) / 4 * 4);
    return out;
}

inline std::string archive(const std::string &members)
{
    std::string out = members + member("TRAILER!!!", "", 0);
    out.resize((out.size() + 511) / 512 * 512);
    return out;
}

inline std::string module_path(const std::string &name)
{
    return "lib/modules/6.1.0/kernel/drivers/" + name;
}

// Through a real compressor; empty where it is not installed.
inline std::string compressed(const std::string &program, const std::vector<std::string> &arguments,
                              const std::string &bytes)
{
    if (find_program(program).empty())
        return {};
    auto const folder = TempDir::create("/tmp");
    std::string const plain = folder->path() + "/plain";
    std::ofstream(plain, std::ios::binary) << bytes;
    std::string command = program;
    for (auto const &argument : arguments)
        command += " " + argument;
    Command run_it;
    run_it.arguments = {"sh", "-c", command + " < " + plain + " > " + folder->path() + "/out"};
    auto const result = run(run_it);
    EXPECT_TRUE(result && result->status == 0) << (result ? result->err : result.error().message);
    std::ostringstream out;
    out << std::ifstream(folder->path() + "/out", std::ios::binary).rdbuf();
    return out.str();
}

}  // namespace imgport::testing
