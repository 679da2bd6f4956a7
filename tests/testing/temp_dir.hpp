// A folder for one test.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/file.hpp"

namespace imgport::testing {

class Folder {
public:
    Folder() : m_dir(TempDir::create(std::filesystem::temp_directory_path().string()).value()) {}
    std::string operator/(const std::string &name) const { return m_dir.path() + "/" + name; }
    const std::string &path() const { return m_dir.path(); }
    std::string write(const std::string &name, const std::string &text) const
    {
        std::ofstream(*this / name, std::ios::binary) << text;
        return *this / name;
    }
    std::string read(const std::string &name) const
    {
        std::ifstream file(*this / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t count() const
    {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(m_dir.path()), {}));
    }

private:
    TempDir m_dir;
};

}  // namespace imgport::testing
